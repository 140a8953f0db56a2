// SPDX-License-Identifier: GPL-2.0-only
// The flags of a VMA are changed through functions, and constant to everybody else.
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
}
