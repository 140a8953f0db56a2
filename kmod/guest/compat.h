/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this driver is built for, by what the probes of Kbuild
 * found and by the kernel's own configuration symbols.
 */
#ifndef IVSHMEM_COMPAT_H
#define IVSHMEM_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>

#include "../compat.h"

#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifndef HAVE_COPY_SPLICE_READ
#define copy_splice_read generic_file_splice_read
#endif

/*
 * A huge entry for memory without struct page must be marked as such, or the lockless walk of
 * get_user_pages_fast() takes it for ordinary memory. Kernels with special PMDs mark it by
 * themselves; before them, a device entry without a dev_pagemap is what that walk refuses.
 */
#if defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP)
#define IVSHMEM_HUGE_MAPPINGS
#define IVSHMEM_HUGE_PFN_FLAGS	PFN_DEV
#elif defined(CONFIG_TRANSPARENT_HUGEPAGE) && defined(CONFIG_ARCH_HAS_PTE_DEVMAP) && \
	defined(HAVE_PFN_T)
#define IVSHMEM_HUGE_MAPPINGS
#define IVSHMEM_HUGE_PFN_FLAGS	(PFN_DEV | PFN_MAP)
#elif defined(CONFIG_TRANSPARENT_HUGEPAGE) && defined(CONFIG_ARCH_HAS_PTE_DEVMAP)
#error a kernel with device entries has pfn_t: probe/PFN_T.c failed for another reason
#endif

#ifdef IVSHMEM_HUGE_MAPPINGS
#ifdef HAVE_PFN_T
#include <linux/pfn_t.h>

static inline vm_fault_t compat_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, IVSHMEM_HUGE_PFN_FLAGS), write);
}
#else
static inline vm_fault_t compat_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return vmf_insert_pfn_pmd(vmf, pfn, write);
}
#endif
#endif

#endif /* IVSHMEM_COMPAT_H */
