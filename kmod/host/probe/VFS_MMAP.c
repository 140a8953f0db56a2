// SPDX-License-Identifier: GPL-2.0-only
/* Is there vfs_mmap(), which also serves files that have mmap_prepare() only? */
#include <linux/fs.h>

int (*probe)(struct file *file, struct vm_area_struct *vma) = vfs_mmap;
