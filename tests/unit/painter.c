// SPDX-License-Identifier: GPL-2.0-only
/* The painter: no clipping of ranges, no sweep, no arithmetic that could be wrong. */
#include "painter.h"

void painter_clear(struct painting *p)
{
	for (int i = 0; i < PAINTER_CELLS; i++)
		p->cells[i] = (struct painter_cell){ .node = PAINTER_NOBODY };
}

/* What a node is painted through: cells from @low up to before @high, others stay as they are. */
struct mask {
	int low, high;
	bool readonly;
};

static struct mask narrowed(struct mask m, int low, int high, bool readonly)
{
	m.low = low > m.low ? low : m.low;
	m.high = high < m.high ? high : m.high;
	m.readonly |= readonly;
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

	for (int i = 0; i < PAINTER_NODES; i++) {
		if (nodes[i].container != container)
			continue;
		if (after != PAINTER_NOBODY && !painted_earlier(&nodes[after], &nodes[i]))
			continue;
		if (next == PAINTER_NOBODY || painted_earlier(&nodes[i], &nodes[next]))
			next = i;
	}
	return next;
}

/* @at: the cell of the node's first, in or out of the picture. */
static void paint(struct painting *p, const struct painter_node *nodes, int node, int at,
		  struct mask m)
{
	const struct painter_node *n = &nodes[node];

	if (!n->enabled)
		return;
	m = narrowed(m, at, at + n->size, n->readonly);
	if (m.low >= m.high)
		return;
	if (n->alias != PAINTER_NOBODY) {
		paint(p, nodes, n->alias, at - n->alias_offset, m);
		return;
	}
	for (int i = m.low; n->own && i < m.high; i++)
		p->cells[i] = (struct painter_cell){ node, i - at, m.readonly };
	for (int sub = next_subregion(nodes, node, PAINTER_NOBODY); sub != PAINTER_NOBODY;
	     sub = next_subregion(nodes, node, sub))
		paint(p, nodes, sub, at + nodes[sub].addr, m);
}

void painter_paint(struct painting *p, const struct painter_node *nodes, int root)
{
	struct mask all = { .low = 0, .high = PAINTER_CELLS };

	painter_clear(p);
	paint(p, nodes, root, 0, all);
}
