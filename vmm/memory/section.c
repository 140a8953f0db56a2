// SPDX-License-Identifier: GPL-2.0-only
/* Sections: parts of regions as an address space shows them, and how to find one. */
#include "memory/internal.h"

struct memory_region_section section_of(struct address_space *as, const struct flat_range *fr)
{
	return (struct memory_region_section){
		.mr = fr->mr,
		.as = as,
		.offset_within_region = fr->offset,
		.offset_within_address_space = fr->addr.first,
		.size = range_extent(fr->addr) + 1,
		.readonly = fr->flags & FLAT_READONLY,
		.nonvolatile = fr->flags & FLAT_NONVOLATILE,
		.unmergeable = fr->flags & FLAT_UNMERGEABLE,
		.romd = fr->flags & FLAT_ROMD,
		.log_mask = fr->log_mask,
	};
}

/* The address space that shows @mr, and where in it @offset of @mr is. NULL: none, nowhere. */
static struct address_space *space_of(struct memory_region *mr, hwaddr *offset)
{
	struct address_space *as;

	for (; mr->container; mr = mr->container) {
		if (*offset > mr->last || *offset > RANGE_MAX - mr->addr)
			return NULL;
		*offset += mr->addr;
	}
	TAILQ_FOREACH(as, &mr->mem->spaces, link) {
		if (as->root == mr)
			return as;
	}
	return NULL;
}

static bool find_in(struct address_space *as, struct range wanted,
		    struct memory_region_section *sec)
{
	struct flat_cursor c = flatview_seek(as->view, wanted.first);
	const struct flat_range *fr = flat_cursor_get(&c);
	struct flat_range found;
	struct range common;

	if (!fr || !range_intersect(fr->addr, wanted, &common))
		return false;
	found = *fr;
	found.offset += common.first - found.addr.first;
	found.addr = common;
	*sec = section_of(as, &found);
	return true;
}

bool memory_region_find(struct memory_region *mr, hwaddr addr, uint64_t size,
			struct memory_region_section *sec)
{
	struct memory *mem = mr->mem;
	struct address_space *as;
	bool found;

	memory_transaction_begin(mem);
	as = space_of(mr, &addr);
	found = as && find_in(as, range_at(addr, size - 1), sec) &&
		memory_owner_get_live(sec->mr->owner);
	memory_transaction_commit(mem);
	return found;
}

void memory_section_put(struct memory_region_section *sec)
{
	memory_owner_put(sec->mr->owner);
	sec->mr = NULL;
}

bool memory_region_present(struct memory_region *container, hwaddr addr)
{
	struct memory_region_section sec;

	if (!memory_region_find(container, addr, 1, &sec))
		return false;
	memory_section_put(&sec);
	return true;
}
