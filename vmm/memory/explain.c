// SPDX-License-Identifier: GPL-2.0-only
/*
 * All ways through a tree to one address, the topmost first: the first that ends in a region that
 * is enabled, and within all that is on its way, is what a guest sees.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/explain.h"
#include "memory/internal.h"

#define STEPS_MAX	(1u << 20)	/* in all: aliases can make of a small tree a huge one */

struct walk {
	struct explanation *e;
	struct explain_step way[MEMORY_DEPTH_MAX];
	unsigned int depth, steps;
	int error;
};

/* What is known of a way so far. */
struct verdict {
	enum explain_why why;
	const struct memory_region *by;
};

static void walk_region(struct walk *w, const struct memory_region *mr, hwaddr offset,
			struct verdict v);

static int candidate_add(struct walk *w, struct verdict v)
{
	struct explanation *e = w->e;
	struct explain_step *way = reallocarray(NULL, w->depth, sizeof(*way));

	if (way && e->nr == e->max) {
		unsigned int max = e->max ? 2 * e->max : 16;
		struct explain_candidate *bigger = reallocarray(e->v, max, sizeof(*bigger));

		e->v = bigger ? bigger : e->v;
		e->max = bigger ? max : e->max;
	}
	if (!way || e->nr == e->max) {
		free(way);
		return -ENOMEM;
	}
	memcpy(way, w->way, w->depth * sizeof(*way));
	e->v[e->nr++] = (struct explain_candidate){
		.why = v.why, .by = v.by, .nr = w->depth, .way = way,
	};
	return 0;
}

struct hits {
	const struct memory_region **v;
	unsigned int nr;
	hwaddr offset;			/* in the container */
	bool beyond;			/* those that end before it are wanted too */
};

/* Beyond the end of a container or an alias may be something that would be there were it larger. */
static int hits_add(void *opaque, struct memory_region *sub)
{
	bool has_more = sub->kind == MEMORY_CONTAINER || sub->kind == MEMORY_ALIAS;
	struct hits *hits = opaque;

	if (hits->offset < sub->addr)
		return 0;
	if (hits->offset - sub->addr <= sub->last || (hits->beyond && has_more))
		hits->v[hits->nr++] = sub;
	return 0;
}

static int topmost_first(const void *pa, const void *pb)
{
	const struct memory_region *a = *(const struct memory_region *const *)pa;
	const struct memory_region *b = *(const struct memory_region *const *)pb;

	return subregion_hides(a, b) ? -1 : 1;
}

static void walk_subregions(struct walk *w, const struct memory_region *mr, hwaddr offset,
			    struct verdict v)
{
	struct hits hits = { .offset = offset, .beyond = v.why == EXPLAIN_SHOWN };

	if (!mr->nr_subregions)
		return;
	hits.v = reallocarray(NULL, mr->nr_subregions, sizeof(*hits.v));
	if (!hits.v) {
		w->error = -ENOMEM;
		return;
	}
	subregions_for_each(mr, hits_add, &hits);
	qsort(hits.v, hits.nr, sizeof(*hits.v), topmost_first);
	for (unsigned int i = 0; i < hits.nr; i++)
		walk_region(w, hits.v[i], offset - hits.v[i]->addr, v);
	free(hits.v);
}

/* What is said of a way is what is met first; only one thing on it may end too early. */
static bool verdict_enter(struct verdict *v, const struct memory_region *mr, hwaddr offset)
{
	if (!mr->enabled && v->why == EXPLAIN_SHOWN)
		*v = (struct verdict){ EXPLAIN_DISABLED, mr };
	if (offset <= mr->last)
		return true;
	if (v->why != EXPLAIN_SHOWN)
		return false;
	*v = (struct verdict){ mr->alias ? EXPLAIN_WINDOW : EXPLAIN_CUT_OFF, mr };
	return true;
}

