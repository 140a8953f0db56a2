// SPDX-License-Identifier: GPL-2.0-only
/* The difference of two views. */
#include <errno.h>
#include <stdlib.h>

#include "memory/change.h"
#include "memory/internal.h"

/* Kept allocated from commit to commit, ranges. */
#define RANGES_KEPT	1024

int change_create(struct address_space *as)
{
	as->change = calloc(1, sizeof(*as->change));
	return as->change ? 0 : -ENOMEM;
}

static void ranges_fini(struct flat_ranges *list)
{
	free(list->v);
	*list = (struct flat_ranges){ 0 };
}

static void ranges_clear(struct flat_ranges *list)
{
	list->nr = 0;
	if (list->max > RANGES_KEPT)
		ranges_fini(list);
}

static int ranges_add(struct flat_ranges *list, const struct flat_range *fr)
{
	if (list->nr == list->max) {
		void *v = memory_grow(list->v, &list->max, sizeof(*list->v));

		if (!v)
			return -ENOMEM;
		list->v = v;
	}
	list->v[list->nr++] = fr;
	return 0;
}

static int add_log(struct space_change *change, const struct flat_range *old,
		   const struct flat_range *new)
{
	int ret;

	if (old->log_mask == new->log_mask)
		return 0;
	ret = ranges_add(&change->log_old, old);
	return ret ? ret : ranges_add(&change->log_new, new);
}

/* Both views, as they are gone through at once. */
struct comparison {
	struct flat_cursor old, new;
};

/* On to the first range that does not end before @addr, if that is further on. */
static void cursor_advance(struct flat_cursor *c, hwaddr addr)
{
	struct flat_cursor to = flatview_seek(c->view, addr);

	if (to.leaf > c->leaf || (to.leaf == c->leaf && to.i > c->i))
		*c = to;
}

/* NULL if the next range starts behind @last. */
static const struct flat_range *cursor_get_until(const struct flat_cursor *c, hwaddr last)
{
	const struct flat_range *fr = flat_cursor_get(c);

	return fr && fr->addr.first <= last ? fr : NULL;
}

/* All that starts up to @last. Ranges are in order, and no two of a view start together. */
static int compare_until(struct space_change *change, struct comparison *c, hwaddr last)
{
	int ret = 0;

	while (!ret) {
		const struct flat_range *a = cursor_get_until(&c->old, last);
		const struct flat_range *b = cursor_get_until(&c->new, last);

		if (!a && !b)
			break;
		if (a && b && flat_range_same(a, b)) {
			ret = add_log(change, a, b);
			flat_cursor_next(&c->old);
			flat_cursor_next(&c->new);
		} else if (!b || (a && a->addr.first <= b->addr.first)) {
			ret = ranges_add(&change->del, a);
			flat_cursor_next(&c->old);
		} else {
			ret = ranges_add(&change->add, b);
			flat_cursor_next(&c->new);
		}
	}
	return ret;
}

/*
 * Only where there is damage, and one address further: what ends or starts there may have been one
 * with what was, or is, in there.
 */
static int compare(struct address_space *as, const struct damage *damage)
{
	struct comparison c = { { .view = as->view }, { .view = as->change->view } };
	int ret = 0;

	for (unsigned int i = 0; !ret && i < damage->nr; i++) {
		hwaddr first = damage->v[i].first, last = damage->v[i].last;

		cursor_advance(&c.old, first ? first - 1 : 0);
		cursor_advance(&c.new, first ? first - 1 : 0);
		ret = compare_until(as->change, &c, last == RANGE_MAX ? last : last + 1);
	}
	return ret;
}

static int ranges_copy(struct flat_ranges *to, const struct flat_ranges *from)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < from->nr; i++)
		ret = ranges_add(to, from->v[i]);
	return ret;
}

/* What was found for @from, which shows the same views. */
static int copy(struct space_change *to, const struct space_change *from)
{
	int ret = ranges_copy(&to->del, &from->del);

	if (!ret)
		ret = ranges_copy(&to->add, &from->add);
	if (!ret)
		ret = ranges_copy(&to->log_old, &from->log_old);
	return ret ? ret : ranges_copy(&to->log_new, &from->log_new);
}

/* As many spaces show the same, the one before @as has often done the work. */
static int compare_once(struct address_space *as, const struct damage *damage)
{
	const struct address_space *prev = TAILQ_PREV(as, spaces, link);

	if (prev && prev->change->changed && prev->view == as->view &&
	    prev->change->view == as->change->view)
		return copy(as->change, prev->change);
	return compare(as, damage);
}

static int find_attached(struct address_space *as, const struct damage *damage)
{
	struct space_change *change = as->change;
	int ret;

	if (!change->attached.nr && !as->mem->nr_attachments)
		return 0;
	if (!attached_touched(&change->attached, as->view, change->view, damage))
		return 0;
	ret = attached_render(&change->next_attached, &change->attached, as->view, change->view,
			      damage);
	change->attached_changed = !ret;
	return ret;
}

int change_find(struct address_space *as, const struct damage *damage)
{
	int ret = compare_once(as, damage);

	if (!ret)
		ret = find_attached(as, damage);
	as->change->changed = !ret;
	return ret;
}

int change_attach(struct address_space *as)
{
	struct range everything = { 0, RANGE_MAX };
	const struct damage all = { .v = &everything, .nr = 1 };
	const struct attached none = { 0 };

	attached_fini(&as->change->attached);
	return attached_render(&as->change->attached, &none, as->mem->empty, as->view, &all);
}

static void clear(struct space_change *change)
{
	ranges_clear(&change->del);
	ranges_clear(&change->add);
	ranges_clear(&change->log_old);
	ranges_clear(&change->log_new);
	attached_fini(&change->next_attached);
	change->attached_changed = false;
	change->changed = false;
	change->view_root = NULL;
	change->view = NULL;
}

void change_forget(struct address_space *as)
{
	clear(as->change);
}

void change_done(struct address_space *as)
{
	struct space_change *change = as->change;

	if (change->attached_changed) {
		attached_fini(&change->attached);
		change->attached = change->next_attached;
		change->next_attached = (struct attached){ 0 };
	}
	clear(change);
}

void change_destroy(struct address_space *as)
{
	if (!as->change)
		return;
	clear(as->change);
	ranges_fini(&as->change->del);
	ranges_fini(&as->change->add);
	ranges_fini(&as->change->log_old);
	ranges_fini(&as->change->log_new);
	attached_fini(&as->change->attached);
	free(as->change);
	as->change = NULL;
}
