// SPDX-License-Identifier: GPL-2.0-only
/* A world that changes: transactions at random, and what must be true after each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/dirty.h"
#include "memory/flatview.h"
#include "scarce.h"
#include "unit.h"
#include "world.h"

#define LOOKUPS	4	/* in each space, after each commit */

uint64_t world_bytes(const struct world *w, unsigned int cells)
{
	if (w->shift == 56 && cells == PAINTER_CELLS)
		return MEMORY_SIZE_ALL;
	return (uint64_t)cells << w->shift;
}

struct cell_range world_cells(struct world *w, hwaddr first, hwaddr last)
{
	struct cell_range r = { first >> w->shift, last >> w->shift };
	hwaddr within = world_bytes(w, 1) - 1;

	MUST(w, first <= last && !(first & within) && (last & within) == within);
	MUST(w, last >> w->shift < PAINTER_CELLS);
	return r;
}

void world_call(struct world *w)
{
	w->stamp++;
	w->vetoed = false;
	w->refused = false;
}

static void paint_all(struct world *w)
{
	for (int s = 0; s < WORLD_SPACES; s++) {
		int same = 0;

		while (w->roots[same] != w->roots[s])
			same++;
		if (same == s)
			painter_paint(&w->expected[s], w->nodes, w->roots[s]);
		else
			w->expected[s] = w->expected[same];
	}
}

void world_published(struct world *w)
{
	w->stale = false;
	paint_all(w);
}

/* Spaces of one root have one view. */
static void check_shared(struct world *w)
{
	for (int s = 1; s < WORLD_SPACES; s++) {
		if (w->roots[s] != PAINTER_NOBODY && w->roots[s] == w->roots[s - 1])
			MUST(w, w->spaces[s].view == w->spaces[s - 1].view);
	}
}

static void not_published(struct world *w, uint64_t *count)
{
	w->stale = true;
	++*count;
	for (int i = 0; i <= WORLD_SPACES; i++)
		viewer_forget_promise(&w->viewers[i]);
}

/* A change in a transaction can't fail; a commit does only when it was made to. */
void world_returned(struct world *w, int ret)
{
	w->commits += !w->depth;
	if (w->depth) {
		MUST(w, !ret);
	} else if (w->vetoed) {
		MUST(w, ret == -EPERM);
		not_published(w, &w->vetoes);
	} else {
		MUST(w, ret == (w->refused ? -ENOSPC : 0));
		world_published(w);
		check_shared(w);
	}
	w->vetoed = false;
}

/* --- what must be true --- */

static void check_view(struct world *w, int s)
{
	const struct flatview *view = w->spaces[s].view;
	const struct flat_range *fr;
	struct flat_cursor c;
	struct picture shown;
	size_t nr = 0;
	hwaddr next = 0;

	picture_clear(&shown);
	flatview_for_each_from(fr, c, view, 0) {
		struct memory_region_section sec = section_of(&w->spaces[s], fr);

		MUST(w, fr->addr.first >= next && fr->addr.first <= fr->addr.last);
		viewer_draw(w, &shown, &sec, fr->log_mask);
		next = fr->addr.last + 1;
		nr++;
	}
	MUST(w, nr == view->nr);
	w->sections += nr;
	if (memcmp(shown.cells, w->expected[s].cells, sizeof(shown.cells)))
		picture_check(w, "view", &shown, &w->expected[s], s);
}

static hwaddr somewhere_in_cell(struct world *w, int cell)
{
	hwaddr within = world_bytes(w, 1) - 1;
	const hwaddr places[] = { 0, within, within / 2, within & 0x1234 };

	return world_bytes(w, cell) + places[pick(w, 4)];
}

static void check_lookup(struct world *w, int s)
{
	int cell = pick(w, PAINTER_CELLS);
	hwaddr addr = somewhere_in_cell(w, cell);
	const struct painter_cell *expected = &w->expected[s].cells[cell];
	const struct flat_range *fr = flatview_lookup(w->spaces[s].view, addr);

	MUST(w, !fr == (expected->node == PAINTER_NOBODY));
	if (!fr)
		return;
	MUST(w, fr->mr == &w->regions[expected->node]);
	MUST(w, fr->addr.first <= addr && addr <= fr->addr.last);
	MUST(w, (fr->offset + (addr - fr->addr.first)) >> w->shift == (hwaddr)expected->offset);
}

/* The space that shows node *@i at the top, and cell *@cell of it there. */
static int space_above(struct world *w, int i, int *cell)
{
	for (; w->nodes[i].container != PAINTER_NOBODY; i = w->nodes[i].container) {
		if (*cell >= w->nodes[i].size)
			return PAINTER_NOBODY;
		*cell += w->nodes[i].addr;
	}
	for (int s = 0; s < WORLD_SPACES; s++) {
		if (w->roots[s] == i)
			return s;
	}
	return PAINTER_NOBODY;
}

