/* SPDX-License-Identifier: GPL-2.0-only */
/* Inodes of the driver's own, one a device. */
#ifndef IVSHMEM_INODE_H
#define IVSHMEM_INODE_H

struct inode;

int ivshmem_inode_mount(void);
void ivshmem_inode_unmount(void);
struct inode *ivshmem_inode_create(void);

#endif /* IVSHMEM_INODE_H */
