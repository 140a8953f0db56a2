/* SPDX-License-Identifier: GPL-2.0-only */
/* WAIT and poll(). */
#ifndef IVSHMEM_WAIT_H
#define IVSHMEM_WAIT_H

#include <linux/types.h>

struct file;
struct ivshmem_device;
struct ivshmem_file;
struct ivshmem_wait;
struct poll_table_struct;

int ivshmem_wait(struct ivshmem_file *ifile, struct ivshmem_wait *wait);
void ivshmem_wait_undo(struct ivshmem_file *ifile, const struct ivshmem_wait *wait);
void ivshmem_wake(struct ivshmem_device *idev, __poll_t events);
__poll_t ivshmem_poll(struct file *file, struct poll_table_struct *table);

#endif /* IVSHMEM_WAIT_H */
