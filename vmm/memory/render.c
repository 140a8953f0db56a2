// SPDX-License-Identifier: GPL-2.0-only
/*
 * A new view from an older one: its ranges outside the damage are kept, what is in there is
 * collected anew (collect.c), and of the leaves only those are written again that either touches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/collect.h"
#include "memory/internal.h"
#include "memory/render.h"

/*
 * Leaves are written 3/4 full, so that a few additions fit; a smaller one than this takes in the
 * next.
 */
#define LEAF_FILL	(FLAT_LEAF_MAX * 3 / 4)
#define LEAF_FEW	(FLAT_LEAF_MAX / 4)

/* Buffers larger than this are not kept from one commit to the next, elements. */
#define RENDERER_KEPT	1024

#define HINTS_MIN_LOG2	6

void renderer_fini(struct renderer *r)
{
	free(r->layers);
	free(r->sorted);
	free(r->heap);
	free(r->hits);
	free(r->pending);
	free(r->leaves);
	free(r->firsts);
	*r = (struct renderer){ 0 };
}

static bool range_continues(const struct flat_range *a, const struct flat_range *b)
{
	return range_adjoins(a->addr, b->addr) && a->mr == b->mr && a->flags == b->flags &&
	       a->log_mask == b->log_mask && !(a->flags & FLAT_UNMERGEABLE) &&
	       a->offset + range_extent(a->addr) + 1 == b->offset;
}

static struct flat_range *last_pending(struct renderer *r)
{
	return r->nr_pending ? &r->pending[r->nr_pending - 1] : NULL;
}

static int reserve_pending(struct renderer *r, size_t more)
{
	size_t max = r->max_pending ? r->max_pending : 2 * FLAT_LEAF_MAX;
	struct flat_range *pending;

	if (r->nr_pending + more <= r->max_pending)
		return 0;
	while (max < r->nr_pending + more)
		max *= 2;
	pending = reallocarray(r->pending, max, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	r->pending = pending;
	r->max_pending = max;
	return 0;
}

/* @range comes behind all others. */
static int append(struct renderer *r, const struct flat_range *range)
{
	struct flat_range *last = last_pending(r);

	if (last && range_continues(last, range)) {
		last->addr.last = range->addr.last;
		return 0;
	}
	if (reserve_pending(r, 1))
		return -ENOMEM;
	r->pending[r->nr_pending++] = *range;
	return 0;
}

/* @nr ranges that come behind all others, none of which goes on where the one before it ends. */
static int append_as_is(struct renderer *r, const struct flat_range *ranges, size_t nr)
{
	if (reserve_pending(r, nr))
		return -ENOMEM;
	memcpy(r->pending + r->nr_pending, ranges, nr * sizeof(*ranges));
	r->nr_pending += nr;
	return 0;
}

static int reserve_leaves(struct renderer *r, unsigned int more)
{
	unsigned int max = r->nr_leaves + more;
	struct flat_leaf **leaves;
	hwaddr *firsts;

	if (max <= r->max_leaves)
		return 0;
	max += max / 2;
	leaves = reallocarray(r->leaves, max, sizeof(*leaves));
	if (leaves)
		r->leaves = leaves;
	firsts = reallocarray(r->firsts, max, sizeof(*firsts));
	if (firsts)
		r->firsts = firsts;
	if (!leaves || !firsts)
		return -ENOMEM;
	r->max_leaves = max;
	return 0;
}

static int add_leaf(struct renderer *r, const struct flat_range *ranges, unsigned int nr)
{
	struct flat_leaf *leaf = malloc(sizeof(*leaf) + nr * sizeof(leaf->ranges[0]));

	if (!leaf)
		return -ENOMEM;
	leaf->generation = r->generation;
	leaf->nr = nr;
	memcpy(leaf->ranges, ranges, nr * sizeof(leaf->ranges[0]));
	r->leaves[r->nr_leaves] = leaf;
	r->firsts[r->nr_leaves++] = ranges[0].addr.first;
	r->nr += nr;
	return 0;
}

/* The pending ranges become leaves of like size. */
static int flush(struct renderer *r)
{
	size_t left = r->nr_pending;
	size_t leaves = left <= FLAT_LEAF_MAX ? left > 0 : (left + LEAF_FILL - 1) / LEAF_FILL;
	const struct flat_range *next = r->pending;
	int ret = reserve_leaves(r, leaves);

	for (; !ret && leaves; leaves--) {
		size_t nr = (left + leaves - 1) / leaves;

		ret = add_leaf(r, next, nr);
		next += nr;
		left -= nr;
	}
	r->nr_pending = 0;
	return ret;
}

/* The older view as it is read, from its start to its end. */
struct source {
	struct flat_cursor c;
	hwaddr from;			/* all before is done with */
};

static const struct flat_range *source_get(struct source *s)
{
	return flat_cursor_get(&s->c);
}

/* How many whole leaves end before @limit and need not be looked into: maybe one less than do. */
static unsigned int source_whole_leaves(const struct source *s, hwaddr limit)
{
	const struct flatview *view = s->c.view;
	unsigned int low = s->c.leaf, high = view->nr_leaves;

	if (s->c.i || low == high || view->firsts[low] < s->from)
		return 0;
	/* leaves low to mid - 1 end before the first of leaf mid */
	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (view->firsts[mid] < limit)
			low = mid + 1;
		else
			high = mid;
	}
	return low > s->c.leaf ? low - s->c.leaf - 1 : 0;
}

