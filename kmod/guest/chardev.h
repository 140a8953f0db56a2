/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/ivshmemN: the numbers and the node of a device. */
#ifndef IVSHMEM_CHARDEV_H
#define IVSHMEM_CHARDEV_H

struct ivshmem_device;

int ivshmem_chardev_register(void);
void ivshmem_chardev_unregister(void);
void ivshmem_chardev_init(struct ivshmem_device *idev);
int ivshmem_chardev_add(struct ivshmem_device *idev);
void ivshmem_chardev_del(struct ivshmem_device *idev);

#endif /* IVSHMEM_CHARDEV_H */
