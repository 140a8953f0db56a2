// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells: the eventfds behind the vectors of peers. Whoever rings looks one up under RCU and the
 * lock of that peer alone: no matter how many others join and leave meanwhile.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/nospec.h>

#include "compat.h"
#include "members.h"

/**
 * doorbell_open() - the eventfd behind a descriptor
 * @fd: of the caller, or -1 for none
 *
 * Return: a file for fput(), NULL for none, -EBADF it is not open, -EINVAL it is no eventfd.
 */
struct file *doorbell_open(s32 fd)
{
	return fd == -1 ? NULL : eventfd_fget(fd);
}

/* Entries may be NULL; so may the array. */
void doorbells_free(struct file **doorbells, u32 nr)
{
	u32 i;

	for (i = 0; doorbells && i < nr; i++)
		if (doorbells[i])
			fput(doorbells[i]);
	kvfree(doorbells);
}

/**
 * doorbell_replace() - a vector gets another eventfd
 * @members: locked
 * @peer: living
 * @vector: of it
 * @file: its reference goes to the vector; NULL: none
 *
 * Return: the one that it had, for fput(), or NULL.
 */
struct file *doorbell_replace(struct members *members, struct peer *peer, u32 vector,
			      struct file *file)
{
	struct file *old;
	int more;

	lockdep_assert_held(&members->lock);
	spin_lock(&peer->lock);
	old = peer->doorbells[vector];
	peer->doorbells[vector] = file;
	spin_unlock(&peer->lock);
	more = !!file - !!old;
	peer->attached += more;
	members->attached += more;
	if (file || old)
		readers_tell(members, &(struct news){
			.peer = peer, .type = IVSHMEM_EVENT_VECTORS, .first = vector, .count = 1,
		});
	return old;
}

/* Programs say which vector: the CPU must not guess one beyond the end either. */
static struct file *peer_doorbell_at(const struct peer *peer, u32 vector)
{
	if (vector >= peer->vectors)
		return NULL;
	return peer->doorbells[array_index_nospec(vector, peer->vectors)];
}

static struct file *peer_doorbell(struct peer *peer, const struct ivshmem_doorbell *which)
{
	struct file *file = ERR_PTR(-ESRCH);

	spin_lock(&peer->lock);
	if (peer->living && (!which->serial || which->serial == peer->serial)) {
		file = peer_doorbell_at(peer, which->vector);
		file = file ? get_file(file) : ERR_PTR(-ENXIO);
	}
	spin_unlock(&peer->lock);
	return file;
}

/**
 * doorbell_get() - find the eventfd of a peer's vector
 * @members: to look among
 * @which: peer and vector
 *
 * Return: a file for fput(), -ESRCH or -ENXIO.
 */
struct file *doorbell_get(struct members *members, const struct ivshmem_doorbell *which)
{
	struct file *file;
	struct peer *peer;

	rcu_read_lock();
	peer = xa_load(&members->peers, which->peer);
	file = peer ? peer_doorbell(peer, which) : ERR_PTR(-ESRCH);
	rcu_read_unlock();
	return file;
}

void doorbell_ring(struct file *file)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fileget(file);

	/* Only eventfds come through doorbell_open(). */
	if (WARN_ON_ONCE(IS_ERR(ctx)))
		return;
	eventfd_raise(ctx);
	eventfd_ctx_put(ctx);
}
