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
		size_t max = list->max ? 2 * list->max : 16;
		const struct flat_range **v = reallocarray(list->v, max, sizeof(*v));

		if (!v)
			return -ENOMEM;
		list->v = v;
		list->max = max;
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

/* Past all that both have in one leaf. */
static void skip_shared(struct flat_cursor *old, struct flat_cursor *new)
{
	while (!old->i && !new->i && old->leaf < old->view->nr_leaves &&
	       new->leaf < new->view->nr_leaves &&
	       old->view->leaves[old->leaf] == new->view->leaves[new->leaf]) {
		old->leaf++;
		new->leaf++;
	}
}

/* One range of either, or of both. */
static int compare_next(struct space_change *change, struct flat_cursor *old,
			struct flat_cursor *new)
{
	const struct flat_range *a = flat_cursor_get(old), *b = flat_cursor_get(new);
	int ret;

	if (a && b && flat_range_same(a, b)) {
		ret = add_log(change, a, b);
		flat_cursor_next(old);
		flat_cursor_next(new);
	} else if (!b || (a && a->addr.first <= b->addr.first)) {
		ret = ranges_add(&change->del, a);
		flat_cursor_next(old);
	} else {
		ret = ranges_add(&change->add, b);
		flat_cursor_next(new);
	}
	return ret;
}

/* Ranges are in order, and no two of a view start together. */
static int compare(struct address_space *as)
{
	struct flat_cursor old = { .view = as->view }, new = { .view = as->change->view };
	int ret = 0;

	for (;;) {
		skip_shared(&old, &new);
		if (ret || (!flat_cursor_get(&old) && !flat_cursor_get(&new)))
			return ret;
		ret = compare_next(as->change, &old, &new);
	}
}

int change_find(struct address_space *as, const struct damage *damage)
{
	struct space_change *change = as->change;
	int ret = compare(as);

	if (!ret && (change->attached.nr || as->mem->nr_attachments)) {
		ret = attached_render(&change->next_attached, &change->attached, as->view,
				      change->view, damage);
		change->attached_changed = !ret;
	}
	change->changed = !ret;
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
