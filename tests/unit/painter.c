// SPDX-License-Identifier: GPL-2.0-only
/* The painter: no clipping of ranges, no sweep, no arithmetic that could be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "painter.h"

static const struct painter_cell nothing = { .node = PAINTER_NOBODY };

void picture_clear(struct picture *p)
{
	for (int i = 0; i < PAINTER_CELLS; i++)
		p->cells[i] = nothing;
	p->nr_shown = 0;
}

int picture_section_end(const struct picture *p, int first)
{
	int last = first;

	while (last + 1 < PAINTER_CELLS && p->cells[last + 1].node != PAINTER_NOBODY &&
	       !p->cells[last + 1].starts)
		last++;
	return last;
}

void picture_print(const struct picture *p, const char *title)
{
	printf("# %s:\n", title);
	for (int i = 0; i < PAINTER_CELLS; i++) {
		const struct painter_cell *c = &p->cells[i];

		if (c->node != PAINTER_NOBODY && (!i || c->starts))
			printf("#\t%d-%d: node %d from %d, flags %x, log %x\n", i,
			       picture_section_end(p, i), c->node, c->offset, c->flags, c->log);
	}
	for (unsigned int i = 0; i < p->nr_shown; i++)
		printf("#\t%d-%d: %x\n", p->shown[i].first, p->shown[i].last, p->shown[i].id);
}

/* What a node is painted through: cells from @low up to before @high, others stay as they are. */
struct mask {
	int low, high;
	uint8_t flags;
};

struct canvas {
	struct picture *picture;
	const struct painter_node *nodes;
	int strokes;				/* one each time that a node paints */
	int16_t stroke[PAINTER_CELLS];		/* that painted the cell last */
};

static struct mask narrowed(struct mask m, int low, int high, uint8_t flags)
{
	m.low = low > m.low ? low : m.low;
	m.high = high < m.high ? high : m.high;
	m.flags |= flags;
	return m;
}

static bool painted_earlier(const struct painter_node *a, const struct painter_node *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->sequence < b->sequence;
}

/* The subregion of @container that is painted next after @after (PAINTER_NOBODY: the first one). */
static int next_subregion(const struct painter_node *nodes, int container, int after)
{
	int next = PAINTER_NOBODY;

	for (int i = container + 1; i < PAINTER_NODES; i++) {
		if (nodes[i].container != container)
			continue;
		if (after != PAINTER_NOBODY && !painted_earlier(&nodes[after], &nodes[i]))
			continue;
		if (next == PAINTER_NOBODY || painted_earlier(&nodes[i], &nodes[next]))
			next = i;
	}
	return next;
}

static void paint_own(struct canvas *c, int node, int at, struct mask m)
{
	const struct painter_node *n = &c->nodes[node];

	c->strokes++;
	for (int i = m.low; i < m.high; i++) {
		c->picture->cells[i] = (struct painter_cell){
			.node = node, .offset = i - at, .flags = m.flags | n->flags, .log = n->log,
		};
		c->stroke[i] = c->strokes;
	}
}

/* @at: the cell of the node's first, in or out of the picture. */
static void paint(struct canvas *c, int node, int at, struct mask m)
{
	const struct painter_node *n = &c->nodes[node];

	if (!n->enabled)
		return;
	m = narrowed(m, at, at + n->size, n->inherited);
	if (m.low >= m.high)
		return;
	if (n->alias != PAINTER_NOBODY) {
		paint(c, n->alias, at - n->alias_offset, m);
		return;
	}
	if (n->own)
		paint_own(c, node, at, m);
	for (int sub = next_subregion(c->nodes, node, PAINTER_NOBODY); sub != PAINTER_NOBODY;
	     sub = next_subregion(c->nodes, node, sub))
		paint(c, sub, at + c->nodes[sub].addr, m);
}

/* Whether the cell is of one section with the one before it. */
static bool goes_on(const struct canvas *c, int i)
{
	const struct painter_cell *a = &c->picture->cells[i - 1], *b = &c->picture->cells[i];

	if (a->node != b->node || a->offset + 1 != b->offset || a->flags != b->flags ||
	    a->log != b->log)
		return false;
	return !(a->flags & PAINTER_UNMERGEABLE) || c->stroke[i - 1] == c->stroke[i];
}

static void mark_sections(struct canvas *c)
{
	for (int i = 0; i < PAINTER_CELLS; i++) {
		if (c->picture->cells[i].node != PAINTER_NOBODY)
			c->picture->cells[i].starts = !i || !goes_on(c, i);
	}
}

int painter_shown_compare(const void *pa, const void *pb)
{
	const struct painter_shown *a = pa, *b = pb;

	if (a->first != b->first)
		return a->first - b->first;
	if (a->last != b->last)
		return a->last - b->last;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* What of @a is seen in the section from cell @first to @last. */
static void show(struct picture *p, const struct painter_attached *a, int first, int last)
{
	int moved = first - p->cells[first].offset;
	int low = a->first + moved, high = a->last + moved;

	struct painter_shown seen = {
		.first = low < first ? first : low, .last = high > last ? last : high,
		.id = a->id,
	};

	if (!a->whole)
		seen.id += seen.first - moved;
	if (!a->id || low > last || high < first || (a->whole && (low < first || high > last)))
		return;
	for (unsigned int i = 0; i < p->nr_shown; i++) {
		if (!painter_shown_compare(&p->shown[i], &seen))
			return;
	}
	if (p->nr_shown < PAINTER_SHOWN)
		p->shown[p->nr_shown++] = seen;
}

static void show_attached(struct picture *p, const struct painter_node *nodes)
{
	for (int i = 0; i < PAINTER_CELLS; i++) {
		if (!p->cells[i].starts)
			continue;
		for (int k = 0; k < PAINTER_ATTACHED; k++)
			show(p, &nodes[p->cells[i].node].attached[k], i, picture_section_end(p, i));
	}
	qsort(p->shown, p->nr_shown, sizeof(p->shown[0]), painter_shown_compare);
}

void painter_paint(struct picture *p, const struct painter_node *nodes, int root)
{
	struct mask all = { .low = 0, .high = PAINTER_CELLS };
	struct canvas c = { .picture = p, .nodes = nodes };

	picture_clear(p);
	if (root != PAINTER_NOBODY)
		paint(&c, root, 0, all);
	mark_sections(&c);
	show_attached(p, nodes);
}
