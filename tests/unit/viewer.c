// SPDX-License-Identifier: GPL-2.0-only
/* The listener that draws what it hears, and minds the order in which it hears it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/flatview.h"
#include "util.h"
#include "world.h"

static struct viewer *viewer_of(struct memory_listener *l)
{
	return container_of(l, struct viewer, listener);
}

static int space_index(struct viewer *v, const struct memory_region_section *sec)
{
	ptrdiff_t s = sec->as - v->world->spaces;

	MUST(v->world, s >= 0 && s < WORLD_SPACES);
	MUST(v->world, !v->listener.as || v->listener.as == sec->as);
	return s;
}

static struct cell_range cells_of(struct world *w, const struct memory_region_section *sec)
{
	hwaddr first = sec->offset_within_address_space;

	return world_cells(w, first, first + (sec->size - 1));
}

static uint8_t flags_of(const struct memory_region_section *sec)
{
	return (sec->readonly ? PAINTER_READONLY : 0) |
	       (sec->nonvolatile ? PAINTER_NONVOLATILE : 0) |
	       (sec->unmergeable ? PAINTER_UNMERGEABLE : 0) | (sec->romd ? PAINTER_ROMD : 0);
}

/* The @i-th cell of @sec. */
static struct painter_cell cell_of(struct world *w, const struct memory_region_section *sec, int i,
				   uint8_t log)
{
	return (struct painter_cell){
		.node = sec->mr - w->regions, .flags = flags_of(sec), .log = log, .starts = !i,
		.offset = (sec->offset_within_region >> w->shift) + i,
	};
}

static bool cells_equal(struct painter_cell a, struct painter_cell b)
{
	return !memcmp(&a, &b, sizeof(a));
}

void viewer_draw(struct world *w, struct picture *p, const struct memory_region_section *sec,
		 uint8_t log)
{
	struct cell_range r = cells_of(w, sec);

	MUST(w, sec->mr >= w->regions && sec->mr < w->regions + PAINTER_NODES);
	MUST(w, !(sec->offset_within_region & (world_bytes(w, 1) - 1)));
	for (int i = r.first; i <= r.last; i++) {
		MUST(w, p->cells[i].node == PAINTER_NOBODY);
		p->cells[i] = cell_of(w, sec, i - r.first, log);
	}
}

/* @sec must be there as a section of its own. */
static void must_see(struct viewer *v, struct picture *p, const struct memory_region_section *sec)
{
	struct cell_range r = cells_of(v->world, sec);
	uint8_t log = p->cells[r.first].log;

	MUST(v->world, picture_section_end(p, r.first) == r.last);
	for (int i = r.first; i <= r.last; i++)
		MUST(v->world, cells_equal(p->cells[i], cell_of(v->world, sec, i - r.first, log)));
}

static void set_log(struct viewer *v, struct picture *p, const struct memory_region_section *sec,
		    uint8_t log)
{
	struct cell_range r = cells_of(v->world, sec);

	for (int i = r.first; i <= r.last; i++)
		p->cells[i].log = log;
}

/*
 * An event of @phase: phases come in order, for all spaces together unless a space or a listener
 * comes or goes as a whole.
 */
static struct viewer_space *hear(struct viewer *v, int s, enum viewer_phase phase)
{
	struct viewer_space *vs = &v->spaces[s];

	MUST(v->world, v->inside);
	MUST(v->world, v->world->bulk || phase >= v->phase);
	MUST(v->world, phase >= vs->phase);
	if (phase != vs->phase)
		vs->place = phase == HEARD_DEL ? PAINTER_CELLS : -1;
	v->phase = phase;
	vs->phase = phase;
	return vs;
}

/* Of listeners the one of lower priority hears of additions first, of deletions last. */
static void mind_priority(struct viewer *v, int s, enum viewer_phase phase, int cell)
{
	struct world *w = v->world;
	unsigned int before = w->heard[phase][s][cell].priority;

	if (w->heard[phase][s][cell].stamp == w->stamp && !w->bulk)
		MUST(w, phase == HEARD_ADD ? before <= v->listener.priority
					   : before >= v->listener.priority);
	w->heard[phase][s][cell].stamp = w->stamp;
	w->heard[phase][s][cell].priority = v->listener.priority;
}