static void check_find(struct world *w)
{
	int i = pick(w, PAINTER_NODES), cell = pick(w, PAINTER_CELLS), len = 1 + pick(w, 40);
	struct memory_region_section sec;
	bool found = memory_region_find(&w->regions[i], world_bytes(w, cell), world_bytes(w, len),
					&sec);
	int s = space_above(w, i, &cell), end = cell + len, last;
	const struct painter_cell *cells = w->expected[s < 0 ? 0 : s].cells;

	end = end > PAINTER_CELLS ? PAINTER_CELLS : end;
	while (s >= 0 && cell < end && cells[cell].node == PAINTER_NOBODY)
		cell++;
	MUST(w, found == (s >= 0 && cell < end));
	if (!found)
		return;
	last = picture_section_end(&w->expected[s], cell);
	last = last < end ? last : end - 1;
	MUST(w, sec.mr == &w->regions[cells[cell].node]);
	MUST(w, sec.offset_within_region == world_bytes(w, cells[cell].offset));
	MUST(w, sec.offset_within_address_space == world_bytes(w, cell));
	MUST(w, sec.size - 1 == ((uint64_t)(last - cell + 1) << w->shift) - 1);
	memory_section_put(&sec);
}

static void check_all(struct world *w)
{
	for (int s = 0; s < WORLD_SPACES; s++) {
		viewer_check(&w->viewers[WORLD_SPACES], s);
		if (w->roots[s] == PAINTER_NOBODY)
			continue;
		viewer_check(&w->viewers[s], s);
		check_view(w, s);
		for (int i = 0; i < LOOKUPS; i++)
			check_lookup(w, s);
	}
	if (!w->stale)
		check_find(w);
}

/* --- transactions --- */

static void outermost_commit(struct world *w)
{
	bool scarce = w->shortage && one_in(w, 10);
	unsigned int failed = 0;
	int ret;

	world_call(w);
	if (scarce)
		scarce_begin(pick(w, 12), 1 + pick(w, 3));
	w->depth--;
	ret = memory_transaction_commit(w->mem);
	if (scarce)
		failed = scarce_end();
	if (ret != -ENOMEM || !failed) {
		world_returned(w, ret);
		return;
	}
	w->commits++;
	not_published(w, &w->shortages);
}

/* Nobody sees anything of a transaction before its end, unless a region ends in it. */
static void transaction(struct world *w)
{
	unsigned int depth = 1 + pick(w, 3), changes = 1 + pick(w, 6);

	while (w->depth < depth) {
		memory_transaction_begin(w->mem);
		w->depth++;
	}
	for (unsigned int i = 0; i < changes; i++) {
		world_change(w);
		if (w->depth > 1 && one_in(w, 2)) {
			MUST(w, !memory_transaction_commit(w->mem));
			w->depth--;
		}
	}
	for (; w->depth > 1; w->depth--)
		MUST(w, !memory_transaction_commit(w->mem));
	outermost_commit(w);
}

void world_step(struct world *w)
{
	w->veto = one_in(w, 12);
	w->refuse = one_in(w, 20);
	if (one_in(w, 3))
		transaction(w);
	else
		world_change(w);
	check_all(w);
}

void world_create(struct world *w, struct world_choices *choices, unsigned int shift, bool shortage)
{
	memset(w, 0, sizeof(*w));
	w->choices = choices;
	w->shift = shift;
	w->shortage = shortage;
	w->ram = calloc(PAINTER_NODES * PAINTER_CELLS, 4096);
	MUST(w, w->ram);
	MUST(w, !memory_create(&w->mem));
	for (int s = 0; s < WORLD_SPACES; s++) {
		w->roots[s] = PAINTER_NOBODY;
		picture_clear(&w->expected[s]);
	}
	for (int i = PAINTER_NODES - 1; i >= 0; i--)
		node_create(w, i);
	w->bulk = true;
	MUST(w, !viewer_start(w, &w->viewers[WORLD_SPACES], NULL));
	w->bulk = false;
	for (int s = 0; s < WORLD_SPACES; s++)
		space_create(w, s);
}

void world_destroy(struct world *w)
{
	world_call(w);
	for (int s = 0; s < WORLD_SPACES; s++) {
		if (w->roots[s] != PAINTER_NOBODY)
			space_destroy(w, s);
	}
	if (w->following)
		memory_global_dirty_log_stop(w->mem);
	w->following = false;
	w->bulk = true;
	viewer_stop(&w->viewers[WORLD_SPACES]);
	for (int i = 0; i < PAINTER_NODES; i++)
		memory_region_fini(&w->regions[i]);
	memory_destroy(w->mem);
	free(w->ram);
}
