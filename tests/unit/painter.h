/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tree of regions must look like, by the simplest means there are: an array with a cell for
 * each address, painted from the bottom layer to the top.
 */
#ifndef TESTS_UNIT_PAINTER_H
#define TESTS_UNIT_PAINTER_H

#include <stdbool.h>

#define PAINTER_CELLS	256
#define PAINTER_NODES	20
#define PAINTER_NOBODY	(-1)

/* A region as the painter sees it; nodes are known by their index. */
struct painter_node {
	bool own;		/* RAM or MMIO: paints, below its subregions */
	bool enabled, readonly;
	int container;		/* PAINTER_NOBODY: in none */
	int alias;		/* PAINTER_NOBODY: not an alias */
	int addr, size, alias_offset;	/* cells */
	int priority;
	unsigned int sequence;
};

struct painter_cell {
	int node;		/* PAINTER_NOBODY: nothing here */
	int offset;		/* in it */
	bool readonly;
};

struct painting {
	struct painter_cell cells[PAINTER_CELLS];
};

void painter_clear(struct painting *p);
void painter_paint(struct painting *p, const struct painter_node *nodes, int root);

#endif /* TESTS_UNIT_PAINTER_H */
