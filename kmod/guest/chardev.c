// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ivshmemN: its numbers, open, and ioctl. Reading and writing are memory.c's, mapping is
 * mmap.c's.
 */
#include <linux/build_bug.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/ivshmem.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "compat.h"
#include "device.h"
#include "memory.h"
#include "mmap.h"

static_assert(sizeof(struct ivshmem_info) == 96);

#define CHARDEV_MINORS	(MINORMASK + 1)

static dev_t chardev_base;
static DEFINE_IDA(chardev_minors);

static int chardev_open(struct inode *inode, struct file *file)
{
	struct ivshmem_device *idev = container_of(inode->i_cdev, struct ivshmem_device, cdev);

	if (ivshmem_device_is_gone(idev))
		return -ENODEV;
	file->private_data = idev;
	file->f_mapping = idev->inode->i_mapping;
	return 0;
}

static loff_t chardev_llseek(struct file *file, loff_t offset, int whence)
{
	struct ivshmem_device *idev = file->private_data;

	return fixed_size_llseek(file, offset, whence, idev->size);
}

static int info_fill(struct ivshmem_device *idev, struct ivshmem_info *info)
{
	int err = ivshmem_device_enter(idev);

	if (err)
		return err;
	*info = (struct ivshmem_info) {
		.abi = IVSHMEM_ABI,
		.size = idev->size,
		.revision = idev->pdev->revision,
		.vectors = idev->vectors,
		.position = ivshmem_device_position(idev),
	};
	strscpy(info->pci, pci_name(idev->pdev), sizeof(info->pci));
	ivshmem_device_exit(idev);
	return 0;
}

static long info_ioctl(struct ivshmem_device *idev, void __user *arg)
{
	struct ivshmem_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	err = info_fill(idev, &info);
	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IVSHMEM_INFO:
		return info_ioctl(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.llseek = chardev_llseek,
	.read_iter = ivshmem_memory_read_iter,
	.write_iter = ivshmem_memory_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.fsync = noop_fsync,
	.mmap = ivshmem_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * ivshmem_chardev_register() - get the numbers that all devices share
 *
 * Return: 0 or -errno.
 */
int ivshmem_chardev_register(void)
{
	return alloc_chrdev_region(&chardev_base, 0, CHARDEV_MINORS, "ivshmem");
}

/**
 * ivshmem_chardev_unregister() - undo ivshmem_chardev_register()
 */
void ivshmem_chardev_unregister(void)
{
	unregister_chrdev_region(chardev_base, CHARDEV_MINORS);
}

/**
 * ivshmem_chardev_init() - prepare the character device of @idev
 * @idev: a device that is not live yet
 */
void ivshmem_chardev_init(struct ivshmem_device *idev)
{
	cdev_init(&idev->cdev, &chardev_fops);
	idev->cdev.owner = THIS_MODULE;
}

static int chardev_add(struct ivshmem_device *idev, int minor)
{
	int err = dev_set_name(&idev->dev, "ivshmem%d", minor);

	if (err)
		return err;
	idev->dev.devt = MKDEV(MAJOR(chardev_base), minor);
	return cdev_device_add(&idev->cdev, &idev->dev);
}

/**
 * ivshmem_chardev_add() - give @idev the lowest free number and its node: it is live from here on
 * @idev: a complete device
 *
 * Return: 0 or -errno.
 */
int ivshmem_chardev_add(struct ivshmem_device *idev)
{
	int minor = ida_alloc_max(&chardev_minors, CHARDEV_MINORS - 1, GFP_KERNEL);
	int err;

	if (minor < 0)
		return minor;
	err = chardev_add(idev, minor);
	if (err)
		ida_free(&chardev_minors, minor);
	return err;
}

/**
 * ivshmem_chardev_del() - undo ivshmem_chardev_add(); open files stay, and the number is free again
 * @idev: the device
 */
void ivshmem_chardev_del(struct ivshmem_device *idev)
{
	cdev_device_del(&idev->cdev, &idev->dev);
	ida_free(&chardev_minors, MINOR(idev->dev.devt));
}
