// SPDX-License-Identifier: GPL-2.0-only
/*
 * A membership: a file that is a peer, unless it only observes, and a reader of events. It holds
 * region and module; its last close, whatever brought that about, is leaving.
 */
#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "host.h"
#include "trace.h"

static_assert(sizeof(struct ivshmem_join) == 48);
static_assert(sizeof(struct ivshmem_vector) == 16);
static_assert(sizeof(struct ivshmem_doorbell) == 24);
static_assert(sizeof(struct ivshmem_event) == 32);
static_assert(sizeof(struct ivshmem_peer_info) == 64);

/* Events copied at once: as many as the stack bears. */
#define MEMBER_EVENTS_AT_ONCE	8

/**
 * struct member - a membership, behind its file
 * @region: a reference
 * @account: of the user who joined
 * @bytes: charged to it; members->lock
 * @serial: unique in the region
 * @peer: NULL for an observer
 * @may_ring: the region was open for writing
 * @reader: of events
 */
struct member {
	struct region *region;
	struct account *account;
	u64 bytes;
	u64 serial;
	struct peer *peer;
	bool may_ring;
	struct reader reader;
};

static struct members *member_members(const struct member *member)
{
	return &member->region->members;
}

static u32 member_id(const struct member *member)
{
	return member->peer ? member->peer->id : IVSHMEM_PEER_ANY;
}

/* A reader pays for all those that departed which it may have to remember. */
static u64 member_bytes(const struct member *member)
{
	return sizeof(*member) + MEMBER_FILE_BYTES + READER_NEWS_MAX * sizeof(struct peer) +
	       (member->peer ? peer_bytes(member->peer) : 0);
}

static int join_check(const struct limits *limits, const struct ivshmem_join *join)
{
	if (join->flags & ~IVSHMEM_JOIN_OBSERVE || join->pad || join->serial ||
	    (join->fds && !join->vectors) ||
	    memchr_inv(join->reserved, 0, sizeof(join->reserved)))
		return -EINVAL;
	if (join->flags & IVSHMEM_JOIN_OBSERVE)
		return join->vectors || join->peer != IVSHMEM_PEER_ANY ? -EINVAL : 0;
	if (join->peer != IVSHMEM_PEER_ANY && join->peer >= limits->peers)
		return -EINVAL;
	return join->vectors > limits->vectors ? -EINVAL : 0;
}

/* One who has neither joined nor been charged for. */
static struct member *member_create(struct region *region, fmode_t mode,
				    const struct ivshmem_join *join)
{
	struct member *member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	struct peer *peer = NULL;

	if (!member)
		return ERR_PTR(-ENOMEM);
	if (!(join->flags & IVSHMEM_JOIN_OBSERVE))
		peer = peer_create(join->vectors, u64_to_user_ptr(join->fds));
	if (IS_ERR(peer)) {
		kfree(member);
		return ERR_CAST(peer);
	}
	get_device(&region->dev);
	member->region = region;
	member->may_ring = mode & FMODE_WRITE;
	member->peer = peer;
	reader_init(&member->reader, peer);
	return member;
}

static void member_free(struct member *member)
{
	put_device(&member->region->dev);
	kfree(member);
}

static int member_charge(struct member *member)
{
	struct members *members = member_members(member);
	u64 bytes = member_bytes(member);
	int err;

	member->account = account_get(members, current_euid());
	if (!member->account)
		return -ENOMEM;
	err = account_charge(members, member->account, bytes);
	if (err)
		account_put(member->account);
	else
		member->bytes = bytes;
	return err;
}

static void member_uncharge(struct member *member)
{
	account_uncharge(member->account, member->bytes);
	account_put(member->account);
}

static int member_enter_locked(struct member *member, u32 wanted)
{
	struct members *members = member_members(member);
	int err = member_charge(member);

	if (err)
		return err;
	if (member->peer)
		err = peer_reserve(members, member->peer, wanted);
	if (err) {
		member_uncharge(member);
		return err;
	}
	member->serial = ++members->last_serial;
	if (member->peer)
		member->peer->serial = member->serial;
	return 0;
}

