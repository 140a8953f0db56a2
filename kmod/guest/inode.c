// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes of the driver's own, one a device, on a pseudo file system that nobody sees. Every open
 * file of a device uses that inode's address space, so that one call finds all mappings of it,
 * however many nodes of /dev they were made through.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "inode.h"

#define IVSHMEM_MAGIC	0x6976736d	/* "ivsm" */

static struct vfsmount *ivshmem_mount;

static int inode_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, IVSHMEM_MAGIC) ? 0 : -ENOMEM;
}

/* Without an owner: its one mount would hold the module, which unmounts it on its way out. */
static struct file_system_type ivshmem_fs_type = {
	.name = "ivshmem",
	.init_fs_context = inode_fs_init_context,
	.kill_sb = kill_anon_super,
};

/**
 * ivshmem_inode_mount() - make the file system that the inodes live on
 *
 * Return: 0 or -errno.
 */
int ivshmem_inode_mount(void)
{
	ivshmem_mount = kern_mount(&ivshmem_fs_type);
	return PTR_ERR_OR_ZERO(ivshmem_mount);
}

/**
 * ivshmem_inode_unmount() - undo ivshmem_inode_mount(), once no inode is left
 */
void ivshmem_inode_unmount(void)
{
	kern_unmount(ivshmem_mount);
}

/**
 * ivshmem_inode_create() - an inode with an address space of its own
 *
 * Return: the inode, which iput() gives back, or an ERR_PTR.
 */
struct inode *ivshmem_inode_create(void)
{
	return alloc_anon_inode(ivshmem_mount->mnt_sb);
}