static int share_leaves(struct renderer *r, struct source *s, unsigned int n)
{
	const struct flatview *view = s->c.view;
	int ret = flush(r);

	if (!ret)
		ret = reserve_leaves(r, n);
	if (ret)
		return ret;
	memcpy(r->leaves + r->nr_leaves, view->leaves + s->c.leaf, n * sizeof(*r->leaves));
	memcpy(r->firsts + r->nr_leaves, view->firsts + s->c.leaf, n * sizeof(*r->firsts));
	r->nr_leaves += n;
	s->c.leaf += n;
	return 0;
}

/* Whether what is pending and the next leaf are better written as one. */
static bool must_open(struct renderer *r, const struct source *s)
{
	const struct flat_leaf *leaf = s->c.view->leaves[s->c.leaf];
	const struct flat_range *last = last_pending(r);

	if (!last)
		return false;
	return range_continues(last, &leaf->ranges[0]) ||
	       (r->nr_pending < LEAF_FEW && r->nr_pending + leaf->nr <= FLAT_LEAF_MAX);
}

/* On to the next range; who leaves a leaf that was read range by range has dropped it. */
static void source_next(struct renderer *r, struct source *s)
{
	unsigned int leaf = s->c.leaf;

	flat_cursor_next(&s->c);
	if (s->c.leaf != leaf)
		r->nr -= s->c.view->leaves[leaf]->nr;
}

/* What is left of @fr from s->from on, up to @last. */
static int append_part(struct renderer *r, const struct source *s, const struct flat_range *fr,
		       hwaddr last)
{
	struct flat_range part = *fr;

	if (part.addr.first < s->from) {
		part.offset += s->from - part.addr.first;
		part.addr.first = s->from;
	}
	if (part.addr.last > last)
		part.addr.last = last;
	return append(r, &part);
}

/* How many ranges from the next one on are whole, in its leaf, and before @limit. */
static unsigned int source_whole_ranges(const struct source *s, hwaddr limit)
{
	const struct flat_leaf *leaf = s->c.view->leaves[s->c.leaf];
	unsigned int end = s->c.i;

	if (leaf->ranges[end].addr.first < s->from)
		return 0;
	while (end < leaf->nr && leaf->ranges[end].addr.last < limit)
		end++;
	return end - s->c.i;
}

/* The next @nr ranges as they are, which are in one leaf. */
static int append_whole(struct renderer *r, struct source *s, unsigned int nr)
{
	const struct flat_range *fr = source_get(s);
	int ret = append(r, fr);

	if (!ret)
		ret = append_as_is(r, fr + 1, nr - 1);
	s->c.i += nr - 1;
	source_next(r, s);
	return ret;
}

/* All of the older view before @limit; only so much is read as the leaves that stay don't have. */
static int keep_before(struct renderer *r, struct source *s, hwaddr limit)
{
	const struct flat_range *fr;
	int ret = 0;

	while (!ret && (fr = source_get(s)) && fr->addr.first < limit) {
		unsigned int n = source_whole_leaves(s, limit);

		if (n && !must_open(r, s)) {
			ret = share_leaves(r, s, n);
			continue;
		}
		n = source_whole_ranges(s, limit);
		if (n) {
			ret = append_whole(r, s, n);
			continue;
		}
		ret = append_part(r, s, fr, limit - 1);
		if (fr->addr.last >= limit)
			break;
		source_next(r, s);
	}
	return ret;
}

static void skip_through(struct renderer *r, struct source *s, hwaddr last)
{
	const struct flat_range *fr;

	while ((fr = source_get(s)) && fr->addr.last <= last)
		source_next(r, s);
	s->from = last + 1;
}

/* Behind the last damage: as keep_before(), of a limit that is no address. */
static int keep_rest(struct renderer *r, struct source *s)
{
	const struct flat_range *fr;
	int ret = 0;

	while (!ret && (fr = source_get(s))) {
		if (!s->c.i && fr->addr.first >= s->from && !must_open(r, s))
			return share_leaves(r, s, s->c.view->nr_leaves - s->c.leaf);
		ret = append_part(r, s, fr, RANGE_MAX);
		source_next(r, s);
	}
	return ret;
}

static int rebuild(struct renderer *r, struct memory_region *root, const struct flatview *old,
		   const struct damage *damage)
{
	struct source s = { .c = { .view = old } };
	int ret = 0;

	for (unsigned int i = 0; !ret && i < damage->nr; i++) {
		struct range window = damage->v[i];

		ret = keep_before(r, &s, window.first);
		if (!ret)
			ret = collect_window(r, root, window, append);
		if (!ret && window.last == RANGE_MAX) {
			skip_through(r, &s, RANGE_MAX);
			return flush(r);
		}
		skip_through(r, &s, window.last);
	}
	if (!ret)
		ret = keep_rest(r, &s);
	return ret ? ret : flush(r);
}

