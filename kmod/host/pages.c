// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the pages come from: one shmem file a region, in a tmpfs mount of our own that asks for
 * huge pages. Faults, accounting, swapping, NUMA policy and teardown are the kernel's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "compat.h"
#include "host.h"

#if !IS_ENABLED(CONFIG_SHMEM)
#error ivshmem_host needs a kernel with CONFIG_SHMEM
#endif

/**
 * pages_mount() - mount the tmpfs of all regions, with huge pages where the kernel has them
 *
 * Return: the mount, for kern_unmount(), or an ERR_PTR.
 */
struct vfsmount *pages_mount(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	char huge[] = "huge=within_size";
	struct vfsmount *mnt;

	if (!type)
		return ERR_PTR(-ENODEV);
	mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, huge);
	if (mnt == ERR_PTR(-EINVAL)) {
		pr_info("this machine has no huge pages, regions are of small ones\n");
		mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, NULL);
	}
	module_put(type->owner);
	return mnt;
}

/**
 * pages_create() - a shmem file of zero pages and fixed size
 * @mnt: from pages_mount()
 * @name: seen in /proc/PID/maps
 * @size: bytes, all reserved against the overcommit limit at once, none allocated
 *
 * Return: the file, for fput(), or an ERR_PTR: ENOSPC for more than the kernel can hold.
 */
struct file *pages_create(struct vfsmount *mnt, const char *name, u64 size)
{
	struct file *file;

	file = shmem_file_setup_with_mnt(mnt, name, size, PAGES_RESERVED);
	if (file == ERR_PTR(-ENOMEM))
		return ERR_PTR(-ENOSPC);
	if (IS_ERR(file))
		return file;
	/* Else write() ends at 2 GiB. */
	file->f_flags |= O_LARGEFILE;
	/*
	 * The device node decides who may do what: the file's own inode has neither a security
	 * label nor permissions, so that nobody opens it by /proc/PID/fd or map_files with more
	 * than the node gave; and it is root's, whoever creates it, so that nobody changes that.
	 */
	file_inode(file)->i_flags |= S_PRIVATE;
	file_inode(file)->i_mode = S_IFREG;
	file_inode(file)->i_uid = GLOBAL_ROOT_UID;
	file_inode(file)->i_gid = GLOBAL_ROOT_GID;
	SHMEM_I(file_inode(file))->seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	return file;
}

/**
 * pages_open() - another file of the same pages
 * @pages: from pages_create()
 * @flags: O_RDONLY, O_WRONLY or O_RDWR, whatever the inode's permission bits say
 *
 * Return: the file, for fput(), or an ERR_PTR.
 */
struct file *pages_open(struct file *pages, int flags)
{
	return dentry_open(&pages->f_path, flags | O_LARGEFILE, current_cred());
}

/* Bytes that have a page, in memory or swapped out. */
u64 pages_allocated(struct file *pages)
{
	struct kstat stat;

	if (vfs_getattr(&pages->f_path, &stat, STATX_BLOCKS, AT_STATX_SYNC_AS_STAT))
		return 0;
	return stat.blocks << SECTOR_SHIFT;
}

/* Bytes of the huge page around page @index; 0 where there is none. */
static u64 pages_huge_at(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	u64 size;

	if (IS_ERR_OR_NULL(folio))
		return 0;
	size = folio_size(folio);
	folio_put(folio);
	return size >= PMD_SIZE ? PMD_SIZE : 0;
}

/* Bytes in huge pages. Looks at no more places than have pages, however large the holes between. */
u64 pages_huge(struct file *pages)
{
	struct address_space *mapping = pages->f_mapping;
	unsigned long index = 0;
	u64 huge = 0;

	while (!fatal_signal_pending(current) &&
	       xa_find(&mapping->i_pages, &index, ULONG_MAX, XA_PRESENT)) {
		huge += pages_huge_at(mapping, index);
		index = (index | (PHYS_PFN(PMD_SIZE) - 1)) + 1;
		cond_resched();
	}
	return huge;
}
