// SPDX-License-Identifier: GPL-2.0-only
/* Listeners: the difference of two views as events, in the order that is promised. */
#include "memory/flatview.h"
#include "memory/internal.h"

void listeners_begin(struct memory *mem)
{
	struct memory_listener *l;

	TAILQ_FOREACH(l, &mem->listeners, link) {
		if (l->begin)
			l->begin(l);
	}
}

int listeners_commit(struct memory *mem)
{
	struct memory_listener *l;
	int ret = 0, err;

	TAILQ_FOREACH(l, &mem->listeners, link) {
		err = l->commit ? l->commit(l) : 0;
		ret = ret ? ret : err;
	}
	return ret;
}

static void tell_del(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;

	TAILQ_FOREACH_REVERSE(l, &as->mem->listeners, listeners, link) {
		if (l->as == as && l->region_del)
			l->region_del(l, &sec);
	}
}

static int tell_add(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;
	int ret = 0, err;

	TAILQ_FOREACH(l, &as->mem->listeners, link) {
		err = l->as == as && l->region_add ? l->region_add(l, &sec) : 0;
		ret = ret ? ret : err;
	}
	return ret;
}

static void tell_nop(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;

	TAILQ_FOREACH(l, &as->mem->listeners, link) {
		if (l->as == as && l->region_nop)
			l->region_nop(l, &sec);
	}
}

/* Both walk the two views at once: ranges are in order, and no two of a view start together. */
void listeners_del(struct address_space *as, const struct flatview *old,
		   const struct flatview *new)
{
	size_t j = new->nr;

	for (size_t i = old->nr; i-- > 0;) {
		const struct flat_range *fr = &old->ranges[i];

		while (j && new->ranges[j - 1].addr.first > fr->addr.first)
			j--;
		if (!j || !flat_range_equal(&new->ranges[j - 1], fr))
			tell_del(as, fr);
	}
}

int listeners_add(struct address_space *as, const struct flatview *old,
		  const struct flatview *new)
{
	size_t j = 0;
	int ret = 0, err;

	for (size_t i = 0; i < new->nr; i++) {
		const struct flat_range *fr = &new->ranges[i];

		while (j < old->nr && old->ranges[j].addr.first < fr->addr.first)
			j++;
		if (j < old->nr && flat_range_equal(&old->ranges[j], fr)) {
			tell_nop(as, fr);
			continue;
		}
		err = tell_add(as, fr);
		ret = ret ? ret : err;
	}
	return ret;
}

static void insert_by_priority(struct memory *mem, struct memory_listener *l)
{
	struct memory_listener *other;

	TAILQ_FOREACH(other, &mem->listeners, link) {
		if (other->priority > l->priority) {
			TAILQ_INSERT_BEFORE(other, l, link);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&mem->listeners, l, link);
}

/* All of @view, as if nothing had been there before. */
static int replay(struct memory_listener *l, const struct flatview *view)
{
	int ret = 0, err;

	if (l->begin)
		l->begin(l);
	for (size_t i = 0; l->region_add && i < view->nr; i++) {
		struct memory_region_section sec = section_of(l->as, &view->ranges[i]);

		err = l->region_add(l, &sec);
		ret = ret ? ret : err;
	}
	err = l->commit ? l->commit(l) : 0;
	return ret ? ret : err;
}

int memory_listener_register(struct memory_listener *l, struct address_space *as)
{
	int ret;

	memory_transaction_begin(as->mem);
	l->as = as;
	insert_by_priority(as->mem, l);
	ret = replay(l, as->view);
	memory_transaction_commit(as->mem);
	return ret;
}

static void replay_backwards(struct memory_listener *l, const struct flatview *view)
{
	if (l->begin)
		l->begin(l);
	for (size_t i = view->nr; l->region_del && i-- > 0;) {
		struct memory_region_section sec = section_of(l->as, &view->ranges[i]);

		l->region_del(l, &sec);
	}
	if (l->commit)
		l->commit(l);
}

void memory_listener_unregister(struct memory_listener *l)
{
	struct memory *mem = l->as->mem;

	memory_transaction_begin(mem);
	replay_backwards(l, l->as->view);
	TAILQ_REMOVE(&mem->listeners, l, link);
	l->as = NULL;
	memory_transaction_commit(mem);
}
