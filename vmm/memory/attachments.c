// SPDX-License-Identifier: GPL-2.0-only
/* Eventfds and coalesced ranges: in regions, and as address spaces show them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory/attachments.h"
#include "memory/internal.h"

#define COMPARE(x, y)	((x) < (y) ? -1 : (x) > (y))

int attachment_compare(const struct attachment *a, const struct attachment *b)
{
	int order = COMPARE(a->at.first, b->at.first);

	order = order ? order : COMPARE(a->at.last, b->at.last);
	order = order ? order : COMPARE(a->coalesced, b->coalesced);
	order = order ? order : COMPARE(a->size, b->size);
	order = order ? order : COMPARE(a->match, b->match);
	order = order ? order : COMPARE(a->data, b->data);
	order = order ? order : COMPARE(a->fd, b->fd);
	order = order ? order : COMPARE(a->offset, b->offset);
	return order ? order : COMPARE((uintptr_t)a->mr, (uintptr_t)b->mr);
}

/* Of two that the same store could mean: a region has no more than one of these. */
static bool same_store(const struct attachment *a, const struct attachment *b)
{
	return a->at.first == b->at.first && a->at.last == b->at.last &&
	       a->coalesced == b->coalesced && a->size == b->size && a->match == b->match &&
	       a->data == b->data;
}

/* --- of a region --- */

static unsigned int nr_of(const struct attachments *list)
{
	return list ? list->nr : 0;
}

static void replace(struct memory_region *mr, struct attachments *list)
{
	struct attachments *old = mr->attachments;

	mr->mem->nr_attachments += nr_of(list) - nr_of(old);
	__atomic_store_n(&mr->attachments, list, __ATOMIC_RELEASE);
	if (old)
		memory_retire(mr->mem, &old->retired);
}

static struct attachments *list_alloc(unsigned int nr)
{
	struct attachments *list = malloc(sizeof(*list) + nr * sizeof(list->v[0]));

	if (list)
		list->nr = nr;
	return list;
}