/* Takes what a membership needs, id and all; nobody sees it yet. */
static int member_enter(struct member *member, u32 wanted)
{
	struct members *members = member_members(member);
	int err;

	mutex_lock(&members->lock);
	err = member_enter_locked(member, wanted);
	mutex_unlock(&members->lock);
	if (err && member->peer)
		peer_destroy(member->peer);
	if (err)
		member_free(member);
	return err;
}

static void member_publish(struct member *member)
{
	struct members *members = member_members(member);

	mutex_lock(&members->lock);
	if (member->peer)
		peer_publish(members, member->peer);
	reader_add(members, &member->reader);
	trace_ivshmem_join(member->region, member_id(member), member->serial);
	mutex_unlock(&members->lock);
}

/* Undoes member_enter(), and member_publish() if that was done. */
static void member_leave(struct member *member)
{
	struct members *members = member_members(member);

	mutex_lock(&members->lock);
	if (!list_empty(&member->reader.node))
		trace_ivshmem_leave(member->region, member_id(member), member->serial);
	reader_del(members, &member->reader);
	if (member->peer)
		peer_leave(members, member->peer);
	member_uncharge(member);
	mutex_unlock(&members->lock);
	member_free(member);
}

static int member_release(struct inode *inode, struct file *file)
{
	member_leave(file->private_data);
	return 0;
}

/* News that can't be handed over are made up for by a list of all. */
static int member_copy_events(struct member *member, struct ivshmem_event __user *to,
			      const struct ivshmem_event *events, unsigned int nr)
{
	struct members *members = member_members(member);

	if (!copy_to_user(to, events, nr * sizeof(*events)))
		return 0;
	mutex_lock(&members->lock);
	reader_resync(members, &member->reader);
	mutex_unlock(&members->lock);
	return -EFAULT;
}

/* As many as there are and fit; -EAGAIN for none. */
static ssize_t member_read_now(struct member *member, struct ivshmem_event __user *to, size_t max)
{
	struct ivshmem_event events[MEMBER_EVENTS_AT_ONCE];
	size_t done = 0;
	unsigned int nr;
	int err = 0;

	do {
		nr = reader_take(member_members(member), &member->reader, events,
				 min_t(size_t, max - done, ARRAY_SIZE(events)));
		err = member_copy_events(member, to + done, events, nr);
		if (!err)
			done += nr;
	} while (!err && nr == ARRAY_SIZE(events) && done < max && !signal_pending(current));
	if (done)
		return done * sizeof(*to);
	return err ? err : -EAGAIN;
}

static ssize_t member_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct ivshmem_event __user *to = (struct ivshmem_event __user *)buf;
	struct member *member = file->private_data;
	ssize_t ret;

	if (size < sizeof(*to))
		return -EINVAL;
	for (;;) {
		ret = member_read_now(member, to, size / sizeof(*to));
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		ret = wait_event_interruptible(member->reader.wait, reader_ready(&member->reader));
		if (ret)
			return ret;
	}
}

