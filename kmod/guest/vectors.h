/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupts of a device, and how often each has come. */
#ifndef IVSHMEM_VECTORS_H
#define IVSHMEM_VECTORS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/types.h>
#include <linux/wait.h>

struct ivshmem_device;
struct pci_dev;

/**
 * struct ivshmem_vector - a vector that the driver has an interrupt for
 * @idev: its device
 * @fired: interrupts since the driver was bound
 * @waiters: who waits for this vector alone, and the eventfds that it raises
 * @events: what poll() may tell when it fires
 * @eventfds: how many of @waiters are eventfds, at most IVSHMEM_EVENTFDS_MAX; guarded by the
 *	device's files_lock
 */
struct ivshmem_vector {
	struct ivshmem_device *idev;
	atomic64_t fired;
	wait_queue_head_t waiters;
	__poll_t events;
	u32 eventfds;
} ____cacheline_aligned_in_smp;

int ivshmem_vectors_init(struct ivshmem_device *idev, struct pci_dev *pdev);
void ivshmem_vectors_fini(struct ivshmem_device *idev);
void ivshmem_vectors_wake(struct ivshmem_device *idev);

#endif /* IVSHMEM_VECTORS_H */
