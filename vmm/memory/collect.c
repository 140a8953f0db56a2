// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is seen of a tree through a window: the visible parts of all regions in it are collected
 * from the top layer to the bottom, each clipped to what its containers and aliases let through;
 * then a sweep over the addresses takes the topmost of those that cover a place. Where nothing
 * overlaps, as in most windows, they come in order of address and the sweep has nothing to do.
 */
#include <errno.h>
#include <stdlib.h>

#include "memory/collect.h"
#include "memory/dirty.h"
#include "memory/internal.h"
#include "memory/ramblock.h"

struct layer {
	struct flat_range range;
	size_t rank;			/* 0 is the topmost */
};

/* What a region is seen through: a part of it, and where that appears. */
struct window {
	struct range part;		/* offsets in the region */
	hwaddr at;			/* the address of part.first */
	uint8_t flags;			/* FLAT_* of what is above */
	unsigned int depth;
};

static int collect(struct renderer *r, struct memory_region *mr, struct window win);

static int collect_alias(struct renderer *r, struct memory_region *mr, struct window win)
{
	if (!range_up(win.part, mr->alias_offset, &win.part))
		return 0;
	win.depth++;
	return collect(r, mr->alias, win);
}

static int collect_subregion(struct renderer *r, struct memory_region *sub, struct window win)
{
	hwaddr first = win.part.first;

	if (!range_intersect(subregion_range(sub), win.part, &win.part))
		return 0;
	win.at += win.part.first - first;
	range_down(win.part, sub->addr, &win.part);
	win.depth++;
	return collect(r, sub, win);
}

static int hit(void *opaque, struct memory_region *sub)
{
	struct renderer *r = opaque;

	if (r->nr_hits == r->max_hits) {
		void *hits = memory_grow(r->hits, &r->max_hits, sizeof(*r->hits));

		if (!hits)
			return -ENOMEM;
		r->hits = hits;
	}
	r->hits[r->nr_hits++] = sub;
	return 0;
}

/* Whether any of the hits from @base on, which are in order of address, reaches into the next. */
static bool hits_overlap(const struct renderer *r, size_t base)
{
	for (size_t i = base + 1; i < r->nr_hits; i++) {
		if (subregion_range(r->hits[i - 1]).last >= r->hits[i]->addr)
			return true;
	}
	return false;
}

static int topmost_first(const void *pa, const void *pb)
{
	const struct memory_region *a = *(struct memory_region *const *)pa;
	const struct memory_region *b = *(struct memory_region *const *)pb;

	return subregion_hides(a, b) ? -1 : 1;
}

static int collect_subregions(struct renderer *r, struct memory_region *mr, struct window win)
{
	size_t base = r->nr_hits;
	int ret;

	ret = subregions_query(mr, win.part, hit, r);
	if (!ret && hits_overlap(r, base))
		qsort(r->hits + base, r->nr_hits - base, sizeof(*r->hits), topmost_first);
	for (size_t i = base, end = r->nr_hits; !ret && i < end; i++)
		ret = collect_subregion(r, r->hits[i], win);
	r->nr_hits = base;
	return ret;
}

static bool is_ram_backed(const struct memory_region *mr)
{
	return mr->kind == MEMORY_RAM || mr->kind == MEMORY_ROM_DEVICE;
}

static uint8_t own_flags(const struct memory_region *mr)
{
	uint8_t flags = 0;

	if (mr->unmergeable)
		flags |= FLAT_UNMERGEABLE;
	if (mr->kind == MEMORY_ROM_DEVICE && mr->romd)
		flags |= FLAT_ROMD;
	if (is_ram_backed(mr) && ram_block_readonly(mr->ram_block))
		flags |= FLAT_READONLY;
	return flags;
}

static int collect_own(struct renderer *r, struct memory_region *mr, const struct window *win)
{
	struct layer *layer;

	if (r->nr_layers == r->max_layers) {
		void *layers = memory_grow(r->layers, &r->max_layers, sizeof(*r->layers));

		if (!layers)
			return -ENOMEM;
		r->layers = layers;
	}
	layer = &r->layers[r->nr_layers];
	layer->range = (struct flat_range){
		.addr = range_at(win->at, range_extent(win->part)),
		.mr = mr,
		.offset = win->part.first,
		.flags = win->flags | own_flags(mr),
		.log_mask = is_ram_backed(mr) ? memory_region_log_mask(mr) : 0,
	};
	layer->rank = r->nr_layers++;
	return 0;
}

static int collect(struct renderer *r, struct memory_region *mr, struct window win)
{
	int ret = 0;

	if (!mr->enabled || !range_intersect(win.part, range_at(0, mr->last), &win.part))
		return 0;
	if (win.depth > MEMORY_DEPTH_MAX)
		return -ELOOP;
	win.flags |= (mr->readonly ? FLAT_READONLY : 0) |
		     (mr->nonvolatile ? FLAT_NONVOLATILE : 0);
	if (mr->kind == MEMORY_ALIAS)
		return collect_alias(r, mr, win);
	if (mr->subregions)
		ret = collect_subregions(r, mr, win);
	if (!ret && mr->kind != MEMORY_CONTAINER)
		ret = collect_own(r, mr, &win);
	return ret;
}

/* The end of the run from @start on in which each layer starts behind the one before it. */
static size_t run_end(const struct layer *v, size_t start, size_t nr)
{
	size_t i = start + 1;

	while (i < nr && v[i - 1].range.addr.first <= v[i].range.addr.first)
		i++;
	return i < nr ? i : nr;
}

