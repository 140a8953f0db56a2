// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap(): the shared memory at offset 0, behind it the registers and the peers' page, page by page
 * as they are touched, 2 MiB at a time where the address, the memory and the mapping allow. The
 * entries take their memory type from the reservation that the driver's own mapping made.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "compat.h"
#include "device.h"
#include "file.h"
#include "mmap.h"

/* The area in which all of the pages lie, or NULL. In pages, so that no sum can overflow. */
static const struct ivshmem_area *mmap_area(const struct ivshmem_device *idev, pgoff_t start,
					    unsigned long count)
{
	for (int i = 0; i < IVSHMEM_AREAS; i++) {
		const struct ivshmem_area *area = &idev->areas[i];
		pgoff_t first = area->offset >> PAGE_SHIFT;
		unsigned long pages = area->size >> PAGE_SHIFT;

		if (start >= first && start - first <= pages && count <= pages - (start - first))
			return area;
	}
	return NULL;
}

#ifdef IVSHMEM_HUGE_MAPPINGS
/*
 * The huge page around the fault must lie within the mapping, be as aligned in memory as it is in
 * the address space. All faults of a mapping decide alike, so none races with another kind.
 */
static bool mmap_huge_possible(const struct vm_fault *vmf, unsigned long pfn)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vmf->address & PMD_MASK;

	return start >= vma->vm_start && start + PMD_SIZE - 1 < vma->vm_end &&
	       !((pfn ^ (vmf->address >> PAGE_SHIFT)) & (PTRS_PER_PMD - 1));
}

/*
 * One look at the entry decides. Of two threads that fault at once the later one finds it huge:
 * there is no page table to go on to. A page table from the time when a part was mapped otherwise
 * stays.
 */
static vm_fault_t mmap_insert_huge(struct vm_fault *vmf, unsigned long pfn)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);

	if (pmd_leaf(pmd))
		return VM_FAULT_NOPAGE;
	if (!pmd_none(pmd) || !mmap_huge_possible(vmf, pfn))
		return VM_FAULT_FALLBACK;
	return compat_insert_pfn_pmd(vmf, round_down(pfn, PTRS_PER_PMD),
				     vmf->flags & FAULT_FLAG_WRITE);
}
#else
static vm_fault_t mmap_insert_huge(struct vm_fault *vmf, unsigned long pfn)
{
	return VM_FAULT_FALLBACK;
}
#endif

static vm_fault_t mmap_insert(struct ivshmem_device *idev, struct vm_fault *vmf)
{
	const struct ivshmem_area *area = mmap_area(idev, vmf->pgoff, 1);
	unsigned long pfn;
	vm_fault_t ret;

	if (!area)
		return VM_FAULT_SIGBUS;
	pfn = PHYS_PFN(area->phys) + vmf->pgoff - (area->offset >> PAGE_SHIFT);
	ret = mmap_insert_huge(vmf, pfn);
	if (ret & VM_FAULT_FALLBACK)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, pfn);
	return ret;
}

static vm_fault_t mmap_fault(struct vm_fault *vmf)
{
	struct ivshmem_device *idev = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (ivshmem_device_enter(idev))
		return VM_FAULT_SIGBUS;
	ret = mmap_insert(idev, vmf);
	ivshmem_device_exit(idev);
	return ret;
}

static const struct vm_operations_struct mmap_vm_ops = {
	.fault = mmap_fault,
};

/* Registers are for who may write: reading alone changes some. */
static int mmap_regs(struct file *file, struct vm_area_struct *vma)
{
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return 0;
}

static int mmap_peers(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

/* What an area asks for beyond being mapped shared. */
static int mmap_prepare(const struct ivshmem_device *idev, const struct ivshmem_area *area,
			struct file *file, struct vm_area_struct *vma)
{
	switch (area - idev->areas) {
	case IVSHMEM_AREA_REGS:
		return mmap_regs(file, vma);
	case IVSHMEM_AREA_PEERS:
		return mmap_peers(vma);
	default:
		return 0;
	}
}

/**
 * ivshmem_mmap() - map the shared memory, the registers or the peers' page
 * @file: an open device, whose reference the VMA keeps
 * @vma: shared, within one of the areas
 *
 * Return: 0; -EINVAL a private mapping or one that is not within an area, -EACCES the registers of
 * a file that can't be written, or the peers' page to be written, -ENODEV the device is gone.
 */
int ivshmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ivshmem_file *ifile = file->private_data;
	struct ivshmem_device *idev = ifile->idev;
	const struct ivshmem_area *area = mmap_area(idev, vma->vm_pgoff, vma_pages(vma));
	int err;

	if (!(vma->vm_flags & VM_MAYSHARE) || !area)
		return -EINVAL;
	err = mmap_prepare(idev, area, file, vma);
	if (err)
		return err;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = idev;
	vma->vm_ops = &mmap_vm_ops;
	return ivshmem_device_is_gone(idev) ? -ENODEV : 0;
}
