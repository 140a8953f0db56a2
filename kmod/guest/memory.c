// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write(): the shared memory as a file of fixed size. Copies are made without faults
 * inside the device, and pages of the caller's that are missing are faulted in outside of it, so
 * that a removal never waits for user space, and a buffer that is itself a mapping of the device
 * needs no special case.
 */
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "device.h"
#include "file.h"
#include "memory.h"

/* Bytes copied at a stretch, without faults and without a look at signals. */
#define MEMORY_CHUNK	SZ_64K

/* How often pages may go away between being faulted in and being copied. */
#define MEMORY_TRIES	8

static struct ivshmem_device *memory_device(const struct kiocb *iocb)
{
	struct ivshmem_file *ifile = iocb->ki_filp->private_data;

	return ifile->idev;
}

static size_t memory_copy(void *mem, size_t len, struct iov_iter *iter)
{
	size_t copied;

	pagefault_disable();
	if (iov_iter_rw(iter) == WRITE)
		copied = copy_from_iter(mem, len, iter);
	else
		copied = copy_to_iter(mem, len, iter);
	pagefault_enable();
	return copied;
}

/* How much is copied at a stretch from here on. */
static size_t memory_chunk(struct ivshmem_device *idev, loff_t pos, const struct iov_iter *iter)
{
	u64 size = ivshmem_device_size(idev);

	if (pos >= size)
		return 0;
	return min3((u64)iov_iter_count(iter), size - pos, (u64)MEMORY_CHUNK);
}

/* Whether some of the caller's next @len bytes are there to be copied. */
static bool memory_fault_in(struct iov_iter *iter, size_t len)
{
	if (iov_iter_rw(iter) == WRITE)
		return fault_in_iov_iter_readable(iter, len) != len;
	return fault_in_iov_iter_writeable(iter, len) != len;
}

/* Up to @len bytes; 0 if the first of the caller's pages is not there. */
static ssize_t memory_transfer_chunk(struct ivshmem_device *idev, loff_t pos, size_t len,
				     struct iov_iter *iter)
{
	ssize_t copied;
	int err;

	if (fatal_signal_pending(current))
		return -EINTR;
	err = ivshmem_device_enter(idev);
	if (err)
		return err;
	copied = memory_copy(idev->mem + pos, len, iter);
	ivshmem_device_exit(idev);
	return copied;
}

/*
 * From iocb->ki_pos to the end of the caller's buffers or of the memory, whichever is first. The
 * caller's pages are looked for only when a copy misses one: looking costs as much as copying.
 */
static ssize_t memory_transfer(struct kiocb *iocb, struct iov_iter *iter)
{
	struct ivshmem_device *idev = memory_device(iocb);
	unsigned int tries = 0;
	ssize_t done = 0;
	size_t len;

	while ((len = memory_chunk(idev, iocb->ki_pos, iter))) {
		ssize_t copied = memory_transfer_chunk(idev, iocb->ki_pos, len, iter);

		if (copied < 0)
			return done ? done : copied;
		if (copied)
			tries = 0;
		else if (tries++ == MEMORY_TRIES || !memory_fault_in(iter, len))
			return done ? done : -EFAULT;
		iocb->ki_pos += copied;
		done += copied;
		cond_resched();
	}
	return done;
}

/**
 * ivshmem_memory_read_iter() - read from the shared memory
 * @iocb: the open file and where to begin
 * @to: where to
 *
 * Return: bytes read, 0 at the end of the memory; -ENODEV the device is gone, -EFAULT a bad
 * pointer.
 */
ssize_t ivshmem_memory_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return memory_transfer(iocb, to);
}

/**
 * ivshmem_memory_write_iter() - write to the shared memory
 * @iocb: the open file and where to begin
 * @from: where from
 *
 * Whoever appends begins at the end, where a device of fixed size is full.
 *
 * Return: bytes written; -ENOSPC at the end of the memory or past it, -ENODEV the device is gone,
 * -EFAULT a bad pointer.
 */
ssize_t ivshmem_memory_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	u64 size = ivshmem_device_size(memory_device(iocb));

	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = size;
	if (iov_iter_count(from) && iocb->ki_pos >= size)
		return -ENOSPC;
	return memory_transfer(iocb, from);
}
