// SPDX-License-Identifier: GPL-2.0-only
/* Places: the lookup of an address, step by step through IOMMUs. */
#include "memory/place.h"

#include "memory/iommu.h"
#include "memory/ramblock.h"

static void place_set(struct place *p, const struct flat_range *fr, hwaddr addr, uint64_t len)
{
	p->fr = fr;
	p->offset = fr->offset + (addr - fr->addr.first);
	p->len = place_cut(len, fr->addr.last - addr);
	p->reach = place_cut(len, RANGE_MAX - addr);
}

/* A gap, up to the next range that there is. */
static __attribute__((noinline)) void place_set_gap(struct place *p, const struct flatview *view,
						    hwaddr addr, uint64_t len)
{
	struct flat_cursor cursor = flatview_seek(view, addr);
	const struct flat_range *next = flat_cursor_get(&cursor);

	p->fr = NULL;
	p->len = place_cut(len, (next ? next->addr.first - 1 : RANGE_MAX) - addr);
}

static void place_look(struct place *p, const struct flatview *view, hwaddr addr, uint64_t len)
{
	const struct flat_range *fr = flatview_lookup(view, addr);

	if (fr)
		place_set(p, fr, addr, len);
	else
		place_set_gap(p, view, addr, len);
}

/* From an IOMMU region to where that sends the access, or to nobody. */
static void place_translate(struct place *p, bool is_write)
{
	struct iommu_entry e = iommu_translate(p->fr->mr, p->offset, is_write);
	enum iommu_access wanted = is_write ? IOMMU_WO : IOMMU_RO;

	p->translated = true;
	p->len = place_cut(p->len, ~p->offset & e.addr_mask);
	if (e.target_as && (e.perm & wanted))
		place_look(p, place_view(e.target_as),
			   (e.translated_addr & ~e.addr_mask) | (p->offset & e.addr_mask), p->len);
	else
		p->fr = NULL;
}

static bool place_leads_on(const struct place *p, bool is_write)
{
	return p->fr && p->fr->mr->kind == MEMORY_IOMMU &&
	       !(is_write && (p->fr->flags & FLAT_READONLY));
}

static __attribute__((noinline)) void place_follow(struct place *p, bool is_write)
{
	for (unsigned int hops = 0; hops < PLACE_HOPS_MAX && place_leads_on(p, is_write); hops++)
		place_translate(p, is_write);
}

void place_find(struct place *p, const struct flatview *view, hwaddr addr, uint64_t len,
		bool is_write)
{
	p->translated = false;
	place_look(p, view, addr, len);
	if (place_leads_on(p, is_write))
		place_follow(p, is_write);
}

bool place_is_direct(const struct place *p, bool is_write)
{
	if (!p->fr)
		return false;
	if (p->fr->mr->kind == MEMORY_ROM_DEVICE)
		return !is_write && (p->fr->flags & FLAT_ROMD);
	return p->fr->mr->kind == MEMORY_RAM && !p->fr->mr->ram_device &&
	       !(is_write && (p->fr->flags & FLAT_READONLY));
}

void place_find_direct(struct place *p, const struct flatview *view, hwaddr addr, uint64_t len,
		       bool is_write)
{
	struct place next;

	place_find(p, view, addr, len, is_write);
	while (p->len < len && place_is_direct(p, is_write)) {
		place_find(&next, view, addr + p->len, len - p->len, is_write);
		if (!place_is_direct(&next, is_write) || next.fr->mr != p->fr->mr ||
		    next.offset != p->offset + p->len)
			return;
		p->len += next.len;
		p->translated |= next.translated;
	}
}

char *place_host(const struct place *p)
{
	return (char *)ram_block_host(p->fr->mr->ram_block) + p->offset;
}
