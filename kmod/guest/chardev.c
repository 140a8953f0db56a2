// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ivshmemN: its numbers, open and close. Reading and writing are memory.c's, mapping is
 * mmap.c's, waiting is wait.c's, all other calls are ioctl.c's.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>

#include "chardev.h"
#include "compat.h"
#include "device.h"
#include "file.h"
#include "ioctl.h"
#include "memory.h"
#include "mmap.h"
#include "wait.h"

#define CHARDEV_MINORS	(MINORMASK + 1)

static dev_t chardev_base;
static DEFINE_IDA(chardev_minors);

static int chardev_open(struct inode *inode, struct file *file)
{
	struct ivshmem_device *idev = container_of(inode->i_cdev, struct ivshmem_device, cdev);
	struct ivshmem_file *ifile;
	int err = ivshmem_device_enter(idev);

	if (err)
		return err;
	ifile = ivshmem_file_create(idev);
	ivshmem_device_exit(idev);
	if (IS_ERR(ifile))
		return PTR_ERR(ifile);
	file->private_data = ifile;
	file->f_mapping = idev->inode->i_mapping;
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	ivshmem_file_destroy(file->private_data);
	return 0;
}

static loff_t chardev_llseek(struct file *file, loff_t offset, int whence)
{
	struct ivshmem_file *ifile = file->private_data;

	return fixed_size_llseek(file, offset, whence, ivshmem_device_size(ifile->idev));
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.llseek = chardev_llseek,
	.read_iter = ivshmem_memory_read_iter,
	.write_iter = ivshmem_memory_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.fsync = noop_fsync,
	.mmap = ivshmem_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.poll = ivshmem_poll,
	.unlocked_ioctl = ivshmem_ioctl,
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
