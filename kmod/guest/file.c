// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an open file of a device keeps of its own: which interrupts and changes it was told of, and
 * its eventfds. The device knows its files, so as to drop their eventfds when it goes.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "device.h"
#include "eventfd.h"
#include "file.h"
#include "vectors.h"

/* What came before the file was opened is not news. */
static void file_init_told(struct ivshmem_file *ifile)
{
	struct ivshmem_device *idev = ifile->idev;

	for (u32 i = 0; i < idev->interrupts; i++) {
		u64 fired = atomic64_read(&idev->vector[i].fired);

		ifile->vectors[i].told = fired;
		ifile->told += fired;
	}
	ifile->changes = ivshmem_extension_changes(idev);
}

/**
 * ivshmem_file_create() - what a file that is being opened keeps
 * @idev: its device, entered, with a reference that the file has
 *
 * Return: it, which ivshmem_file_destroy() frees, or an ERR_PTR.
 */
struct ivshmem_file *ivshmem_file_create(struct ivshmem_device *idev)
{
	struct ivshmem_file *ifile;

	ifile = kvzalloc(struct_size(ifile, vectors, idev->interrupts), GFP_KERNEL_ACCOUNT);
	if (!ifile)
		return ERR_PTR(-ENOMEM);
	ifile->idev = idev;
	spin_lock_init(&ifile->told_lock);
	file_init_told(ifile);
	mutex_lock(&idev->files_lock);
	list_add(&ifile->node, &idev->files);
	mutex_unlock(&idev->files_lock);
	return ifile;
}

/**
 * ivshmem_file_destroy() - undo ivshmem_file_create(), eventfds included
 * @ifile: of a file that is being closed
 */
void ivshmem_file_destroy(struct ivshmem_file *ifile)
{
	struct ivshmem_device *idev = ifile->idev;

	mutex_lock(&idev->files_lock);
	list_del(&ifile->node);
	ivshmem_eventfd_drop_all(ifile);
	mutex_unlock(&idev->files_lock);
	kvfree(ifile);
}
