// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls: each checks what user space passes in, and hands it on. */
#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/ivshmem.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "device.h"
#include "eventfd.h"
#include "file.h"
#include "ioctl.h"
#include "wait.h"

static_assert(sizeof(struct ivshmem_info) == 96);
static_assert(sizeof(struct ivshmem_ring) == 16);
static_assert(sizeof(struct ivshmem_eventfd) == 16);
static_assert(sizeof(struct ivshmem_wait) == 48);
static_assert(sizeof(struct ivshmem_peers) == 96);

/* Whole pages, which is what can be mapped. */
static u64 info_area_size(const struct ivshmem_area *area)
{
	return round_down(area->size, PAGE_SIZE);
}

static void info_fill(struct ivshmem_device *idev, struct ivshmem_info *info)
{
	const struct ivshmem_area *regs = &idev->areas[IVSHMEM_AREA_REGS];
	const struct ivshmem_area *peers = &idev->areas[IVSHMEM_AREA_PEERS];

	*info = (struct ivshmem_info) {
		.abi = IVSHMEM_ABI,
		.size = ivshmem_device_size(idev),
		.revision = idev->pdev->revision,
		.vectors = idev->vectors,
		.position = ivshmem_device_position(idev),
		.interrupts = idev->interrupts,
		.regs_offset = regs->offset,
		.regs_size = info_area_size(regs),
		.peers_offset = peers->offset,
		.peers_size = info_area_size(peers),
		.max_peers = idev->extension.max_peers,
		.changes = ivshmem_extension_changes(idev),
	};
	strscpy(info->pci, pci_name(idev->pdev), sizeof(info->pci));
}

static long ioctl_info(struct ivshmem_file *ifile, void __user *arg)
{
	struct ivshmem_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	err = ivshmem_device_enter(ifile->idev);
	if (err)
		return err;
	info_fill(ifile->idev, &info);
	ivshmem_device_exit(ifile->idev);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_ring(struct file *file, void __user *arg)
{
	struct ivshmem_file *ifile = file->private_data;
	struct ivshmem_ring ring;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (copy_from_user(&ring, arg, sizeof(ring)))
		return -EFAULT;
	if (ring.peer > U16_MAX || ring.vector > U16_MAX || ring.reserved)
		return -EINVAL;
	err = ivshmem_device_enter(ifile->idev);
	if (err)
		return err;
	ivshmem_device_ring(ifile->idev, ring.peer, ring.vector);
	ivshmem_device_exit(ifile->idev);
	return 0;
}

static long ioctl_set_eventfd(struct ivshmem_file *ifile, void __user *arg)
{
	struct ivshmem_eventfd eventfd;

	if (copy_from_user(&eventfd, arg, sizeof(eventfd)))
		return -EFAULT;
	if (eventfd.reserved)
		return -EINVAL;
	return ivshmem_eventfd_set(ifile, eventfd.vector, eventfd.fd);
}

static long ioctl_wait(struct ivshmem_file *ifile, void __user *arg)
{
	struct ivshmem_wait wait;
	int ret;

	if (copy_from_user(&wait, arg, sizeof(wait)))
		return -EFAULT;
	if (wait.flags || wait.timeout_ns < IVSHMEM_WAIT_FOREVER ||
	    memchr_inv(wait.reserved, 0, sizeof(wait.reserved)))
		return -EINVAL;
	ret = ivshmem_wait(ifile, &wait);
	if (ret && ret != -ERESTARTNOHAND)
		return ret;
	if (!copy_to_user(arg, &wait, sizeof(wait)))
		return ret;
	if (!ret)
		ivshmem_wait_undo(ifile, &wait);
	return -EFAULT;
}

/* The next peer, and that this file knows of all changes up to now. */
static int peers_fill(struct ivshmem_file *ifile, struct ivshmem_peers *peers)
{
	struct ivshmem_device *idev = ifile->idev;
	int ret = ivshmem_device_enter(idev);

	if (ret)
		return ret;
	ret = -EOPNOTSUPP;
	if (ivshmem_extension_is_there(&idev->extension)) {
		ret = ivshmem_extension_peers(idev, peers);
		WRITE_ONCE(ifile->changes, peers->changes);
	}
	ivshmem_device_exit(idev);
	return ret;
}

static long ioctl_peers(struct ivshmem_file *ifile, void __user *arg)
{
	struct ivshmem_peers peers;
	int ret;

	if (copy_from_user(&peers, arg, sizeof(peers)))
		return -EFAULT;
	if (peers.pad || memchr_inv(peers.reserved, 0, sizeof(peers.reserved)))
		return -EINVAL;
	ret = peers_fill(ifile, &peers);
	if (ret && ret != -ENOENT)
		return ret;
	return copy_to_user(arg, &peers, sizeof(peers)) ? -EFAULT : ret;
}

/**
 * ivshmem_ioctl() - ioctl(), as uapi/linux/ivshmem.h describes it
 * @file: an open file
 * @cmd: which
 * @arg: address of the structure that goes with it
 *
 * Return: 0 or -errno.
 */
long ivshmem_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ivshmem_file *ifile = file->private_data;
	void __user *data = (void __user *)arg;

	if (ivshmem_device_is_gone(ifile->idev))
		return -ENODEV;
	switch (cmd) {
	case IVSHMEM_INFO:
		return ioctl_info(ifile, data);
	case IVSHMEM_RING:
		return ioctl_ring(file, data);
	case IVSHMEM_SET_EVENTFD:
		return ioctl_set_eventfd(ifile, data);
	case IVSHMEM_WAIT:
		return ioctl_wait(ifile, data);
	case IVSHMEM_PEERS:
		return ioctl_peers(ifile, data);
	default:
		return -ENOTTY;
	}
}
