/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flat view: what a root region and all below it look like, as ranges in ascending order that do
 * not overlap. Immutable once published. Ranges lie in leaves; the next view shares the leaves that
 * a change did not touch. What a view has and its successor has not is freed when no reader is
 * left.
 */
#ifndef VMM_MEMORY_FLATVIEW_H
#define VMM_MEMORY_FLATVIEW_H

#include "memory/memory.h"
#include "memory/range.h"

/*
 * The first member of what readers find without a lock and memory_retire() frees. Readers never
 * look at it: it may change while they look at the rest.
 */
struct retired {
	struct retired *next;
};

#define FLAT_READONLY		(1u << 0)
#define FLAT_NONVOLATILE	(1u << 1)
#define FLAT_UNMERGEABLE	(1u << 2)
#define FLAT_ROMD		(1u << 3)

struct flat_range {
	struct range addr;		/* in the address space */
	struct memory_region *mr;
	hwaddr offset;			/* in @mr, of addr.first */
	uint8_t flags;			/* FLAT_* */
	uint8_t log_mask;		/* clients, 1 << enum dirty_client */
};

#ifndef FLAT_LEAF_MAX		/* tests make views of many leaves */
#define FLAT_LEAF_MAX	32		/* ranges */
#endif

struct flat_leaf {
	struct retired retired;
	uint64_t generation;		/* of the view it was made for */
	unsigned int nr;		/* of ranges, 1 to FLAT_LEAF_MAX */
	struct flat_range ranges[];
};

/*
 * Where lookups found what they looked for, by page: the last two of the pages that fall into one
 * place, see hinted() below. Any of them may be wrong, so they may live from view to view, and be
 * set by any thread.
 */
struct flat_hints {
	struct retired retired;
	unsigned int shift;		/* 64 - log2 of their number */
	uint64_t v[];			/* the later one in the lower half */
};

#define FLAT_HINT_BITS	6		/* for an index in a leaf */

struct flatview {
	struct retired retired;
	const struct memory_region *root;	/* NULL: the empty view */
	uint64_t generation;		/* of the model, counts commits */
	size_t nr;			/* ranges */
	struct flat_hints *hints;
	unsigned int nr_leaves;
	struct flat_leaf **leaves;	/* nr_leaves, in order; behind firsts */
	hwaddr firsts[];		/* of each leaf, the address of its first range */
};

/* A place in a view: the @i-th range of the @leaf-th leaf; leaf == nr_leaves is the end. */
struct flat_cursor {
	const struct flatview *view;
	unsigned int leaf, i;
};

/* The first range that does not end before @addr. */
struct flat_cursor flatview_seek(const struct flatview *view, hwaddr addr);

/* NULL at the end. */
static inline const struct flat_range *flat_cursor_get(const struct flat_cursor *c)
{
	return c->leaf < c->view->nr_leaves ? &c->view->leaves[c->leaf]->ranges[c->i] : NULL;
}

static inline void flat_cursor_next(struct flat_cursor *c)
{
	if (++c->i == c->view->leaves[c->leaf]->nr) {
		c->leaf++;
		c->i = 0;
	}
}

/* Go through all ranges @fr of @view from the one at or behind @addr. */
#define flatview_for_each_from(fr, cursor, view, addr) \
	for (cursor = flatview_seek(view, addr); (fr = flat_cursor_get(&cursor)); \
	     flat_cursor_next(&cursor))

/*
 * A hint: some bits of a hash of the page, then the leaf, then the index in it. Of the two hints in
 * a place those bits choose, without a branch that would go wrong half the time.
 */
#define HINT_TAG	0xff000000u
#define HINT_LEAVES	(1u << (24 - FLAT_HINT_BITS))

static inline uint64_t hint_hash(hwaddr addr)
{
	return (addr >> 12) * 0x9e3779b97f4a7c15ull;
}

static inline uint64_t *hint_place(struct flat_hints *hints, uint64_t hash)
{
	return &hints->v[hash >> hints->shift];
}

/* From the middle of the hash, whose upper bits are the place. */
static inline uint32_t hint_tag(uint64_t hash)
{
	return hash >> 16 & HINT_TAG;
}

static inline uint32_t hint_choose(uint64_t hints, uint32_t tag)
{
	uint32_t later = hints, earlier = hints >> 32;

	return (later ^ tag) & HINT_TAG ? earlier : later;
}

/* What @hint says, if it is right. */
static inline const struct flat_range *hinted(const struct flatview *view, uint32_t hint,
					      hwaddr addr)
{
	unsigned int leaf = (hint & ~HINT_TAG) >> FLAT_HINT_BITS;
	unsigned int i = hint & ((1 << FLAT_HINT_BITS) - 1);
	const struct flat_range *fr;

	if (leaf >= view->nr_leaves || i >= view->leaves[leaf]->nr)
		return NULL;
	fr = &view->leaves[leaf]->ranges[i];
	return addr - fr->addr.first <= range_extent(fr->addr) ? fr : NULL;
}

/* What flatview_lookup() does without a hint that is right; it leaves one. */
const struct flat_range *flatview_lookup_searching(const struct flatview *view, hwaddr addr);

/* The range that @addr is in; NULL: none. Any thread, inside an RCU read-side section. */
static inline const struct flat_range *flatview_lookup(const struct flatview *view, hwaddr addr)
{
	struct flat_hints *hints = view->hints;
	uint64_t hash = hint_hash(addr), both;
	const struct flat_range *fr;

	if (!hints)
		return NULL;
	both = __atomic_load_n(hint_place(hints, hash), __ATOMIC_RELAXED);
	fr = hinted(view, hint_choose(both, hint_tag(hash)), addr);
	return fr ? fr : flatview_lookup_searching(view, addr);
}

/* The same but for who follows stores. */
static inline bool flat_range_same(const struct flat_range *a, const struct flat_range *b)
{
	return a->addr.first == b->addr.first && a->addr.last == b->addr.last &&
	       a->mr == b->mr && a->offset == b->offset && a->flags == b->flags;
}

/* A range of the view of @as as a section. */
struct memory_region_section section_of(struct address_space *as, const struct flat_range *fr);

#endif /* VMM_MEMORY_FLATVIEW_H */
