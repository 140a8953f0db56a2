// SPDX-License-Identifier: GPL-2.0-only
/* Dirty pages and listeners: those who know of stores are asked, and told what was taken. */
#include "memory/dirty_sync.h"
#include "memory/internal.h"

/* Sections of @mr (NULL: of all regions) within @pages of it. */
struct section_filter {
	const struct memory_region *mr;
	struct range pages;
};

static const struct section_filter filter_all = { NULL, { 0, RANGE_MAX } };

typedef void (*section_fn)(struct memory_listener *l, const struct memory_region_section *sec,
			   const void *opaque);

/* The part of a section that the filter lets through; none: false. */
static bool section_cut(struct memory_region_section *sec, const struct section_filter *filter)
{
	struct range own = range_at(sec->offset_within_region, sec->size - 1), cut;

	if ((filter->mr && filter->mr != sec->mr) || !range_intersect(own, filter->pages, &cut))
		return false;
	sec->offset_within_address_space += cut.first - own.first;
	sec->offset_within_region = cut.first;
	sec->size = range_extent(cut) + 1;
	return true;
}

static void space_for_each(struct memory_listener *l, struct address_space *as,
			   const struct section_filter *filter, section_fn fn, const void *opaque)
{
	const struct flat_range *fr;
	struct flat_cursor cursor;

	flatview_for_each_from(fr, cursor, as->view, 0) {
		struct memory_region_section sec = section_of(as, fr);

		if (fr->log_mask && section_cut(&sec, filter))
			fn(l, &sec, opaque);
	}
}

/* Call @fn for each section that @l hears of, is followed, and passes the filter. */
static void listener_for_each(struct memory_listener *l, const struct section_filter *filter,
			      section_fn fn, const void *opaque)
{
	struct address_space *as;

	TAILQ_FOREACH(as, &l->mem->spaces, link)
		if (!l->as || l->as == as)
			space_for_each(l, as, filter, fn, opaque);
}

static void section_sync(struct memory_listener *l, const struct memory_region_section *sec,
			 const void *opaque)
{
	(void)opaque;
	l->log_sync(l, sec);
}

static void sync_all(struct memory *mem, const struct section_filter *filter, bool last_stage)
{
	struct memory_listener *l;

	memory_transaction_begin(mem);
	TAILQ_FOREACH(l, &mem->listeners, link) {
		if (l->log_sync_global)
			l->log_sync_global(l, last_stage);
		else if (l->log_sync)
			listener_for_each(l, filter, section_sync, NULL);
	}
	memory_transaction_commit(mem);
}

void memory_region_sync_dirty(struct memory_region *mr)
{
	struct section_filter filter = { mr, { 0, RANGE_MAX } };

	sync_all(mr->mem, &filter, false);
}

void memory_global_dirty_log_sync(struct memory *mem, bool last_stage)
{
	sync_all(mem, &filter_all, last_stage);
}

static void section_clear(struct memory_listener *l, const struct memory_region_section *sec,
			  const void *snap)
{
	if (!snap || dirty_snapshot_get(snap, sec->offset_within_region, sec->size))
		l->log_clear(l, sec);
}

void dirty_tell_clear(struct memory_region *mr, hwaddr addr, uint64_t size,
		      const struct dirty_snapshot *snap)
{
	struct section_filter filter = { mr, range_at(addr, size - 1) };
	struct memory_listener *l;

	filter.pages.first &= ~(MEMORY_PAGE - 1);
	filter.pages.last |= MEMORY_PAGE - 1;
	TAILQ_FOREACH(l, &mr->mem->listeners, link)
		if (l->log_clear)
			listener_for_each(l, &filter, section_clear, snap);
}

static void tell_stop_before(struct memory *mem, struct memory_listener *l)
{
	for (l = l ? TAILQ_PREV(l, listeners, link) : TAILQ_LAST(&mem->listeners, listeners); l;
	     l = TAILQ_PREV(l, listeners, link))
		if (l->log_global_stop)
			l->log_global_stop(l);
}

int dirty_tell_global_start(struct memory *mem)
{
	struct memory_listener *l;

	TAILQ_FOREACH(l, &mem->listeners, link) {
		int ret = l->log_global_start ? l->log_global_start(l) : 0;

		if (ret) {
			tell_stop_before(mem, l);
			return ret;
		}
	}
	return 0;
}

void dirty_tell_global_stop(struct memory *mem)
{
	tell_stop_before(mem, NULL);
}
