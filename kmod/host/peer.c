// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: their ids, and their coming and going. An id goes back when nobody has to hear any more
 * that its peer left.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "members.h"

static int peer_open_doorbells(struct peer *peer, const s32 __user *fds)
{
	struct file *file;
	u32 i;
	s32 fd;

	for (i = 0; i < peer->vectors; i++) {
		if (get_user(fd, fds + i))
			return -EFAULT;
		file = doorbell_open(fd);
		if (IS_ERR(file))
			return PTR_ERR(file);
		peer->doorbells[i] = file;
		peer->attached += !!file;
	}
	return 0;
}

static void peer_free(struct peer *peer)
{
	doorbells_free(peer->doorbells, peer->vectors);
	put_pid(peer->pid);
	kfree_rcu(peer, rcu);
}

/**
 * peer_create() - somebody who may join
 * @vectors: how many
 * @fds: the eventfds of each, or -1; NULL: none yet
 *
 * Return: a peer of the calling process, for peer_destroy() or peer_reserve(); -EBADF, -EINVAL,
 * -EFAULT, -ENOMEM.
 */
struct peer *peer_create(u32 vectors, const s32 __user *fds)
{
	struct peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);
	int err = -ENOMEM;

	if (!peer)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&peer->lock);
	peer->refs = 1;
	peer->uid = current_euid();
	peer->pid = get_pid(task_tgid(current));
	peer->vectors = vectors;
	if (vectors) {
		peer->doorbells = kvcalloc(vectors, sizeof(*peer->doorbells), GFP_KERNEL_ACCOUNT);
		if (!peer->doorbells)
			goto free;
	}
	err = fds ? peer_open_doorbells(peer, fds) : 0;
	if (!err)
		return peer;
free:
	peer_free(peer);
	return ERR_PTR(err);
}

/* One that has no id. */
void peer_destroy(struct peer *peer)
{
	peer_free(peer);
}

/* Bytes of kernel memory that it holds. */
u64 peer_bytes(const struct peer *peer)
{
	return sizeof(*peer) + peer->vectors * sizeof(*peer->doorbells) +
	       peer->attached * MEMBER_FILE_BYTES;
}

static int peer_insert(struct members *members, struct peer *peer, u32 wanted)
{
	int err;

	if (wanted == IVSHMEM_PEER_ANY) {
		err = xa_alloc_cyclic(&members->peers, &peer->id, peer,
				      XA_LIMIT(0, members->limits.peers - 1), &members->next_peer,
				      GFP_KERNEL);
		return err < 0 ? err : 0;
	}
	err = xa_insert(&members->peers, wanted, peer, GFP_KERNEL);
	if (err)
		return err;
	peer->id = wanted;
	members->next_peer = wanted + 1;
	return 0;
}

/**
 * peer_reserve() - get an id; nobody sees it yet
 * @members: locked
 * @peer: its reference is the caller's, now for peer_leave()
 * @wanted: an id below the limit, or IVSHMEM_PEER_ANY
 *
 * Those who left keep nobody out, even if some reader has yet to hear that they left.
 *
 * Return: 0; -EBUSY who has the wanted id is living, or about to be; -ENOSPC none is free; -ENOMEM.
 */
int peer_reserve(struct members *members, struct peer *peer, u32 wanted)
{
	int err;

	lockdep_assert_held(&members->lock);
	err = peer_insert(members, peer, wanted);
	if (err == -EBUSY) {
		readers_forget_departed(members, wanted);
		err = peer_insert(members, peer, wanted);
	}
	return err == -EBUSY && wanted == IVSHMEM_PEER_ANY ? -ENOSPC : err;
}

/**
 * peer_publish() - it is a peer: others find it and hear of it
 * @members: locked
 * @peer: complete
 */
void peer_publish(struct members *members, struct peer *peer)
{
	lockdep_assert_held(&members->lock);
	spin_lock(&peer->lock);
	peer->living = true;
	spin_unlock(&peer->lock);
	xa_set_mark(&members->peers, peer->id, PEER_LIVING);
	members->living++;
	members->attached += peer->attached;
	readers_tell(members, &(struct news){
		.peer = peer, .type = IVSHMEM_EVENT_JOINED, .count = peer->vectors,
	});
}

/* From here on nobody rings it; what is behind its vectors is let go. */
static void peer_silence(struct peer *peer)
{
	struct file **doorbells;

	spin_lock(&peer->lock);
	doorbells = peer->doorbells;
	peer->doorbells = NULL;
	peer->living = false;
	spin_unlock(&peer->lock);
	doorbells_free(doorbells, peer->vectors);
}

/**
 * peer_leave() - undo peer_publish(), if it was done, and peer_reserve()
 * @members: locked
 * @peer: gives up the reference of the membership
 */
void peer_leave(struct members *members, struct peer *peer)
{
	bool living = peer->living;

	lockdep_assert_held(&members->lock);
	peer_silence(peer);
	if (living) {
		xa_clear_mark(&members->peers, peer->id, PEER_LIVING);
		members->living--;
		members->attached -= peer->attached;
		readers_tell(members, &(struct news){ .peer = peer, .type = IVSHMEM_EVENT_LEFT });
	}
	peer_put(members, peer);
}

/* The last reference frees the id. */
void peer_put(struct members *members, struct peer *peer)
{
	lockdep_assert_held(&members->lock);
	if (--peer->refs)
		return;
	xa_erase(&members->peers, peer->id);
	peer_free(peer);
}

/* The living one with the smallest id from @id on, or NULL; with the lock held. */
struct peer *peer_from(struct members *members, u32 id)
{
	unsigned long index = id;

	lockdep_assert_held(&members->lock);
	return xa_find(&members->peers, &index, ULONG_MAX, PEER_LIVING);
}

/* A number of a process that is gone may be another's by now. */
static u32 peer_pid(const struct peer *peer)
{
	u32 pid;

	rcu_read_lock();
	pid = pid_task(peer->pid, PIDTYPE_TGID) ? pid_vnr(peer->pid) : 0;
	rcu_read_unlock();
	return pid;
}

/**
 * peer_next() - describe the living peer with the smallest id from that in @info on
 * @members: takes their lock
 * @info: its peer in, all of it out
 *
 * Return: 0, or -ENOENT when there is none.
 */
int peer_next(struct members *members, struct ivshmem_peer_info *info)
{
	const struct peer *peer;

	mutex_lock(&members->lock);
	peer = peer_from(members, info->peer);
	if (peer)
		*info = (struct ivshmem_peer_info){
			.peer = peer->id,
			.serial = peer->serial,
			.vectors = peer->vectors,
			.attached = peer->attached,
			.uid = from_kuid_munged(current_user_ns(), peer->uid),
			.pid = peer_pid(peer),
		};
	mutex_unlock(&members->lock);
	return peer ? 0 : -ENOENT;
}
