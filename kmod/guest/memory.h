/* SPDX-License-Identifier: GPL-2.0-only */
/* read() and write() of a device. */
#ifndef IVSHMEM_MEMORY_H
#define IVSHMEM_MEMORY_H

#include <linux/types.h>

struct iov_iter;
struct kiocb;

ssize_t ivshmem_memory_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t ivshmem_memory_write_iter(struct kiocb *iocb, struct iov_iter *from);

#endif /* IVSHMEM_MEMORY_H */
