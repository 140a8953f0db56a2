// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a tree to a flat view in O(N log N): first the visible parts of all regions are collected
 * from the top layer to the bottom, each clipped to what its containers and aliases let through;
 * then a sweep over the addresses takes the topmost of those that cover a place.
 */
#include <errno.h>
#include <stdlib.h>

#include "memory/flatview.h"
#include "memory/ramblock.h"

/* Deeper than any tree that makes sense: a way through aliases that comes back to itself. */
#define DEPTH_MAX 64

struct layer {
	struct flat_range range;
	size_t rank;			/* 0 is the topmost */
};

struct layers {
	struct layer *v;
	size_t nr, max;
};

static int layers_add(struct layers *layers, const struct flat_range *range)
{
	if (layers->nr == layers->max) {
		size_t max = layers->max ? 2 * layers->max : 64;
		struct layer *v = realloc(layers->v, max * sizeof(*v));

		if (!v)
			return -ENOMEM;
		layers->v = v;
		layers->max = max;
	}
	layers->v[layers->nr] = (struct layer){ .range = *range, .rank = layers->nr };
	layers->nr++;
	return 0;
}

/* What a region is seen through: a part of it, and where that appears. */
struct window {
	struct range part;		/* offsets in the region */
	hwaddr at;			/* the address of part.first */
	bool readonly;
	unsigned int depth;
};

static int collect(struct layers *layers, struct memory_region *mr, struct window win);

static int collect_alias(struct layers *layers, struct memory_region *mr, struct window win)
{
	if (!range_up(win.part, mr->alias_offset, &win.part))
		return 0;
	win.depth++;
	return collect(layers, mr->alias, win);
}

static int collect_subregion(struct layers *layers, struct memory_region *sub, struct window win)
{
	hwaddr first = win.part.first;

	if (!range_intersect(range_at(sub->addr, sub->last), win.part, &win.part))
		return 0;
	win.at += win.part.first - first;
	range_down(win.part, sub->addr, &win.part);
	win.depth++;
	return collect(layers, sub, win);
}

static int collect_own(struct layers *layers, struct memory_region *mr, const struct window *win)
{
	struct flat_range range = {
		.addr = range_at(win->at, range_extent(win->part)),
		.mr = mr,
		.offset = win->part.first,
		.readonly = win->readonly || (mr->ram_block && ram_block_readonly(mr->ram_block)),
	};

	return layers_add(layers, &range);
}

static int collect(struct layers *layers, struct memory_region *mr, struct window win)
{
	if (!mr->enabled || !range_intersect(win.part, range_at(0, mr->last), &win.part))
		return 0;
	if (win.depth > DEPTH_MAX)
		return -ELOOP;
	win.readonly |= mr->readonly;
	if (mr->alias)
		return collect_alias(layers, mr, win);
	for (unsigned int i = mr->nr_subregions; i-- > 0;) {
		int ret = collect_subregion(layers, mr->subregions[i], win);

		if (ret)
			return ret;
	}
	return mr->ops || mr->ram_block ? collect_own(layers, mr, &win) : 0;
}

static int layer_compare(const void *pa, const void *pb)
{
	const struct layer *a = pa, *b = pb;

	if (a->range.addr.first != b->range.addr.first)
		return a->range.addr.first < b->range.addr.first ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
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

static bool range_continues(const struct flat_range *a, const struct flat_range *b)
{
	return range_adjoins(a->addr, b->addr) && a->mr == b->mr && a->readonly == b->readonly &&
	       a->offset + range_extent(a->addr) + 1 == b->offset;
}

/* The part of @layer in @addr comes next. */
static void emit(struct flatview *view, const struct layer *layer, struct range addr)
{
	struct flat_range range = layer->range;
	struct flat_range *prev = view->nr ? &view->ranges[view->nr - 1] : NULL;

	range.offset += addr.first - range.addr.first;
	range.addr = addr;
	if (prev && range_continues(prev, &range))
		prev->addr.last = addr.last;
	else
		view->ranges[view->nr++] = range;
}

static void sweep(const struct layers *layers, struct cover *cover, struct flatview *view)
{
	size_t next = 0;
	hwaddr pos = 0;

	for (;;) {
		const struct layer *top = cover_top(cover, pos);
		hwaddr last;

		if (!top && next == layers->nr)
			return;
		if (!top)
			pos = layers->v[next].range.addr.first;
		while (next < layers->nr && layers->v[next].range.addr.first == pos)
			cover_push(cover, &layers->v[next++]);
		top = cover_top(cover, pos);
		last = top->range.addr.last;
		if (next < layers->nr && layers->v[next].range.addr.first <= last)
			last = layers->v[next].range.addr.first - 1;
		emit(view, top, (struct range){ pos, last });
		if (last == RANGE_MAX)
			return;
		pos = last + 1;
	}
}

/* Each step of the sweep ends a layer or starts one: at most two ranges a layer. */
static int flatten(struct layers *layers, struct memory_region *root, struct flatview **out)
{
	struct cover cover = { .heap = malloc(layers->nr * sizeof(*cover.heap)) };
	struct flatview *view = flatview_alloc(root, 2 * layers->nr), *fit;

	if (!view || (!cover.heap && layers->nr)) {
		free(view);
		free(cover.heap);
		return -ENOMEM;
	}
	if (layers->nr)
		qsort(layers->v, layers->nr, sizeof(*layers->v), layer_compare);
	sweep(layers, &cover, view);
	free(cover.heap);
	fit = realloc(view, sizeof(*view) + view->nr * sizeof(view->ranges[0]));
	*out = fit ? fit : view;
	return 0;
}

int flatview_render(struct memory_region *root, struct flatview **out)
{
	struct window all = { .part = range_at(0, RANGE_MAX) };
	struct layers layers = { 0 };
	int ret = 0;

	if (root)
		ret = collect(&layers, root, all);
	if (!ret)
		ret = flatten(&layers, root, out);
	free(layers.v);
	return ret;
}
