// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an ivshmem device. Files and mappings outlive the PCI device: users enter before
 * they touch it and find out whether it is gone; revoking waits for those inside, then takes
 * mappings and eventfds back, and wakes who waits. The last reference, often that of a file being
 * closed, frees the struct.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "chardev.h"
#include "device.h"
#include "eventfd.h"
#include "inode.h"
#include "ivshmem_regs.h"
#include "sysfs.h"
#include "vectors.h"

static void device_release(struct device *dev)
{
	struct ivshmem_device *idev = to_ivshmem_device(dev);

	ivshmem_vectors_fini(idev);
	iput(idev->inode);
	percpu_free_rwsem(&idev->users);
	kfree(idev);
}

static int device_init(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = percpu_init_rwsem(&idev->users);

	if (err)
		return err;
	idev->inode = ivshmem_inode_create();
	if (IS_ERR(idev->inode)) {
		percpu_free_rwsem(&idev->users);
		return PTR_ERR(idev->inode);
	}
	idev->pdev = pdev;
	init_waitqueue_head(&idev->waiters);
	mutex_init(&idev->files_lock);
	INIT_LIST_HEAD(&idev->files);
	device_initialize(&idev->dev);
	idev->dev.class = &ivshmem_class;
	idev->dev.parent = &pdev->dev;
	idev->dev.release = device_release;
	ivshmem_chardev_init(idev);
	return 0;
}

/**
 * ivshmem_device_create() - a device without resources, number or node
 * @pdev: the PCI device it stands for
 *
 * Return: the device, with one reference that put_device() of its @dev gives back, or an ERR_PTR.
 */
struct ivshmem_device *ivshmem_device_create(struct pci_dev *pdev)
{
	struct ivshmem_device *idev = kzalloc(sizeof(*idev), GFP_KERNEL);
	int err;

	if (!idev)
		return ERR_PTR(-ENOMEM);
	err = device_init(idev, pdev);
	if (err) {
		kfree(idev);
		return ERR_PTR(err);
	}
	return idev;
}

/**
 * ivshmem_device_enter() - keep the device's resources until ivshmem_device_exit()
 * @idev: the device
 *
 * One may sleep inside, but neither wait for user space (revoking waits for those inside) nor enter
 * again.
 *
 * Return: 0, or -ENODEV if the device is gone; then there is nothing to exit.
 */
int ivshmem_device_enter(struct ivshmem_device *idev)
{
	percpu_down_read(&idev->users);
	if (!idev->gone)
		return 0;
	percpu_up_read(&idev->users);
	return -ENODEV;
}

/**
 * ivshmem_device_exit() - undo ivshmem_device_enter()
 * @idev: the device
 */
void ivshmem_device_exit(struct ivshmem_device *idev)
{
	percpu_up_read(&idev->users);
}

/**
 * ivshmem_device_is_gone() - has the device been revoked?
 * @idev: the device
 *
 * Early news for who will enter later, and no more than that: it may go right after the answer.
 */
bool ivshmem_device_is_gone(const struct ivshmem_device *idev)
{
	return READ_ONCE(idev->gone);
}

/**
 * ivshmem_device_revoke() - let nobody in any more, take mappings and eventfds back, wake all
 * @idev: the device
 *
 * A fault adds entries only while it is inside, so after the wait none can come behind the
 * unmapping. Sleeps until everybody inside has left.
 */
void ivshmem_device_revoke(struct ivshmem_device *idev)
{
	percpu_down_write(&idev->users);
	WRITE_ONCE(idev->gone, true);
	percpu_up_write(&idev->users);
	unmap_mapping_range(idev->inode->i_mapping, 0, 0, 1);
	ivshmem_eventfd_revoke(idev);
	ivshmem_vectors_wake(idev);
}

/**
 * ivshmem_device_position() - own peer id
 * @idev: the device, entered
 *
 * Return: the register IVPosition, 0 on a plain device.
 */
u32 ivshmem_device_position(struct ivshmem_device *idev)
{
	return ioread32(idev->regs + IVSHMEM_IV_POSITION);
}

/**
 * ivshmem_device_ring() - raise a vector of a peer
 * @idev: the device, entered
 * @peer: its id
 * @vector: which
 *
 * The device ignores peers and vectors that don't exist. What was stored before is there before the
 * doorbell is.
 */
void ivshmem_device_ring(struct ivshmem_device *idev, u16 peer, u16 vector)
{
	iowrite32((u32)peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector, idev->regs + IVSHMEM_DOORBELL);
}