/*
 * Two runs, [start, middle) and [middle, end), become one of @to; of equals the first comes first.
 */
static void merge(struct layer *to, const struct layer *v, size_t start, size_t middle, size_t end)
{
	size_t a = start, b = middle;

	for (size_t i = start; i < end; i++) {
		if (b == end || (a < middle && v[a].range.addr.first <= v[b].range.addr.first))
			to[i] = v[a++];
		else
			to[i] = v[b++];
	}
}

/* One pass over all runs, two by two. How many pairs there were. */
static size_t merge_runs(struct layer *to, const struct layer *v, size_t nr)
{
	size_t start = 0, pairs = 0;

	for (; start < nr; pairs++) {
		size_t middle = run_end(v, start, nr);
		size_t end = middle < nr ? run_end(v, middle, nr) : nr;

		merge(to, v, start, middle, end);
		start = end;
	}
	return pairs;
}

/* By address: containers give theirs in long runs that are in order already. */
static int sort_layers(struct renderer *r)
{
	size_t pairs;

	if (r->max_sorted < r->max_layers) {
		struct layer *sorted = reallocarray(r->sorted, r->max_layers, sizeof(*sorted));

		if (!sorted)
			return -ENOMEM;
		r->sorted = sorted;
		r->max_sorted = r->max_layers;
	}
	do {
		struct layer *v = r->layers;

		pairs = merge_runs(r->sorted, v, r->nr_layers);
		r->layers = r->sorted;
		r->sorted = v;
	} while (pairs > 1);
	return 0;
}

/* The layers that cover the place of the sweep, and some that did: a heap, the topmost first. */
struct cover {
	const struct layer **heap;
	size_t nr;
};

static void cover_push(struct cover *c, const struct layer *layer)
{
	size_t i = c->nr++;

	while (i && c->heap[(i - 1) / 2]->rank > layer->rank) {
		c->heap[i] = c->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	c->heap[i] = layer;
}

static void cover_pop(struct cover *c)
{
	const struct layer *moved = c->heap[--c->nr];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < c->nr) {
		if (child + 1 < c->nr && c->heap[child + 1]->rank < c->heap[child]->rank)
			child++;
		if (c->heap[child]->rank > moved->rank)
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = moved;
}

static const struct layer *cover_top(struct cover *c, hwaddr pos)
{
	while (c->nr && c->heap[0]->range.addr.last < pos)
		cover_pop(c);
	return c->nr ? c->heap[0] : NULL;
}

typedef int (*emit_fn)(struct renderer *r, const struct flat_range *range);

/* The part of @layer in @addr comes next. */
static int emit_part(struct renderer *r, const struct layer *layer, struct range addr, emit_fn emit)
{
	struct flat_range range = layer->range;

	range.offset += addr.first - range.addr.first;
	range.addr = addr;
	return emit(r, &range);
}

static int sweep(struct renderer *r, struct cover *cover, emit_fn emit)
{
	size_t next = 0;
	hwaddr pos = 0;
	int ret;

	for (;;) {
		const struct layer *top = cover_top(cover, pos);
		hwaddr last;

		if (!top && next == r->nr_layers)
			return 0;
		if (!top)
			pos = r->layers[next].range.addr.first;
		while (next < r->nr_layers && r->layers[next].range.addr.first == pos)
			cover_push(cover, &r->layers[next++]);
		top = cover_top(cover, pos);
		last = top->range.addr.last;
		/* what starts below does not cut the top, which may never be merged again */
		while (next < r->nr_layers && r->layers[next].range.addr.first <= last &&
		       r->layers[next].rank > top->rank)
			cover_push(cover, &r->layers[next++]);
		if (next < r->nr_layers && r->layers[next].range.addr.first <= last)
			last = r->layers[next].range.addr.first - 1;
		ret = emit_part(r, top, (struct range){ pos, last }, emit);
		if (ret || last == RANGE_MAX)
			return ret;
		pos = last + 1;
	}
}

static int emit_overlapping(struct renderer *r, emit_fn emit)
{
	struct cover cover;

	while (r->max_heap < r->nr_layers) {
		void *heap = memory_grow(r->heap, &r->max_heap, sizeof(*r->heap));

		if (!heap)
			return -ENOMEM;
		r->heap = heap;
	}
	if (sort_layers(r))
		return -ENOMEM;
	cover = (struct cover){ .heap = r->heap };
	return sweep(r, &cover, emit);
}

static int emit_in_order(struct renderer *r, emit_fn emit)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < r->nr_layers; i++)
		ret = emit(r, &r->layers[i].range);
	return ret;
}

static bool layers_overlap(const struct renderer *r)
{
	for (size_t i = 1; i < r->nr_layers; i++) {
		if (r->layers[i - 1].range.addr.last >= r->layers[i].range.addr.first)
			return true;
	}
	return false;
}

int collect_window(struct renderer *r, struct memory_region *root, struct range window,
		   emit_fn emit)
{
	struct window win = { .part = window, .at = window.first };
	int ret;

	r->nr_layers = 0;
	r->nr_hits = 0;
	ret = collect(r, root, win);
	if (ret)
		return ret;
	return layers_overlap(r) ? emit_overlapping(r, emit) : emit_in_order(r, emit);
}
