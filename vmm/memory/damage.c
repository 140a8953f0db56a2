// SPDX-License-Identifier: GPL-2.0-only
/* Which parts of which views a change may show in. */
#include <errno.h>
#include <stdlib.h>

#include "memory/damage.h"
#include "memory/flatview.h"
#include "memory/internal.h"

/* Up to here damaged ranges are worth being rendered one by one; then one in 8 of the view's. */
#define DAMAGE_FEW	16

/* Kept allocated from commit to commit, ranges. */
#define DAMAGE_KEPT	64

static const struct range everything = { 0, RANGE_MAX };

static int damage_resize(struct damage *d, unsigned int max)
{
	struct range *v = reallocarray(d->v, max, sizeof(*v));

	if (!v)
		return -ENOMEM;
	d->v = v;
	d->max = max;
	return 0;
}

int damage_init(struct damage *d)
{
	*d = (struct damage){ 0 };
	return damage_resize(d, DAMAGE_KEPT);
}

/* One range that all of @a and @b is in. */
static struct range hull(struct range a, struct range b)
{
	return (struct range){
		a.first < b.first ? a.first : b.first, a.last > b.last ? a.last : b.last,
	};
}

/* Whether no address is between @a and @b. */
static bool touches(struct range a, struct range b)
{
	return (!b.first || a.last >= b.first - 1) && (!a.first || b.last >= a.first - 1);
}

void damage_add(struct damage *d, struct range r)
{
	if (d->nr && touches(d->v[d->nr - 1], r)) {
		d->v[d->nr - 1] = hull(d->v[d->nr - 1], r);
		return;
	}
	if (d->nr < d->max || !damage_resize(d, 2 * d->max))
		d->v[d->nr++] = r;
	else
		d->v[0] = everything;
}

void damage_add_all(struct damage *d)
{
	d->nr = 0;
	damage_add(d, everything);
}

static int by_first(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* The range of @view that @addr is in, if it is never merged. */
static const struct flat_range *unmergeable_at(const struct flatview *view, hwaddr addr)
{
	struct flat_cursor c = flatview_seek(view, addr);
	const struct flat_range *fr = flat_cursor_get(&c);

	return fr && fr->addr.first <= addr && fr->flags & FLAT_UNMERGEABLE ? fr : NULL;
}

void damage_widen(struct damage *d, const struct flatview *view)
{
	const struct flat_range *fr;

	for (unsigned int i = 0; i < d->nr; i++) {
		struct range *r = &d->v[i];

		fr = r->first ? unmergeable_at(view, r->first - 1) : NULL;
		if (fr)
			r->first = fr->addr.first;
		fr = r->last < RANGE_MAX ? unmergeable_at(view, r->last + 1) : NULL;
		if (fr)
			r->last = fr->addr.last;
	}
}

/* Who adds many regions does so in order, mostly. */
static bool in_order(const struct damage *d)
{
	for (unsigned int i = 1; i < d->nr; i++) {
		if (d->v[i - 1].first > d->v[i].first)
			return false;
	}
	return true;
}

void damage_settle(struct damage *d, size_t nr)
{
	unsigned int kept = 0;

	if (d->nr < 2)
		return;
	if (!in_order(d))
		qsort(d->v, d->nr, sizeof(d->v[0]), by_first);
	for (unsigned int i = 1; i < d->nr; i++) {
		if (touches(d->v[kept], d->v[i]))
			d->v[kept] = hull(d->v[kept], d->v[i]);
		else
			d->v[++kept] = d->v[i];
	}
	d->nr = kept + 1;
	if (d->nr > DAMAGE_FEW && d->nr > nr / 8) {
		d->v[0] = hull(d->v[0], d->v[d->nr - 1]);
		d->nr = 1;
	}
}

void damage_clear(struct damage *d)
{
	d->nr = 0;
	if (d->max > DAMAGE_KEPT)
		damage_resize(d, DAMAGE_KEPT);
}

void damage_fini(struct damage *d)
{
	free(d->v);
	*d = (struct damage){ 0 };
}

static void damage_up(struct memory_region *mr, struct range r, unsigned int depth);

/* Once all is damaged there is nothing more to find: in circles that part, ways without number. */
static void damage_aliases(struct memory_region *mr, struct range r, unsigned int depth)
{
	struct memory_region *alias;
	struct range up;

	TAILQ_FOREACH(alias, &mr->aliases, alias_link) {
		if (!mr->mem->damaged_all && range_down(r, alias->alias_offset, &up))
			damage_up(alias, up, depth + 1);
	}
}

/* @r: offsets of @mr. What is disabled shows nothing; enabling it is damage in turn. */
static void damage_up(struct memory_region *mr, struct range r, unsigned int depth)
{
	for (;;) {
		if (!mr->enabled || r.first > mr->last)
			return;
		if (r.last > mr->last)
			r.last = mr->last;
		if (depth++ > MEMORY_DEPTH_MAX) {
			memory_damage_all(mr->mem);
			return;
		}
		if (mr->view_root)
			damage_add(&mr->view_root->damage, r);
		if (!TAILQ_EMPTY(&mr->aliases))
			damage_aliases(mr, r, depth);
		if (!mr->container || !range_up(r, mr->addr, &r))
			return;
		mr = mr->container;
	}
}

void memory_damage(struct memory_region *mr, struct range r)
{
	mr->mem->dirty = true;
	if (!mr->mem->damaged_all)
		damage_up(mr, r, 0);
}

void memory_damage_all(struct memory *mem)
{
	mem->dirty = true;
	mem->damaged_all = true;
}
