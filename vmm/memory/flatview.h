/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flat view: what a root region and all below it look like, as ranges in ascending order that do
 * not overlap. Immutable once rendered; shared by the address spaces that look alike; freed when
 * the last of them has another and no reader is left.
 */
#ifndef VMM_MEMORY_FLATVIEW_H
#define VMM_MEMORY_FLATVIEW_H

#include <urcu/urcu-memb.h>

#include "memory/memory.h"
#include "memory/range.h"

struct flat_range {
	struct range addr;		/* in the address space */
	struct memory_region *mr;
	hwaddr offset;			/* in @mr, of addr.first */
	bool readonly;
};

struct flatview {
	struct rcu_head rcu;
	unsigned int refs;		/* under the model's lock */
	const struct memory_region *root;
	size_t nr;
	struct flat_range ranges[];
};

/* A view with room for @nr ranges and none yet; one reference, the caller's. NULL: no memory. */
struct flatview *flatview_alloc(const struct memory_region *root, size_t nr);
struct flatview *flatview_get(struct flatview *view);
void flatview_put(struct flatview *view);

/* The view below @root (NULL: an empty one). -ENOMEM, -ELOOP. Called under the model's lock. */
int flatview_render(struct memory_region *root, struct flatview **out);

/* A region whose view is that of @root, through whole aliases and only children; NULL: empty. */
struct memory_region *flatview_root(struct memory_region *root);

bool flat_range_equal(const struct flat_range *a, const struct flat_range *b);

/* The index of the first range that does not end before @addr; view->nr if all do. */
size_t flatview_search(const struct flatview *view, hwaddr addr);

#endif /* VMM_MEMORY_FLATVIEW_H */
