/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel interfaces that changed their form: one name for each, by what probe/ found. */
#ifndef IVSHMEM_HOST_COMPAT_H
#define IVSHMEM_HOST_COMPAT_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "../compat.h"

#ifdef HAVE_DEVNODE_CONST
#define DEVNODE_CONST const
#else
#define DEVNODE_CONST
#endif

/* A new descriptor, with a reference of its own, of a file that came from another process. */
static inline int file_receive(struct file *file, unsigned int flags)
{
#ifdef HAVE_RECEIVE_FD_TELLS
	return receive_fd(file, NULL, flags);
#else
	return receive_fd(file, flags);
#endif
}

#ifndef HAVE_VFS_MMAP
#define vfs_mmap call_mmap
#endif

/* No flags for shmem_file_setup_with_mnt(): the whole size is reserved at once. */
#ifdef HAVE_VMA_FLAGS_T
#define PAGES_RESERVED EMPTY_VMA_FLAGS
#else
#define PAGES_RESERVED 0
#endif

#endif /* IVSHMEM_HOST_COMPAT_H */
