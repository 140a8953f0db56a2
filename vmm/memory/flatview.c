// SPDX-License-Identifier: GPL-2.0-only
/* Flat views for their readers: the search in them. render.c makes them. */
#include <assert.h>

#include "memory/flatview.h"

static_assert(FLAT_LEAF_MAX <= 1 << FLAT_HINT_BITS, "an index in a leaf fits into a hint");

/* The number of leaves that start at or before @addr. */
static unsigned int leaves_before(const struct flatview *view, hwaddr addr)
{
	const hwaddr *base = view->firsts;
	unsigned int n = view->nr_leaves;

	while (n > 1) {
		unsigned int half = n / 2;

		base = base[half] <= addr ? base + half : base;
		n -= half;
	}
	return base - view->firsts + (n && *base <= addr);
}

/* The index of the first range of @leaf that does not end before @addr; leaf->nr if all do. */
static unsigned int leaf_search(const struct flat_leaf *leaf, hwaddr addr)
{
	const struct flat_range *base = leaf->ranges;
	unsigned int n = leaf->nr;

	while (n > 1) {
		unsigned int half = n / 2;

		base = base[half - 1].addr.last < addr ? base + half : base;
		n -= half;
	}
	return base - leaf->ranges + (base->addr.last < addr);
}

struct flat_cursor flatview_seek(const struct flatview *view, hwaddr addr)
{
	unsigned int n = leaves_before(view, addr);
	struct flat_cursor c = { .view = view, .leaf = n ? n - 1 : 0 };

	if (!n)
		return c;
	c.i = leaf_search(view->leaves[c.leaf], addr);
	if (c.i == view->leaves[c.leaf]->nr) {
		c.leaf++;
		c.i = 0;
	}
	return c;
}

const struct flat_range *flatview_lookup_searching(const struct flatview *view, hwaddr addr)
{
	uint64_t hash = hint_hash(addr), *place = hint_place(view->hints, hash);
	uint64_t old = __atomic_load_n(place, __ATOMIC_RELAXED);
	struct flat_cursor c = flatview_seek(view, addr);
	const struct flat_range *fr = flat_cursor_get(&c);

	if (!fr || fr->addr.first > addr)
		return NULL;
	if (c.leaf < HINT_LEAVES)
		__atomic_store_n(place, old << 32 | hint_tag(hash) | c.leaf << FLAT_HINT_BITS | c.i,
				 __ATOMIC_RELAXED);
	return fr;
}