static __poll_t member_poll(struct file *file, poll_table *table)
{
	struct member *member = file->private_data;

	poll_wait(file, &member->reader.wait, table);
	return reader_ready(&member->reader) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* The eventfd that was there comes back in @file. */
static int member_set_vector(struct member *member, u32 vector, struct file **file)
{
	struct members *members = member_members(member);
	struct peer *peer = member->peer;
	u64 before = peer->attached;
	int err = 0;

	if (*file && !peer->doorbells[vector])
		err = account_charge(members, member->account, MEMBER_FILE_BYTES);
	if (err)
		return err;
	*file = doorbell_replace(members, peer, vector, *file);
	if (peer->attached < before)
		account_uncharge(member->account, MEMBER_FILE_BYTES);
	member->bytes = member_bytes(member);
	return 0;
}

static int member_ioctl_set_vector(struct member *member,
				   const struct ivshmem_vector __user *arg)
{
	struct members *members = member_members(member);
	struct ivshmem_vector req;
	struct file *file;
	int err;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (req.reserved || !member->peer || req.vector >= member->peer->vectors)
		return -EINVAL;
	req.vector = array_index_nospec(req.vector, member->peer->vectors);
	file = doorbell_open(req.fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mutex_lock(&members->lock);
	err = member_set_vector(member, req.vector, &file);
	mutex_unlock(&members->lock);
	if (file)
		fput(file);
	return err;
}

static bool member_is(const struct member *member, u32 id)
{
	return member->peer && member->peer->id == id;
}

/* The eventfd that a request names, for fput(). @own_too: without the permission, one's own. */
static struct file *member_doorbell(struct member *member,
				    const struct ivshmem_doorbell __user *arg, bool own_too)
{
	struct ivshmem_doorbell req;
	struct file *file;

	if (copy_from_user(&req, arg, sizeof(req)))
		return ERR_PTR(-EFAULT);
	if (!member->may_ring && !(own_too && member_is(member, req.peer)))
		return ERR_PTR(-EPERM);
	if (req.reserved)
		return ERR_PTR(-EINVAL);
	file = doorbell_get(member_members(member), &req);
	trace_ivshmem_doorbell(member->region, &req, PTR_ERR_OR_ZERO(file));
	return file;
}

static int member_ioctl_get_doorbell(struct member *member,
				     const struct ivshmem_doorbell __user *arg)
{
	struct file *file = member_doorbell(member, arg, false);
	int fd;

	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = file_receive(file, O_CLOEXEC);
	fput(file);
	return fd;
}

static int member_ioctl_ring(struct member *member, const struct ivshmem_doorbell __user *arg)
{
	struct file *file = member_doorbell(member, arg, true);

	if (IS_ERR(file))
		return PTR_ERR(file);
	doorbell_ring(file);
	fput(file);
	return 0;
}

static long member_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct member *member = file->private_data;

	switch (cmd) {
	case IVSHMEM_SET_VECTOR:
		return member_ioctl_set_vector(member, (void __user *)arg);
	case IVSHMEM_GET_DOORBELL:
		return member_ioctl_get_doorbell(member, (void __user *)arg);
	case IVSHMEM_PEER_RING:
		return member_ioctl_ring(member, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations member_fops = {
	.owner = THIS_MODULE,
	.release = member_release,
	.read = member_read,
	.poll = member_poll,
	.llseek = noop_llseek,
	.unlocked_ioctl = member_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* From the moment there is a file, the membership is the file's. */
static int member_install(struct member *member, struct ivshmem_join *join,
			  struct ivshmem_join __user *arg)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0) {
		member_leave(member);
		return fd;
	}
	file = anon_inode_getfile("[ivshmem]", &member_fops, member, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		member_leave(member);
		return PTR_ERR(file);
	}
	join->peer = member_id(member);
	join->serial = member->serial;
	if (copy_to_user(arg, join, sizeof(*join))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	member_publish(member);
	fd_install(fd, file);
	return fd;
}

/**
 * member_join() - IVSHMEM_JOIN
 * @region: kept by an open file
 * @mode: of that file
 * @arg: what is asked for, and gets the answer
 *
 * Return: a descriptor, or an error as in the uapi.
 */
int member_join(struct region *region, fmode_t mode, struct ivshmem_join __user *arg)
{
	struct ivshmem_join join;
	struct member *member;
	int err;

	if (copy_from_user(&join, arg, sizeof(join)))
		return -EFAULT;
	err = join_check(&region->members.limits, &join);
	if (err)
		return err;
	member = member_create(region, mode, &join);
	if (IS_ERR(member))
		return PTR_ERR(member);
	err = member_enter(member, join.peer);
	return err ? err : member_install(member, &join, arg);
}
