// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open region: a file of fixed size whose reading, writing and mapping are those of the shmem
 * file behind it. No process gets that file itself; those that it gets of the same pages, by FILE
 * or through /proc/PID/map_files, allow no more than the device did: the inode's permission bits
 * let nobody in, and its seals keep its size.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/splice.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"
#include "host.h"

/* The cdev's reference, which lasts as long as the file, holds the region. */
static int region_open(struct inode *inode, struct file *file)
{
	struct region *region = container_of(inode->i_cdev, struct region, cdev);

	file->private_data = region;
	atomic_inc(&region->users);
	return 0;
}

static int region_close(struct inode *inode, struct file *file)
{
	struct region *region = file->private_data;

	atomic_dec(&region->users);
	return 0;
}

static loff_t region_llseek(struct file *file, loff_t offset, int whence)
{
	struct region *region = file->private_data;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return fixed_size_llseek(file, offset, whence, region->size);
	offset = vfs_llseek(region->pages, offset, whence);
	return offset < 0 ? offset : vfs_setpos(file, offset, region->size);
}

static ssize_t region_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct region *region = iocb->ki_filp->private_data;

	return vfs_iter_read(region->pages, to, &iocb->ki_pos, 0);
}

/* The end of the region is that of a full device; whoever appends begins there. */
static ssize_t region_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct region *region = iocb->ki_filp->private_data;

	if (!iov_iter_count(from))
		return 0;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = region->size;
	if (iocb->ki_pos >= region->size)
		return -ENOSPC;
	iov_iter_truncate(from, region->size - iocb->ki_pos);
	return vfs_iter_write(region->pages, from, &iocb->ki_pos, 0);
}

static ssize_t region_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
				  size_t len, unsigned int flags)
{
	struct region *region = file->private_data;

	return region->pages->f_op->splice_read(region->pages, pos, pipe, len, flags);
}

/*
 * The shmem file's write access is taken here, before the lock of the pipe: that is the order in
 * which a splice to any file has them.
 */
static ssize_t region_splice_write(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
				   size_t len, unsigned int flags)
{
	struct region *region = file->private_data;
	ssize_t written;

	if (*pos >= region->size)
		return -ENOSPC;
	file_start_write(region->pages);
	written = iter_file_splice_write(pipe, region->pages, pos,
					 min_t(u64, len, region->size - *pos), flags);
	file_end_write(region->pages);
	return written;
}

static bool region_covers(const struct region *region, struct vm_area_struct *vma)
{
	u64 pages = region->size >> PAGE_SHIFT;

	return vma->vm_pgoff <= pages && vma_pages(vma) <= pages - vma->vm_pgoff;
}

/*
 * Shared mappings inside the region only. The memory manager has taken VM_MAYWRITE from those of a
 * file open for reading. VM_DONTEXPAND would take mlock() away; what mremap() adds behind the end
 * has no pages, and a touch of it is a SIGBUS.
 */
static int region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct region *region = file->private_data;

	if (!(vma->vm_flags & VM_MAYSHARE) || !region_covers(region, vma))
		return -EINVAL;
	vma_set_file(vma, region->pages);
	return vfs_mmap(region->pages, vma);
}

/* shmem's choice is an address that huge pages fit at. */
static unsigned long region_get_unmapped_area(struct file *file, unsigned long addr,
					      unsigned long len, unsigned long pgoff,
					      unsigned long flags)
{
	struct region *region = file->private_data;

	return region->pages->f_op->get_unmapped_area(region->pages, addr, len, pgoff, flags);
}

static int region_ioctl_info(struct region *region, void __user *arg)
{
	struct ivshmem_region_info info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.id || info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	region_info(region, &info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* A file of its own: flags and position of the one behind the region are nobody's to change. */
static long region_ioctl_file(struct file *file, unsigned long arg)
{
	struct region *region = file->private_data;
	struct file *pages;
	int fd;

	if (arg)
		return -EINVAL;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	pages = pages_open(region->pages, file->f_flags & O_ACCMODE);
	if (IS_ERR(pages)) {
		put_unused_fd(fd);
		return PTR_ERR(pages);
	}
	fd_install(fd, pages);
	return fd;
}

static int region_ioctl_peer_next(struct region *region, void __user *arg)
{
	struct ivshmem_peer_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	err = peer_next(&region->members, &info);
	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long region_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IVSHMEM_REGION_INFO:
		return region_ioctl_info(file->private_data, (void __user *)arg);
	case IVSHMEM_REGION_FILE:
		return region_ioctl_file(file, arg);
	case IVSHMEM_JOIN:
		return member_join(file->private_data, file->f_mode, (void __user *)arg);
	case IVSHMEM_PEER_NEXT:
		return region_ioctl_peer_next(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

const struct file_operations region_fops = {
	.owner = THIS_MODULE,
	.open = region_open,
	.release = region_close,
	.llseek = region_llseek,
	.read_iter = region_read_iter,
	.write_iter = region_write_iter,
	.splice_read = region_splice_read,
	.splice_write = region_splice_write,
	.fsync = noop_fsync,
	.mmap = region_mmap,
	.get_unmapped_area = region_get_unmapped_area,
	.unlocked_ioctl = region_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