static uint64_t hash(uint64_t h, const struct memory_region_section *sec, int sign)
{
	const uint64_t words[] = {
		(uintptr_t)sec->mr, sec->offset_within_region, sec->offset_within_address_space,
		sec->size, flags_of(sec), sec->log_mask, sign,
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		h = (h ^ words[i]) * 0x100000001b3 + (h >> 29);
	return h;
}

/* In the middle of a commit, lookups already find what comes and still find what goes. */
static void must_be_published(struct viewer *v, const struct memory_region_section *sec)
{
	const struct flatview *view = sec->as->view;
	const struct flat_range *fr = flatview_lookup(view, sec->offset_within_address_space);

	MUST(v->world, fr && fr->mr == sec->mr && fr->offset == sec->offset_within_region);
}

static int viewer_ask(struct memory_listener *l, const struct memory_change *change)
{
	struct viewer *v = viewer_of(l);
	struct viewer_space *vs = &v->spaces[change->as - v->world->spaces];
	struct memory_region_section sec;

	MUST(v->world, !v->inside && !v->world->forced && !vs->promised);
	/* which are told backwards */
	for (size_t i = change->nr_del; i-- > 0;) {
		sec = memory_change_del(change, i);
		vs->promised = hash(vs->promised, &sec, -1);
	}
	for (size_t i = 0; i < change->nr_add; i++) {
		sec = memory_change_add(change, i);
		vs->promised = hash(vs->promised, &sec, 1);
	}
	if (!v->world->veto)
		return 0;
	v->world->vetoed = true;
	return -EPERM;
}

static void viewer_begin(struct memory_listener *l)
{
	struct viewer *v = viewer_of(l);

	MUST(v->world, !v->inside);
	MUST(v->world, !v->world->vetoed);
	v->inside = true;
	v->phase = HEARD_NOTHING;
	for (int s = 0; s < WORLD_SPACES; s++) {
		v->spaces[s].phase = HEARD_NOTHING;
		v->spaces[s].nr_gone = 0;
		v->spaces[s].told = 0;
	}
}

static int viewer_commit(struct memory_listener *l)
{
	struct viewer *v = viewer_of(l);

	bool asked = l->check && !v->world->forced && !v->world->bulk;

	MUST(v->world, v->inside);
	for (int s = 0; s < WORLD_SPACES && asked; s++)
		MUST(v->world, v->spaces[s].told == v->spaces[s].promised);
	viewer_forget_promise(v);
	v->inside = false;
	return 0;
}

static int viewer_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct viewer *v = viewer_of(l);
	int s = space_index(v, sec), first = cells_of(v->world, sec).first;
	struct viewer_space *vs = hear(v, s, HEARD_ADD);

	MUST(v->world, first > vs->place);
	vs->place = first;
	vs->told = hash(vs->told, sec, 1);
	mind_priority(v, s, HEARD_ADD, first);
	must_be_published(v, sec);
	viewer_draw(v->world, &v->seen[s], sec, 0);
	if (!v->world->refuse)
		return 0;
	v->world->refused = true;
	return -ENOSPC;
}

static void viewer_nop(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct viewer *v = viewer_of(l);
	int s = space_index(v, sec), first = cells_of(v->world, sec).first;
	struct viewer_space *vs = hear(v, s, HEARD_ADD);

	MUST(v->world, first > vs->place);
	vs->place = first;
	mind_priority(v, s, HEARD_ADD, first);
	must_see(v, &v->seen[s], sec);
}

static void viewer_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct viewer *v = viewer_of(l);
	int s = space_index(v, sec), first = cells_of(v->world, sec).first;
	struct viewer_space *vs = hear(v, s, HEARD_DEL);
	struct cell_range r = cells_of(v->world, sec);

	MUST(v->world, first < vs->place);
	vs->place = first;
	vs->told = hash(vs->told, sec, -1);
	mind_priority(v, s, HEARD_DEL, first);
	must_be_published(v, sec);
	must_see(v, &v->seen[s], sec);
	for (int i = r.first; i <= r.last; i++)
		v->seen[s].cells[i] = (struct painter_cell){ .node = PAINTER_NOBODY };
}

