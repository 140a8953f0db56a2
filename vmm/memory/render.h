/* SPDX-License-Identifier: GPL-2.0-only */
/* Rendering: from a tree, an older view of it and the damage since then to a new view. */
#ifndef VMM_MEMORY_RENDER_H
#define VMM_MEMORY_RENDER_H

#include "memory/damage.h"
#include "memory/flatview.h"

struct layer;

/* A list of ranges that is going to be leaves, and the leaves that are finished. */
struct renderer {
	struct layer *layers;		/* what is seen in a window, from the topmost down */
	size_t nr_layers, max_layers;
	struct layer *sorted;		/* room to sort them */
	size_t max_sorted;
	const struct layer **heap;	/* of the sweep; as many as layers */
	size_t max_heap;
	struct memory_region **hits;	/* a stack of subregions being gone through */
	size_t nr_hits, max_hits;
	struct flat_range *pending;	/* the last ranges, not in a leaf yet */
	size_t nr_pending, max_pending;
	struct flat_leaf **leaves;
	hwaddr *firsts;
	unsigned int nr_leaves, max_leaves;
	size_t nr;			/* ranges in @leaves */
	uint64_t generation;		/* of the leaves it makes */
};

void renderer_fini(struct renderer *r);

/**
 * flatview_render() - the view of @root that follows @old
 * @old: what it was, true but for @damage
 * @damage: settled
 * @generation: of the new view and its new leaves
 *
 * Leaves without damage are shared. -ENOMEM, -ELOOP. Under the model's lock.
 */
int flatview_render(struct renderer *r, struct memory_region *root, const struct flatview *old,
		    const struct damage *damage, uint64_t generation, struct flatview **out);

/* Take back the view behind @old that nobody saw. */
void flatview_discard(struct flatview *view, const struct flatview *old);

/* Let readers finish with what @old has and @new has not; @new NULL: with all of @old. */
void flatview_retire(struct memory *mem, struct flatview *old, const struct flatview *new);

/* A region whose view is that of @root, through whole aliases and only children; NULL: empty. */
struct memory_region *flatview_root(struct memory_region *root);

#endif /* VMM_MEMORY_RENDER_H */
