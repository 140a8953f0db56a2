// SPDX-License-Identifier: GPL-2.0-only
/* Listeners: a change of an address space as events, in the order that is promised. */
#include "memory/change.h"
#include "memory/internal.h"

#define for_each_listener(l, space) \
	TAILQ_FOREACH(l, &(space)->mem->listeners, link) \
		if (!(l)->as || (l)->as == (space))

#define for_each_listener_reverse(l, space) \
	TAILQ_FOREACH_REVERSE(l, &(space)->mem->listeners, listeners, link) \
		if (!(l)->as || (l)->as == (space))

/* The first error of several. */
static int first_of(int ret, int err)
{
	return ret ? ret : err;
}

bool listeners_any(const struct address_space *as)
{
	const struct memory_listener *l;

	for_each_listener(l, as)
		return true;
	return false;
}

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
	int ret = 0;

	TAILQ_FOREACH(l, &mem->listeners, link) {
		if (l->commit)
			ret = first_of(ret, l->commit(l));
	}
	return ret;
}

struct memory_region_section memory_change_del(const struct memory_change *change, size_t i)
{
	return section_of(change->as, change->del[i]);
}

struct memory_region_section memory_change_add(const struct memory_change *change, size_t i)
{
	return section_of(change->as, change->add[i]);
}

int listeners_check(struct address_space *as)
{
	const struct flat_ranges *del = &as->change->del, *add = &as->change->add;
	const struct memory_change told = {
		.as = as, .nr_del = del->nr, .nr_add = add->nr, .del = del->v, .add = add->v,
	};
	struct memory_listener *l;
	int ret = 0;

	if (!del->nr && !add->nr)
		return 0;
	for_each_listener(l, as) {
		if (!ret && l->check)
			ret = l->check(l, &told);
	}
	return ret;
}

/* --- one event, one listener --- */

static void tell_detached(struct memory_listener *l, struct address_space *as,
			  const struct attachment *a)
{
	struct memory_region_section sec = section_of_attachment(as, a);

	if (!a->coalesced && l->eventfd_del)
		l->eventfd_del(l, &sec, a->size, a->match, a->data, a->fd);
	if (a->coalesced && l->coalesced_io_del)
		l->coalesced_io_del(l, &sec, a->at.first, sec.size);
}

static int tell_attached(struct memory_listener *l, struct address_space *as,
			 const struct attachment *a)
{
	struct memory_region_section sec = section_of_attachment(as, a);

	if (!a->coalesced && l->eventfd_add)
		return l->eventfd_add(l, &sec, a->size, a->match, a->data, a->fd);
	if (a->coalesced && l->coalesced_io_add)
		return l->coalesced_io_add(l, &sec, a->at.first, sec.size);
	return 0;
}

static void tell_log_start(struct memory_listener *l, const struct memory_region_section *sec,
			   unsigned int old)
{
	if (l->log_start && sec->log_mask & ~old)
		l->log_start(l, sec, old, sec->log_mask);
}

static int tell_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	int ret = l->region_add ? l->region_add(l, sec) : 0;

	tell_log_start(l, sec, 0);
	return ret;
}

/* --- what goes --- */

/* Those of @a that are not in @b; both in order. */
static const struct attachment *next_missing(const struct attached *a, const struct attached *b,
					     size_t *i, size_t *j)
{
	for (; *i < a->nr; ++*i) {
		while (*j < b->nr && attachment_compare(&b->v[*j], &a->v[*i]) < 0)
			++*j;
		if (*j == b->nr || attachment_compare(&b->v[*j], &a->v[*i]))
			return &a->v[(*i)++];
	}
	return NULL;
}

static const struct attachment *previous_missing(const struct attached *a,
						 const struct attached *b, size_t *i, size_t *j)
{
	while (*i) {
		--*i;
		while (*j && attachment_compare(&b->v[*j - 1], &a->v[*i]) > 0)
			--*j;
		if (!*j || attachment_compare(&b->v[*j - 1], &a->v[*i]))
			return &a->v[*i];
	}
	return NULL;
}

