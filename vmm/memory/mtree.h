/* SPDX-License-Identifier: GPL-2.0-only */
/* The model for people: what the files that print it share. All under the model's lock. */
#ifndef VMM_MEMORY_MTREE_H
#define VMM_MEMORY_MTREE_H

#include "memory/flatview.h"
#include "memory/memory.h"

/* QEMU's word for what @mr is to a guest: "ram", "i/o"; of an alias, what it stands for. */
const char *mtree_word(const struct memory_region *mr, bool readonly);
/* The kind of @mr in a word for programs: "alias", "mmio". */
const char *mtree_kind(const struct memory_region *mr);

/*
 * The subregions of @mr, enabled or not, by address: mr->nr_subregions of them, to be freed; NULL
 * if there are none, or no memory to sort them in.
 */
struct memory_region **mtree_subregions(const struct memory_region *mr);

/* Whether a section starts or ends within a page, so that KVM's slots can't have all of it. */
bool mtree_is_subpage(const struct flat_range *fr);

void mtree_print_views(struct memory *mem, FILE *out, unsigned int flags);
void mtree_json(struct memory *mem, FILE *out, unsigned int flags);

#endif /* VMM_MEMORY_MTREE_H */