static void viewer_log_start(struct memory_listener *l, const struct memory_region_section *sec,
			     unsigned int old, unsigned int new)
{
	struct viewer *v = viewer_of(l);
	int s = space_index(v, sec);

	hear(v, s, HEARD_ADD);
	must_see(v, &v->seen[s], sec);
	MUST(v->world, v->seen[s].cells[cells_of(v->world, sec).first].log == (old & new));
	MUST(v->world, new & ~old && sec->log_mask == new);
	set_log(v, &v->seen[s], sec, new);
}

static void viewer_log_stop(struct memory_listener *l, const struct memory_region_section *sec,
			    unsigned int old, unsigned int new)
{
	struct viewer *v = viewer_of(l);
	int s = space_index(v, sec);

	hear(v, s, HEARD_DEL);
	must_see(v, &v->seen[s], sec);
	MUST(v->world, v->seen[s].cells[cells_of(v->world, sec).first].log == old);
	MUST(v->world, old & ~new);
	set_log(v, &v->seen[s], sec, old & new);
}

/* An attachment that goes must have been there, and does not come back in the same commit. */
static void viewer_detach(struct viewer *v, const struct memory_region_section *sec,
			  struct painter_shown a)
{
	int s = space_index(v, sec);
	struct viewer_space *vs = hear(v, s, HEARD_DETACH);
	struct picture *p = &v->seen[s];

	for (unsigned int i = 0; i < p->nr_shown; i++) {
		if (painter_shown_compare(&p->shown[i], &a))
			continue;
		p->shown[i] = p->shown[--p->nr_shown];
		if (vs->nr_gone < ARRAY_SIZE(vs->gone))
			vs->gone[vs->nr_gone++] = a;
		return;
	}
	MUST(v->world, !"what goes was attached");
}

static void viewer_attach(struct viewer *v, const struct memory_region_section *sec,
			  struct painter_shown a)
{
	int s = space_index(v, sec);
	struct viewer_space *vs = hear(v, s, HEARD_ATTACH);
	struct picture *p = &v->seen[s];

	for (unsigned int i = 0; i < vs->nr_gone; i++)
		MUST(v->world, painter_shown_compare(&vs->gone[i], &a));
	MUST(v->world, p->nr_shown < PAINTER_SHOWN);
	p->shown[p->nr_shown++] = a;
}

/* Where the store of an eventfd is: bytes within cells. */
static struct painter_shown eventfd_shown(struct viewer *v, const struct memory_region_section *sec,
					  unsigned int size, bool match, uint64_t data, int fd)
{
	hwaddr first = sec->offset_within_address_space;

	MUST(v->world, sec->size == (size ? size : 1));
	MUST(v->world, data == (match ? (uint64_t)fd : 0));
	return (struct painter_shown){
		.first = first >> v->world->shift,
		.last = (first + (sec->size - 1)) >> v->world->shift,
		.id = fd,
	};
}

static int viewer_eventfd_add(struct memory_listener *l, const struct memory_region_section *sec,
			      unsigned int size, bool match, uint64_t data, int fd)
{
	struct viewer *v = viewer_of(l);

	viewer_attach(v, sec, eventfd_shown(v, sec, size, match, data, fd));
	return 0;
}

static void viewer_eventfd_del(struct memory_listener *l, const struct memory_region_section *sec,
			       unsigned int size, bool match, uint64_t data, int fd)
{
	struct viewer *v = viewer_of(l);

	viewer_detach(v, sec, eventfd_shown(v, sec, size, match, data, fd));
}

