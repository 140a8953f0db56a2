/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ivshmem device: what the parts of the driver know of it, and how each of them asks whether it
 * is still there.
 */
#ifndef IVSHMEM_DEVICE_H
#define IVSHMEM_DEVICE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "extension.h"

struct ivshmem_vector;
struct pci_dev;

/* What mmap() can map. */
enum ivshmem_area_kind {
	IVSHMEM_AREA_MEMORY,
	IVSHMEM_AREA_REGS,
	IVSHMEM_AREA_PEERS,
	IVSHMEM_AREAS,
};

/**
 * struct ivshmem_area - a stretch of the device that mmap() can map
 * @phys: where it is, bytes
 * @offset: for mmap(), where it begins, bytes
 * @size: bytes; 0 if there is none
 */
struct ivshmem_area {
	phys_addr_t phys;
	u64 offset;
	u64 size;
};

/**
 * struct ivshmem_device - a PCI device and its /dev/ivshmemN
 * @dev: of class "ivshmem"; its count decides over the memory of this struct
 * @cdev: the character device; an open file holds it, and through it @dev
 * @pdev: the PCI device; only between ivshmem_device_enter() and _exit(), as are @regs and @mem
 * @regs: BAR0
 * @regs_rest: what BAR0 leaves of its page, kept free of others' registers
 * @mem: BAR2, mapped write-back where the firmware's MTRRs let it be
 * @areas: what can be mapped; the first is all of BAR2
 * @extension: of the registers; only between ivshmem_device_enter() and _exit()
 * @vectors: MSI-X vectors that the device has, 0 on a plain one
 * @interrupts: of @vectors; all of them or 0
 * @vector: an array of @interrupts
 * @fired: interrupts of all vectors; counted before the vector's own, so it is never less than
 *	their sum
 * @waiters: who waits for any vector, for peers, or in poll()
 * @inode: its i_mapping knows every user mapping, whichever device node it was made through
 * @files_lock: guards @files, and the eventfds of each
 * @files: all open files
 * @users: held for reading between enter and exit
 * @gone: changes once, with @users held for writing
 */
struct ivshmem_device {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct resource regs_rest;
	void *mem;
	struct ivshmem_area areas[IVSHMEM_AREAS];
	struct ivshmem_extension extension;
	u32 vectors;
	u32 interrupts;
	struct ivshmem_vector *vector;
	atomic64_t fired;
	wait_queue_head_t waiters;
	struct inode *inode;
	struct mutex files_lock;
	struct list_head files;
	struct percpu_rw_semaphore users;
	bool gone;
};

struct ivshmem_device *ivshmem_device_create(struct pci_dev *pdev);
int ivshmem_device_enter(struct ivshmem_device *idev);
void ivshmem_device_exit(struct ivshmem_device *idev);
bool ivshmem_device_is_gone(const struct ivshmem_device *idev);
void ivshmem_device_revoke(struct ivshmem_device *idev);
u32 ivshmem_device_position(struct ivshmem_device *idev);
void ivshmem_device_ring(struct ivshmem_device *idev, u16 peer, u16 vector);

static inline struct ivshmem_device *to_ivshmem_device(struct device *dev)
{
	return container_of(dev, struct ivshmem_device, dev);
}

/* Bytes of shared memory. */
static inline u64 ivshmem_device_size(const struct ivshmem_device *idev)
{
	return idev->areas[IVSHMEM_AREA_MEMORY].size;
}

#endif /* IVSHMEM_DEVICE_H */