void listeners_detach(struct address_space *as)
{
	const struct space_change *change = as->change;
	size_t i = change->attached.nr, j = change->next_attached.nr;
	const struct attachment *a;
	struct memory_listener *l;

	if (!change->attached_changed)
		return;
	while ((a = previous_missing(&change->attached, &change->next_attached, &i, &j))) {
		for_each_listener_reverse(l, as)
			tell_detached(l, as, a);
	}
}

static void tell_log_stop(struct address_space *as, const struct flat_range *was,
			  const struct flat_range *is)
{
	struct memory_region_section sec = section_of(as, is);
	struct memory_listener *l;

	if (!(was->log_mask & ~is->log_mask))
		return;
	for_each_listener_reverse(l, as) {
		if (l->log_stop)
			l->log_stop(l, &sec, was->log_mask, is->log_mask);
	}
}

static void tell_del(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;

	for_each_listener_reverse(l, as) {
		if (l->region_del)
			l->region_del(l, &sec);
	}
}

void listeners_del(struct address_space *as)
{
	const struct space_change *change = as->change;

	for (size_t i = change->log_old.nr; i-- > 0;)
		tell_log_stop(as, change->log_old.v[i], change->log_new.v[i]);
	for (size_t i = change->del.nr; i-- > 0;)
		tell_del(as, change->del.v[i]);
}

/* --- what comes --- */

static bool wants_nops(struct address_space *as)
{
	struct memory_listener *l;

	for_each_listener(l, as) {
		if (l->region_nop)
			return true;
	}
	return false;
}

static int tell_all_add(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;
	int ret = 0;

	for_each_listener(l, as)
		ret = first_of(ret, tell_add(l, &sec));
	return ret;
}

static void tell_all_nop(struct address_space *as, const struct flat_range *fr)
{
	struct memory_region_section sec = section_of(as, fr);
	struct memory_listener *l;

	for_each_listener(l, as) {
		if (l->region_nop)
			l->region_nop(l, &sec);
	}
}

static void tell_all_log_start(struct address_space *as, const struct flat_range *was,
			       const struct flat_range *is)
{
	struct memory_region_section sec = section_of(as, is);
	struct memory_listener *l;

	for_each_listener(l, as)
		tell_log_start(l, &sec, was->log_mask);
}

/* The whole view, for those who want to hear of what stays. */
static int tell_adds_and_nops(struct address_space *as)
{
	const struct flat_ranges *add = &as->change->add;
	const struct flat_range *fr;
	struct flat_cursor c;
	size_t next = 0;
	int ret = 0;

	flatview_for_each_from(fr, c, as->change->view, 0) {
		if (next < add->nr && add->v[next] == fr) {
			ret = first_of(ret, tell_all_add(as, fr));
			next++;
		} else {
			tell_all_nop(as, fr);
		}
	}
	return ret;
}

static int tell_adds(struct address_space *as)
{
	const struct flat_ranges *add = &as->change->add;
	int ret = 0;

	for (size_t i = 0; i < add->nr; i++)
		ret = first_of(ret, tell_all_add(as, add->v[i]));
	return ret;
}

int listeners_add(struct address_space *as)
{
	const struct space_change *change = as->change;
	int ret;

	ret = wants_nops(as) ? tell_adds_and_nops(as) : tell_adds(as);
	for (size_t i = 0; i < change->log_new.nr; i++)
		tell_all_log_start(as, change->log_old.v[i], change->log_new.v[i]);
	return ret;
}

int listeners_attach(struct address_space *as)
{
	const struct space_change *change = as->change;
	const struct attachment *a;
	struct memory_listener *l;
	size_t i = 0, j = 0;
	int ret = 0;

	if (!change->attached_changed)
		return 0;
	while ((a = next_missing(&change->next_attached, &change->attached, &i, &j))) {
		for_each_listener(l, as)
			ret = first_of(ret, tell_attached(l, as, a));
	}
	return ret;
}

/* --- coming and going --- */

