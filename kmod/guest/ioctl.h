/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of a device. */
#ifndef IVSHMEM_IOCTL_H
#define IVSHMEM_IOCTL_H

struct file;

long ivshmem_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* IVSHMEM_IOCTL_H */
