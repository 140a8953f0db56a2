// SPDX-License-Identifier: GPL-2.0-only
/* Flat views as objects: their life, their equality, the search in them. render.c makes them. */
#include <stdlib.h>

#include "memory/flatview.h"

struct flatview *flatview_alloc(const struct memory_region *root, size_t nr)
{
	struct flatview *view = malloc(sizeof(*view) + nr * sizeof(view->ranges[0]));

	if (!view)
		return NULL;
	view->refs = 1;
	view->root = root;
	view->nr = 0;
	return view;
}

struct flatview *flatview_get(struct flatview *view)
{
	view->refs++;
	return view;
}

static void flatview_free(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct flatview, rcu));
}

void flatview_put(struct flatview *view)
{
	if (!--view->refs)
		urcu_memb_call_rcu(&view->rcu, flatview_free);
}

bool flat_range_equal(const struct flat_range *a, const struct flat_range *b)
{
	return a->addr.first == b->addr.first && a->addr.last == b->addr.last &&
	       a->mr == b->mr && a->offset == b->offset && a->readonly == b->readonly;
}

size_t flatview_search(const struct flatview *view, hwaddr addr)
{
	size_t low = 0, high = view->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (view->ranges[mid].addr.last < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The one enabled subregion of @mr if there is no more than that; whether there is more. */
static bool only_child(const struct memory_region *mr, struct memory_region **child)
{
	*child = NULL;
	for (unsigned int i = 0; i < mr->nr_subregions; i++) {
		if (!mr->subregions[i]->enabled)
			continue;
		if (*child)
			return false;
		*child = mr->subregions[i];
	}
	return true;
}

/* What @mr looks like through and through, if there is such a region; NULL: empty; else @mr. */
static struct memory_region *look_through(struct memory_region *mr)
{
	struct memory_region *child;

	if (!mr->enabled)
		return NULL;
	if (mr->readonly || mr->ops || mr->ram_block)
		return mr;
	if (mr->alias)
		return !mr->alias_offset && mr->last >= mr->alias->last ? mr->alias : mr;
	if (!only_child(mr, &child))
		return mr;
	if (child && (child->addr || child->last > mr->last))
		return mr;
	return child;
}

struct memory_region *flatview_root(struct memory_region *root)
{
	/* aliases in a circle never end: leave those to the renderer, which reports them */
	for (unsigned int i = 0; root && i < 64; i++) {
		struct memory_region *next = look_through(root);

		if (next == root)
			break;
		root = next;
	}
	return root;
}
