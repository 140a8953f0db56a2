/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/class/ivshmem. */
#ifndef IVSHMEM_SYSFS_H
#define IVSHMEM_SYSFS_H

#include <linux/device/class.h>

extern struct class ivshmem_class;

#endif /* IVSHMEM_SYSFS_H */
