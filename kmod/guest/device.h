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
#include <linux/percpu-rwsem.h>
#include <linux/types.h>

struct pci_dev;

/**
 * struct ivshmem_device - a PCI device and its /dev/ivshmemN
 * @dev: of class "ivshmem"; its count decides over the memory of this struct
 * @cdev: the character device; an open file holds it, and through it @dev
 * @pdev: the PCI device; only between ivshmem_device_enter() and _exit(), as are @regs and @mem
 * @regs: BAR0
 * @mem: BAR2, mapped write-back where the firmware's MTRRs let it be
 * @phys: where BAR2 is, bytes
 * @size: of BAR2, bytes
 * @vectors: MSI-X vectors that the device has, 0 on a plain one
 * @inode: its i_mapping knows every user mapping, whichever device node it was made through
 * @users: held for reading between enter and exit
 * @gone: changes once, with @users held for writing
 */
struct ivshmem_device {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	void __iomem *regs;
	void *mem;
	phys_addr_t phys;
	u64 size;
	u32 vectors;
	struct inode *inode;
	struct percpu_rw_semaphore users;
	bool gone;
};

struct ivshmem_device *ivshmem_device_create(struct pci_dev *pdev);
int ivshmem_device_enter(struct ivshmem_device *idev);
void ivshmem_device_exit(struct ivshmem_device *idev);
bool ivshmem_device_is_gone(struct ivshmem_device *idev);
void ivshmem_device_revoke(struct ivshmem_device *idev);
u32 ivshmem_device_position(struct ivshmem_device *idev);

static inline struct ivshmem_device *to_ivshmem_device(struct device *dev)
{
	return container_of(dev, struct ivshmem_device, dev);
}

/* The pages of shared memory; a rest that fills no page can't be mapped. */
static inline unsigned long ivshmem_device_pages(const struct ivshmem_device *idev)
{
	return idev->size >> PAGE_SHIFT;
}

#endif /* IVSHMEM_DEVICE_H */
