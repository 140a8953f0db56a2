// SPDX-License-Identifier: GPL-2.0-only
/* Are the flags of a VMA, and with them those of a shmem file, a structure? */
#include <linux/mm.h>
#include <linux/shmem_fs.h>

struct file *(*probe)(struct vfsmount *mnt, const char *name, loff_t size, vma_flags_t flags) =
	shmem_file_setup_with_mnt;
