// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap(): the shared memory at offset 0, page by page as it is touched, 2 MiB at a time where the
 * address, the memory and the mapping allow. The entries take their memory type from the
 * reservation that the driver's own write-back mapping made.
 */
#include <linux/mm.h>

#include "compat.h"
#include "device.h"
#include "mmap.h"

/* Does the mapping lie within the memory? In pages, so that no sum can overflow. */
static bool mmap_fits(const struct ivshmem_device *idev, struct vm_area_struct *vma)
{
	unsigned long pages = ivshmem_device_pages(idev);

	return vma->vm_pgoff <= pages && vma_pages(vma) <= pages - vma->vm_pgoff;
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
	unsigned long pfn = PHYS_PFN(idev->phys) + vmf->pgoff;
	vm_fault_t ret;

	if (vmf->pgoff >= ivshmem_device_pages(idev))
		return VM_FAULT_SIGBUS;
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

/**
 * ivshmem_mmap() - map the shared memory
 * @file: an open device, whose reference the VMA keeps
 * @vma: shared, at offset 0 of the memory or behind
 *
 * Return: 0; -EINVAL a private mapping or one that ends past the memory, -ENODEV the device is
 * gone.
 */
int ivshmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ivshmem_device *idev = file->private_data;

	if (!(vma->vm_flags & VM_MAYSHARE) || !mmap_fits(idev, vma))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = idev;
	vma->vm_ops = &mmap_vm_ops;
	return ivshmem_device_is_gone(idev) ? -ENODEV : 0;
}