static void walk_inside(struct walk *w, const struct memory_region *mr, hwaddr offset,
			struct verdict v)
{
	if (mr->alias) {
		if (offset <= RANGE_MAX - mr->alias_offset)
			walk_region(w, mr->alias, offset + mr->alias_offset, v);
		return;
	}
	walk_subregions(w, mr, offset, v);
	if (mr->kind != MEMORY_CONTAINER && offset <= mr->last && !w->error)
		w->error = candidate_add(w, v);
}

static void walk_region(struct walk *w, const struct memory_region *mr, hwaddr offset,
			struct verdict v)
{
	if (w->error || !verdict_enter(&v, mr, offset))
		return;
	if (w->depth == MEMORY_DEPTH_MAX || w->steps == STEPS_MAX) {
		w->e->complete = false;
		return;
	}
	w->steps++;
	w->way[w->depth++] = (struct explain_step){ mr, offset };
	walk_inside(w, mr, offset, v);
	w->depth--;
}

/* Why @c is behind @top: where their ways part, both are in one container. */
static void compare(const struct explain_candidate *top, struct explain_candidate *c)
{
	unsigned int i = 0;

	while (i < c->nr && c->way[i].mr == top->way[i].mr)
		i++;
	c->by = top->way[i].mr;
	c->loser = i < c->nr ? c->way[i].mr : NULL;
	if (!c->loser)
		c->why = EXPLAIN_SUBREGION;
	else if (c->by->priority != c->loser->priority)
		c->why = EXPLAIN_PRIORITY;
	else
		c->why = EXPLAIN_LATER;
}

/* By how much what is on the way of @c ends too early; 0: it doesn't. */
static uint64_t missed_by(const struct explain_candidate *c)
{
	unsigned int i = 0;

	if (c->why < EXPLAIN_CUT_OFF)
		return 0;
	while (c->way[i].mr != c->by || c->way[i].offset <= c->by->last)
		i++;
	return c->way[i].offset - c->by->last;
}

/* What is enabled goes first, in its order; what ends too early last, the nearest before others. */
static bool goes_after(const struct explain_candidate *a, const struct explain_candidate *b)
{
	if ((a->why < EXPLAIN_DISABLED) != (b->why < EXPLAIN_DISABLED))
		return b->why < EXPLAIN_DISABLED;
	return missed_by(a) > missed_by(b);
}

static void order(struct explanation *e)
{
	for (unsigned int i = 1; i < e->nr; i++) {
		struct explain_candidate c = e->v[i];
		unsigned int k = i;

		for (; k && goes_after(&e->v[k - 1], &c); k--)
			e->v[k] = e->v[k - 1];
		e->v[k] = c;
	}
}

/* Whether a candidate before the @i-th ends in the same byte. */
static bool is_known(const struct explanation *e, unsigned int i)
{
	const struct explain_step *end = explain_end(&e->v[i]);

	for (unsigned int k = 0; k < i; k++) {
		const struct explain_step *other = explain_end(&e->v[k]);

		if (other->mr == end->mr && other->offset == end->offset)
			return true;
	}
	return false;
}

/* That a window ends before a byte that can be seen through another one is no news. */
static void drop_known(struct explanation *e)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < e->nr; i++) {
		struct explain_candidate c = e->v[i];

		e->v[kept] = c;
		if (c.why >= EXPLAIN_CUT_OFF && is_known(e, kept))
			free(c.way);
		else
			kept++;
	}
	e->nr = kept;
}

int explain(const struct address_space *as, hwaddr addr, struct explanation *e)
{
	struct walk w = { .e = e };

	*e = (struct explanation){ .complete = true };
	walk_region(&w, as->root, addr, (struct verdict){ EXPLAIN_SHOWN, NULL });
	if (w.error) {
		explain_fini(e);
		return w.error;
	}
	order(e);
	for (unsigned int i = 1; i < e->nr && e->v[i].why == EXPLAIN_SHOWN; i++)
		compare(&e->v[0], &e->v[i]);
	drop_known(e);
	return 0;
}

void explain_fini(struct explanation *e)
{
	for (unsigned int i = 0; i < e->nr; i++)
		free(e->v[i].way);
	free(e->v);
	*e = (struct explanation){ 0 };
}
