/* SPDX-License-Identifier: GPL-2.0-only */
/* mmap() of a device. */
#ifndef IVSHMEM_MMAP_H
#define IVSHMEM_MMAP_H

struct file;
struct vm_area_struct;

int ivshmem_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* IVSHMEM_MMAP_H */
