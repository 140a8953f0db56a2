// SPDX-License-Identifier: GPL-2.0-only
/*
 * The eventfds that interrupts raise, one a vector and open file. Each is an entry of its vector's
 * wait queue that does not go to sleep: the queue's lock keeps it from going while it is raised.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/ivshmem.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "compat.h"
#include "device.h"
#include "eventfd.h"
#include "file.h"
#include "vectors.h"

/**
 * struct ivshmem_eventfd_link - from a vector to an eventfd
 * @wait: in the vector's wait queue
 * @ctx: the eventfd; this holds a reference
 */
struct ivshmem_eventfd_link {
	wait_queue_entry_t wait;
	struct eventfd_ctx *ctx;
};

/* An interrupt wakes without a key: with one, somebody else is told what came before. */
static int link_raise(wait_queue_entry_t *wait, unsigned int mode, int flags, void *key)
{
	if (!key)
		eventfd_raise(container_of(wait, struct ivshmem_eventfd_link, wait)->ctx);
	return 0;
}

static struct ivshmem_eventfd_link *link_create(int fd)
{
	struct ivshmem_eventfd_link *link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	struct eventfd_ctx *ctx;

	if (!link)
		return ERR_PTR(-ENOMEM);
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx)) {
		kfree(link);
		return ERR_CAST(ctx);
	}
	link->ctx = ctx;
	init_waitqueue_func_entry(&link->wait, link_raise);
	return link;
}

/* @link, or NULL for none, which is in no queue. */
static void link_destroy(struct ivshmem_eventfd_link *link)
{
	if (!link)
		return;
	eventfd_ctx_put(link->ctx);
	kfree(link);
}

/* In place of what @vector had; @link may be NULL. */
static void link_replace(struct ivshmem_file *ifile, u32 vector, struct ivshmem_eventfd_link *link)
{
	struct ivshmem_vector *from = &ifile->idev->vector[vector];
	struct ivshmem_eventfd_link *old = ifile->vectors[vector].eventfd;

	lockdep_assert_held(&ifile->idev->files_lock);
	if (link)
		add_wait_queue(&from->waiters, &link->wait);
	if (old)
		remove_wait_queue(&from->waiters, &old->wait);
	from->eventfds += !!link - !!old;
	ifile->vectors[vector].eventfd = link;
	link_destroy(old);
}

/*
 * One interrupt raises all eventfds of its vector, so there is a limit. One in place of another is
 * none more.
 */
static int link_set(struct ivshmem_file *ifile, u32 vector, struct ivshmem_eventfd_link *link)
{
	struct ivshmem_device *idev = ifile->idev;
	int err = 0;

	mutex_lock(&idev->files_lock);
	if (link && !ifile->vectors[vector].eventfd &&
	    idev->vector[vector].eventfds >= IVSHMEM_EVENTFDS_MAX)
		err = -ENOSPC;
	else
		link_replace(ifile, vector, link);
	mutex_unlock(&idev->files_lock);
	return err;
}

/**
 * ivshmem_eventfd_set() - have an eventfd raised with each interrupt of a vector
 * @ifile: the open file that it ends with
 * @vector: of the device
 * @fd: the eventfd, in place of the one before; -1: none
 *
 * Return: 0; -EINVAL no such vector or no eventfd, -EBADF no open file, -ENOSPC the vector has
 * IVSHMEM_EVENTFDS_MAX, -ENOMEM, -ENODEV the device is gone.
 */
int ivshmem_eventfd_set(struct ivshmem_file *ifile, u32 vector, int fd)
{
	struct ivshmem_device *idev = ifile->idev;
	struct ivshmem_eventfd_link *link = NULL;
	int err;

	if (vector >= idev->interrupts)
		return -EINVAL;
	vector = array_index_nospec(vector, idev->interrupts);
	if (fd != -1)
		link = link_create(fd);
	if (IS_ERR(link))
		return PTR_ERR(link);
	err = ivshmem_device_enter(idev);
	if (!err) {
		err = link_set(ifile, vector, link);
		ivshmem_device_exit(idev);
	}
	if (err)
		link_destroy(link);
	return err;
}

/**
 * ivshmem_eventfd_drop_all() - drop the eventfds of an open file
 * @ifile: the file; its device's files_lock is held
 */
void ivshmem_eventfd_drop_all(struct ivshmem_file *ifile)
{
	for (u32 i = 0; i < ifile->idev->interrupts; i++)
		link_replace(ifile, i, NULL);
}

/**
 * ivshmem_eventfd_revoke() - drop the eventfds of all files
 * @idev: a device that is gone, so that no more are set
 */
void ivshmem_eventfd_revoke(struct ivshmem_device *idev)
{
	struct ivshmem_file *ifile;

	mutex_lock(&idev->files_lock);
	list_for_each_entry(ifile, &idev->files, node)
		ivshmem_eventfd_drop_all(ifile);
	mutex_unlock(&idev->files_lock);
}