/*
 * Those there were, or if they are few for this view, at least four times as many places as ranges.
 */
static struct flat_hints *hints_for(const struct flatview *old, size_t nr)
{
	unsigned int log2 = HINTS_MIN_LOG2;
	struct flat_hints *hints;

	if (old->hints && nr <= 1ull << (64 - old->hints->shift))
		return old->hints;
	while (1ull << log2 < 4 * nr)
		log2++;
	hints = calloc(1, sizeof(*hints) + sizeof(hints->v[0]) * (1ull << log2));
	if (hints)
		hints->shift = 64 - log2;
	return hints;
}

static struct flatview *assemble(struct renderer *r, struct memory_region *root,
				 const struct flatview *old)
{
	size_t firsts = r->nr_leaves * sizeof(hwaddr);
	struct flatview *view = malloc(sizeof(*view) + firsts + r->nr_leaves * sizeof(*r->leaves));
	struct flat_hints *hints = hints_for(old, r->nr);

	if (!view || !hints) {
		free(view);
		if (hints != old->hints)
			free(hints);
		return NULL;
	}
	view->root = root;
	view->generation = r->generation;
	view->nr = r->nr;
	view->hints = hints;
	view->nr_leaves = r->nr_leaves;
	view->leaves = (struct flat_leaf **)(view->firsts + r->nr_leaves);
	if (r->nr_leaves) {
		memcpy(view->firsts, r->firsts, firsts);
		memcpy(view->leaves, r->leaves, r->nr_leaves * sizeof(*r->leaves));
	}
	return view;
}

static void free_new_leaves(struct flat_leaf **leaves, unsigned int nr, uint64_t generation)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (leaves[i]->generation == generation)
			free(leaves[i]);
	}
}

int flatview_render(struct renderer *r, struct memory_region *root, const struct flatview *old,
		    const struct damage *damage, uint64_t generation, struct flatview **out)
{
	int ret;

	r->nr_pending = 0;
	r->nr_leaves = 0;
	r->nr = old->nr;
	r->generation = generation;
	ret = rebuild(r, root, old, damage);
	if (!ret) {
		*out = assemble(r, root, old);
		ret = *out ? 0 : -ENOMEM;
	}
	if (ret)
		free_new_leaves(r->leaves, r->nr_leaves, generation);
	if (r->max_layers > RENDERER_KEPT || r->max_pending > RENDERER_KEPT)
		renderer_fini(r);
	return ret;
}

void flatview_discard(struct flatview *view, const struct flatview *old)
{
	free_new_leaves(view->leaves, view->nr_leaves, view->generation);
	if (view->hints != old->hints)
		free(view->hints);
	free(view);
}

/* Both have their common leaves in the same order, and each leaf where it starts. */
void flatview_retire(struct memory *mem, struct flatview *old, const struct flatview *new)
{
	unsigned int i = 0, j = 0, nr = new ? new->nr_leaves : 0;

	while (i < old->nr_leaves) {
		/* almost all the time */
		while (i < old->nr_leaves && j < nr && new->leaves[j] == old->leaves[i])
			i++, j++;
		while (j < nr && i < old->nr_leaves && new->firsts[j] < old->firsts[i])
			j++;
		if (i < old->nr_leaves && (j == nr || new->leaves[j] != old->leaves[i]))
			memory_retire(mem, &old->leaves[i++]->retired);
	}
	if (!new || new->hints != old->hints)
		memory_retire(mem, &old->hints->retired);
	memory_retire(mem, &old->retired);
}

static int find_enabled(void *opaque, struct memory_region *sub)
{
	*(struct memory_region **)opaque = sub;
	return 1;
}

/* What @mr looks like through and through, if there is such a region; NULL: empty; else @mr. */
static struct memory_region *look_through(struct memory_region *mr)
{
	struct memory_region *child = NULL;

	if (!mr->enabled)
		return NULL;
	if (mr->readonly || mr->nonvolatile)
		return mr;
	if (mr->kind == MEMORY_ALIAS)
		return !mr->alias_offset && mr->last >= mr->alias->last ? mr->alias : mr;
	if (mr->kind != MEMORY_CONTAINER)
		return mr;
	if (!mr->subregions || !mr->subregions->subtree_enabled)
		return NULL;
	if (mr->subregions->subtree_enabled > 1)
		return mr;
	subregions_query(mr, range_at(0, RANGE_MAX), find_enabled, &child);
	return child->addr || child->last > mr->last ? mr : child;
}

struct memory_region *flatview_root(struct memory_region *root)
{
	/* aliases in a circle never end: leave those to the renderer, which reports them */
	for (unsigned int i = 0; root && i < MEMORY_DEPTH_MAX; i++) {
		struct memory_region *next = look_through(root);

		if (next == root)
			break;
		root = next;
	}
	return root;
}