/* The index of the first that does not come before @a. */
static unsigned int list_search(const struct attachments *list, const struct attachment *a)
{
	unsigned int low = 0, high = nr_of(list);

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (attachment_compare(&list->v[mid], a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int by_place(const void *pa, const void *pb)
{
	return attachment_compare(pa, pb);
}

/* Of both, each in order, into one. */
static void merge(struct attachment *to, const struct attachment *a, unsigned int nr_a,
		  const struct attachment *b, unsigned int nr_b)
{
	while (nr_a || nr_b) {
		bool first = !nr_b || (nr_a && attachment_compare(a, b) <= 0);

		*to++ = first ? *a : *b;
		if (first)
			a++, nr_a--;
		else
			b++, nr_b--;
	}
}

static bool list_is_clear(const struct attachments *list)
{
	for (unsigned int i = 1; i < list->nr; i++)
		if (same_store(&list->v[i - 1], &list->v[i]))
			return false;
	return true;
}

/* All of @v, which are in order, or none. */
static int attach(struct memory_region *mr, const struct attachment *v, unsigned int nr)
{
	const struct attachments *old = mr->attachments;
	struct attachments *list = list_alloc(nr_of(old) + nr);

	if (!list)
		return -ENOMEM;
	merge(list->v, old ? old->v : NULL, nr_of(old), v, nr);
	if (!list_is_clear(list)) {
		free(list);
		return -EEXIST;
	}
	replace(mr, list);
	for (unsigned int i = 0; i < nr; i++)
		memory_damage(mr, v[i].at);
	return 0;
}

/*
 * All of @mr's for which @gone says so leave, if they are @nr at least: else -ENOENT. Then, and
 * without memory for a shorter list, none does.
 */
static int detach(struct memory_region *mr, unsigned int nr, const void *opaque,
		  bool (*gone)(const struct attachment *a, const void *opaque))
{
	const struct attachments *old = mr->attachments;
	struct attachments *list;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nr_of(old); i++)
		kept += !gone(&old->v[i], opaque);
	if (nr_of(old) - kept < nr)
		return -ENOENT;
	list = list_alloc(kept);
	if (!list)
		return -ENOMEM;
	kept = 0;
	for (unsigned int i = 0; i < old->nr; i++) {
		if (gone(&old->v[i], opaque))
			memory_damage(mr, old->v[i].at);
		else
			list->v[kept++] = old->v[i];
	}
	replace(mr, list);
	return 0;
}

/* --- eventfds --- */

static bool eventfd_valid(const struct memory_region *mr, const struct memory_eventfd *e)
{
	if (e->size > 8 || e->size & (e->size - 1) || e->fd < 0)
		return false;
	return e->addr <= mr->last && (e->size ? e->size - 1 : 0) <= mr->last - e->addr;
}

static struct attachment eventfd(struct memory_region *mr, const struct memory_eventfd *e)
{
	return (struct attachment){
		.at = range_at(e->addr, e->size ? e->size - 1 : 0), .mr = mr, .offset = e->addr,
		.match = e->match, .size = e->size, .fd = e->fd, .data = e->match ? e->data : 0,
	};
}

/* As attachments, in order; to be freed. */
static struct attachment *eventfds(struct memory_region *mr, const struct memory_eventfd *v,
				   unsigned int nr)
{
	struct attachment *sorted = malloc(nr * sizeof(*sorted));

	for (unsigned int i = 0; sorted && i < nr; i++)
		sorted[i] = eventfd(mr, &v[i]);
	if (sorted)
		qsort(sorted, nr, sizeof(*sorted), by_place);
	return sorted;
}

int memory_region_add_eventfds(struct memory_region *mr, const struct memory_eventfd *v,
			       unsigned int nr)
{
	struct attachment *sorted;
	int ret, committed;

	for (unsigned int i = 0; i < nr; i++)
		if (!eventfd_valid(mr, &v[i]))
			return -EINVAL;
	sorted = nr ? eventfds(mr, v, nr) : NULL;
	if (!sorted)
		return nr ? -ENOMEM : 0;
	memory_transaction_begin(mr->mem);
	ret = attach(mr, sorted, nr);
	committed = memory_transaction_commit(mr->mem);
	free(sorted);
	return ret ? ret : committed;
}

struct listed {
	const struct attachment *v;
	unsigned int nr;
};

static bool is_listed(const struct attachment *a, const void *opaque)
{
	const struct listed *list = opaque;

	return bsearch(a, list->v, list->nr, sizeof(*a), by_place);
}

int memory_region_del_eventfds(struct memory_region *mr, const struct memory_eventfd *v,
			       unsigned int nr)
{
	struct attachment *sorted = nr ? eventfds(mr, v, nr) : NULL;
	const struct listed list = { sorted, nr };
	int ret, committed;

	if (!sorted)
		return nr ? -ENOMEM : 0;
	memory_transaction_begin(mr->mem);
	ret = detach(mr, nr, &list, is_listed);
	committed = memory_transaction_commit(mr->mem);
	free(sorted);
	return ret ? ret : committed;
}

int memory_region_add_eventfd(struct memory_region *mr, hwaddr addr, unsigned int size, bool match,
			      uint64_t data, int fd)
{
	const struct memory_eventfd e = { addr, size, match, data, fd };

	return memory_region_add_eventfds(mr, &e, 1);
}

int memory_region_del_eventfd(struct memory_region *mr, hwaddr addr, unsigned int size, bool match,
			      uint64_t data, int fd)
{
	const struct memory_eventfd e = { addr, size, match, data, fd };

	return memory_region_del_eventfds(mr, &e, 1);
}

/* --- coalesced ranges --- */

int memory_region_add_coalescing(struct memory_region *mr, hwaddr offset, uint64_t size)
{
	struct attachment a = {
		.at = range_at(offset, size - 1), .mr = mr, .offset = offset, .coalesced = true,
		.fd = -1,
	};
	int ret, committed;

	if (!size || offset > mr->last || size - 1 > mr->last - offset)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	ret = attach(mr, &a, 1);
	committed = memory_transaction_commit(mr->mem);
	return ret ? ret : committed;
}

static bool is_coalesced(const struct attachment *a, const void *opaque)
{
	(void)opaque;
	return a->coalesced;
}

int memory_region_clear_coalescing(struct memory_region *mr)
{
	int ret, committed;

	/* not under the lock: a store that is under way may be in a device that waits for it */
	if (mr->mem->flush_coalesced)
		mr->mem->flush_coalesced(mr->mem->flush_opaque);
	memory_transaction_begin(mr->mem);
	ret = detach(mr, 1, NULL, is_coalesced);
	committed = memory_transaction_commit(mr->mem);
	return ret && ret != -ENOENT ? ret : committed;
}

void memory_region_set_flush_coalesced(struct memory_region *mr, bool flush)
{
	__atomic_store_n(&mr->flush_coalesced, flush, __ATOMIC_RELAXED);
}

void memory_set_coalesced_source(struct memory *mem, void (*flush)(void *opaque), void *opaque)
{
	memory_transaction_begin(mem);
	mem->flush_coalesced = flush;
	mem->flush_opaque = opaque;
	memory_transaction_commit(mem);
}

void memory_region_ring_by_device(struct memory_region *mr)
{
	mr->rings_itself = true;
}

void attachments_fini(struct memory_region *mr)
{
	if (!mr->attachments)
		return;
	mr->mem->nr_attachments -= mr->attachments->nr;
	free(mr->attachments);
}

bool attachments_signal(const struct memory_region *mr, hwaddr offset, unsigned int size,
			uint64_t data)
{
	const struct attachments *list = __atomic_load_n(&mr->attachments, __ATOMIC_ACQUIRE);
	struct attachment least = { .at = { offset, offset }, .fd = -1 };
	uint64_t one = 1;
	bool taken = false;

	if (mr->rings_itself)
		return false;
	for (unsigned int i = list_search(list, &least);
	     i < nr_of(list) && list->v[i].at.first == offset; i++) {
		const struct attachment *a = &list->v[i];

		if (a->coalesced || (a->size && a->size != size) || (a->match && a->data != data))
			continue;
		taken |= write(a->fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN;
	}
	return taken;
}

/* --- of an address space --- */

static int attached_add(struct attached *list, const struct attachment *a)
{
	if (list->nr == list->max) {
		void *v = memory_grow(list->v, &list->max, sizeof(*list->v));

		if (!v)
			return -ENOMEM;
		list->v = v;
	}
	list->v[list->nr++] = *a;
	return 0;
}

void attached_fini(struct attached *attached)
{
	free(attached->v);
	*attached = (struct attached){ 0 };
}

/* Widen @r to whole ranges of @view. */
static void widen(struct range *r, const struct flatview *view)
{
	struct flat_cursor first = flatview_seek(view, r->first);
	struct flat_cursor last = flatview_seek(view, r->last);
	const struct flat_range *fr = flat_cursor_get(&first);

	if (fr && fr->addr.first < r->first)
		r->first = fr->addr.first;
	fr = flat_cursor_get(&last);
	if (fr && fr->addr.first <= r->last)
		r->last = fr->addr.last;
}

/* @damaged and what adjoins it, up to where ranges of both views start and end. */
static struct range whole_ranges(struct range damaged, const struct flatview *old,
				 const struct flatview *new)
{
	struct range r = {
		damaged.first ? damaged.first - 1 : 0,
		damaged.last == RANGE_MAX ? RANGE_MAX : damaged.last + 1,
	}, was;

	do {
		was = r;
		widen(&r, old);
		widen(&r, new);
	} while (was.first != r.first || was.last != r.last);
	return r;
}

/* The index of the first that is at @addr or behind it. */
static size_t attached_search(const struct attached *list, hwaddr addr)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (list->v[mid].at.first < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Whether a region that @view shows in @in has any. */
static bool attached_in(const struct flatview *view, struct range in)
{
	const struct flat_range *fr;
	struct flat_cursor c;

	flatview_for_each_from(fr, c, view, in.first) {
		if (fr->addr.first > in.last)
			break;
		if (nr_of(fr->mr->attachments))
			return true;
	}
	return false;
}

bool attached_touched(const struct attached *attached, const struct flatview *old,
		      const struct flatview *new, const struct damage *damage)
{
	for (unsigned int n = 0; n < damage->nr; n++) {
		struct range r = whole_ranges(damage->v[n], old, new);
		size_t i = attached_search(attached, r.first);

		if (i < attached->nr && attached->v[i].at.first <= r.last)
			return true;
		if (attached_in(new, r))
			return true;
	}
	return false;
}

/* As an address space shows it in @fr; an eventfd must be seen whole. Whether it does. */
static bool attachment_shown(const struct attachment *a, const struct flat_range *fr,
			     struct attachment *out)
{
	struct range seen = { fr->offset, fr->offset + range_extent(fr->addr) }, common;

	if (!range_intersect(a->at, seen, &common))
		return false;
	if (!a->coalesced && range_extent(common) != range_extent(a->at))
		return false;
	*out = *a;
	out->offset = common.first;
	out->at = range_at(fr->addr.first + (common.first - fr->offset), range_extent(common));
	return true;
}

static int attached_add_shown(struct attached *out, const struct flatview *view, struct range in)
{
	const struct flat_range *fr;
	struct flat_cursor c;
	struct attachment a;
	int ret = 0;

	flatview_for_each_from(fr, c, view, in.first) {
		const struct attachments *list = fr->mr->attachments;

		if (fr->addr.first > in.last)
			break;
		for (unsigned int i = 0; !ret && i < nr_of(list); i++) {
			if (attachment_shown(&list->v[i], fr, &a))
				ret = attached_add(out, &a);
		}
	}
	return ret;
}

/* Into order. Ranges of a region may be cut to the same one, of which one is enough. */
static void attached_settle(struct attached *list)
{
	size_t kept = 1;

	qsort(list->v, list->nr, sizeof(list->v[0]), by_place);
	for (size_t i = 1; i < list->nr; i++) {
		if (attachment_compare(&list->v[kept - 1], &list->v[i]))
			list->v[kept++] = list->v[i];
	}
	list->nr = kept;
}

int attached_render(struct attached *out, const struct attached *attached,
		    const struct flatview *old, const struct flatview *new,
		    const struct damage *damage)
{
	struct range done = { 0, 0 };
	bool any = false;
	size_t i = 0;
	int ret = 0;

	*out = (struct attached){ 0 };
	for (unsigned int n = 0; !ret && n < damage->nr; n++) {
		struct range r = whole_ranges(damage->v[n], old, new);

		if (any && r.last <= done.last)
			continue;
		if (any && r.first <= done.last)
			r.first = done.last + 1;
		for (; !ret && i < attached->nr && attached->v[i].at.first < r.first; i++)
			ret = attached_add(out, &attached->v[i]);
		while (i < attached->nr && attached->v[i].at.first <= r.last)
			i++;
		ret = ret ? ret : attached_add_shown(out, new, r);
		done = r;
		any = true;
	}
	for (; !ret && i < attached->nr; i++)
		ret = attached_add(out, &attached->v[i]);
	if (ret)
		attached_fini(out);
	else if (out->nr)
		attached_settle(out);
	return ret;
}

struct memory_region_section section_of_attachment(struct address_space *as,
						   const struct attachment *a)
{
	return (struct memory_region_section){
		.mr = a->mr,
		.as = as,
		.offset_within_region = a->offset,
		.offset_within_address_space = a->at.first,
		.size = range_extent(a->at) + 1,
	};
}
