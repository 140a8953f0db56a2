/* SPDX-License-Identifier: GPL-2.0-only */
/* What an open file of a device keeps of its own. */
#ifndef IVSHMEM_FILE_H
#define IVSHMEM_FILE_H

#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ivshmem_device;
struct ivshmem_eventfd_link;

/**
 * struct ivshmem_file_vector - a vector, as an open file sees it
 * @told: interrupts that the file was told of, or that came before it was opened
 * @eventfd: what they raise; NULL: nothing
 */
struct ivshmem_file_vector {
	u64 told;
	struct ivshmem_eventfd_link *eventfd;
};

/**
 * struct ivshmem_file - an open file
 * @idev: its device
 * @node: in the device's list of files
 * @told_lock: guards @told, that of each vector too
 * @told: sum of that of all vectors
 * @changes: of the peers' page that the file was told of
 * @vectors: one for each interrupt of the device; the eventfds are guarded by its files_lock
 */
struct ivshmem_file {
	struct ivshmem_device *idev;
	struct list_head node;
	spinlock_t told_lock;
	u64 told;
	u32 changes;
	struct ivshmem_file_vector vectors[];
};

struct ivshmem_file *ivshmem_file_create(struct ivshmem_device *idev);
void ivshmem_file_destroy(struct ivshmem_file *ifile);

#endif /* IVSHMEM_FILE_H */