static struct painter_shown coalesced_shown(struct viewer *v,
					    const struct memory_region_section *sec, hwaddr addr,
					    uint64_t len)
{
	struct cell_range r = world_cells(v->world, addr, addr + (len - 1));

	return (struct painter_shown){
		.first = r.first, .last = r.last,
		.id = world_coalesced_id(v->world, sec->mr) +
		      (sec->offset_within_region >> v->world->shift),
	};
}

static int viewer_coalesced_add(struct memory_listener *l, const struct memory_region_section *sec,
				hwaddr addr, uint64_t len)
{
	struct viewer *v = viewer_of(l);

	viewer_attach(v, sec, coalesced_shown(v, sec, addr, len));
	return 0;
}

static void viewer_coalesced_del(struct memory_listener *l,
				 const struct memory_region_section *sec, hwaddr addr,
				 uint64_t len)
{
	struct viewer *v = viewer_of(l);

	viewer_detach(v, sec, coalesced_shown(v, sec, addr, len));
}

static int viewer_global_start(struct memory_listener *l)
{
	struct viewer *v = viewer_of(l);

	MUST(v->world, !v->following);
	if (v->world->refuse) {
		v->world->refused = true;
		return -EBUSY;
	}
	v->following = true;
	return 0;
}

static void viewer_global_stop(struct memory_listener *l)
{
	struct viewer *v = viewer_of(l);

	MUST(v->world, v->following);
	v->following = false;
}

void viewer_forget_promise(struct viewer *v)
{
	for (int s = 0; s < WORLD_SPACES; s++)
		v->spaces[s].promised = 0;
}

/* Not all care for everything: the model has shorter ways for those who don't. */
int viewer_start(struct world *w, struct viewer *v, struct address_space *as)
{
	memset(v, 0, sizeof(*v));
	v->listener = (struct memory_listener){
		.name = "viewer", .priority = pick(w, 3), .begin = viewer_begin,
		.check = one_in(w, 2) ? viewer_ask : NULL, .region_add = viewer_add,
		.region_del = viewer_del, .region_nop = one_in(w, 3) ? viewer_nop : NULL,
		.log_start = viewer_log_start, .log_stop = viewer_log_stop,
		.eventfd_add = viewer_eventfd_add, .eventfd_del = viewer_eventfd_del,
		.coalesced_io_add = viewer_coalesced_add,
		.coalesced_io_del = viewer_coalesced_del,
		.log_global_start = viewer_global_start, .log_global_stop = viewer_global_stop,
		.commit = viewer_commit,
	};
	v->world = w;
	for (int s = 0; s < WORLD_SPACES; s++)
		picture_clear(&v->seen[s]);
	return as ? memory_listener_register(&v->listener, as)
		  : memory_listener_register_all(&v->listener, w->mem);
}

void viewer_stop(struct viewer *v)
{
	memory_listener_unregister(&v->listener);
	MUST(v->world, !v->inside && !v->following);
	for (int s = 0; s < WORLD_SPACES; s++) {
		for (int i = 0; i < PAINTER_CELLS; i++)
			MUST(v->world, v->seen[s].cells[i].node == PAINTER_NOBODY);
		MUST(v->world, !v->seen[s].nr_shown);
	}
	v->world = NULL;
}

void picture_check(struct world *w, const char *whose, const struct picture *p,
		   const struct picture *expected, int space)
{
	bool same = !memcmp(p->cells, expected->cells, sizeof(p->cells)) &&
		    p->nr_shown == expected->nr_shown;

	for (unsigned int i = 0; same && i < p->nr_shown; i++)
		same = !painter_shown_compare(&p->shown[i], &expected->shown[i]);
	if (same)
		return;
	printf("# space %d of %d\n", space, w->roots[space]);
	picture_print(p, whose);
	picture_print(expected, "expected");
	MUST(w, !"the pictures are the same");
}

void viewer_check(struct viewer *v, int s)
{
	struct picture *seen = &v->seen[s];

	MUST(v->world, !v->inside);
	qsort(seen->shown, seen->nr_shown, sizeof(seen->shown[0]), painter_shown_compare);
	picture_check(v->world, v->listener.as ? "listener" : "listener to all", seen,
		      &v->world->expected[s], s);
}
