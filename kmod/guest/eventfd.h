/* SPDX-License-Identifier: GPL-2.0-only */
/* The eventfds that interrupts raise. */
#ifndef IVSHMEM_EVENTFD_H
#define IVSHMEM_EVENTFD_H

#include <linux/types.h>

struct ivshmem_device;
struct ivshmem_file;

int ivshmem_eventfd_set(struct ivshmem_file *ifile, u32 vector, int fd);
void ivshmem_eventfd_drop_all(struct ivshmem_file *ifile);
void ivshmem_eventfd_revoke(struct ivshmem_device *idev);

#endif /* IVSHMEM_EVENTFD_H */