static void insert_by_priority(struct memory_listener *l)
{
	struct memory_listener *other;

	TAILQ_FOREACH(other, &l->mem->listeners, link) {
		if (other->priority > l->priority) {
			TAILQ_INSERT_BEFORE(other, l, link);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&l->mem->listeners, l, link);
}

/* All that @as shows, as if nothing had been there before. */
static int replay_space(struct memory_listener *l, struct address_space *as)
{
	const struct attached *attached = &as->change->attached;
	const struct flat_range *fr;
	struct flat_cursor c;
	int ret = 0;

	flatview_for_each_from(fr, c, as->view, 0) {
		struct memory_region_section sec = section_of(as, fr);

		ret = first_of(ret, tell_add(l, &sec));
	}
	for (size_t i = 0; i < attached->nr; i++)
		ret = first_of(ret, tell_attached(l, as, &attached->v[i]));
	return ret;
}

static int replay(struct memory_listener *l)
{
	struct address_space *as;
	int ret = 0;

	if (l->begin)
		l->begin(l);
	if (l->mem->global_log && l->log_global_start)
		ret = l->log_global_start(l);
	TAILQ_FOREACH(as, &l->mem->spaces, link) {
		if (!l->as || l->as == as)
			ret = first_of(ret, replay_space(l, as));
	}
	if (l->commit)
		ret = first_of(ret, l->commit(l));
	return ret;
}

/* What is attached is not followed where nobody listens. */
static int attach_unheard(struct memory *mem)
{
	struct address_space *as;
	int ret = 0;

	TAILQ_FOREACH(as, &mem->spaces, link) {
		if (!listeners_any(as))
			ret = first_of(ret, change_attach(as));
	}
	return ret;
}

static int listener_register(struct memory_listener *l, struct memory *mem,
			     struct address_space *as)
{
	int ret;

	memory_transaction_begin(mem);
	l->mem = mem;
	l->as = as;
	ret = attach_unheard(mem);
	insert_by_priority(l);
	ret = first_of(ret, replay(l));
	memory_transaction_commit(mem);
	return ret;
}

int memory_listener_register(struct memory_listener *l, struct address_space *as)
{
	return listener_register(l, as->mem, as);
}

int memory_listener_register_all(struct memory_listener *l, struct memory *mem)
{
	return listener_register(l, mem, NULL);
}

static void tell_del_backwards(struct memory_listener *l, struct address_space *as)
{
	const struct flatview *view = as->view;

	for (unsigned int leaf = view->nr_leaves; leaf-- > 0;) {
		for (unsigned int i = view->leaves[leaf]->nr; i-- > 0;) {
			struct memory_region_section sec =
				section_of(as, &view->leaves[leaf]->ranges[i]);

			if (l->log_stop && sec.log_mask)
				l->log_stop(l, &sec, sec.log_mask, 0);
			if (l->region_del)
				l->region_del(l, &sec);
		}
	}
}

static void replay_space_backwards(struct memory_listener *l, struct address_space *as)
{
	const struct attached *attached = &as->change->attached;

	for (size_t i = attached->nr; i-- > 0;)
		tell_detached(l, as, &attached->v[i]);
	tell_del_backwards(l, as);
}

void listeners_blank(struct address_space *as)
{
	struct memory_listener *l;

	for_each_listener_reverse(l, as)
		replay_space_backwards(l, as);
}

static void replay_backwards(struct memory_listener *l)
{
	struct address_space *as;

	if (l->begin)
		l->begin(l);
	TAILQ_FOREACH_REVERSE(as, &l->mem->spaces, spaces, link) {
		if (!l->as || l->as == as)
			replay_space_backwards(l, as);
	}
	if (l->mem->global_log && l->log_global_stop)
		l->log_global_stop(l);
	if (l->commit)
		l->commit(l);
}

void memory_listener_unregister(struct memory_listener *l)
{
	struct memory *mem = l->mem;

	memory_transaction_begin(mem);
	replay_backwards(l);
	TAILQ_REMOVE(&mem->listeners, l, link);
	l->mem = NULL;
	l->as = NULL;
	memory_transaction_commit(mem);
}
