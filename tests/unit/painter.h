/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tree of regions must look like, by the simplest means there are: an array with a cell for
 * each address, painted from the bottom layer to the top.
 */
#ifndef TESTS_UNIT_PAINTER_H
#define TESTS_UNIT_PAINTER_H

#include <stdbool.h>
#include <stdint.h>

#define PAINTER_CELLS		256
#ifndef PAINTER_NODES
#define PAINTER_NODES		80
#endif
#define PAINTER_ATTACHED	3	/* to a node */
#define PAINTER_SHOWN		1024	/* attachments in a picture */
#define PAINTER_NOBODY		(-1)

#define PAINTER_READONLY	(1u << 0)
#define PAINTER_NONVOLATILE	(1u << 1)
#define PAINTER_UNMERGEABLE	(1u << 2)
#define PAINTER_ROMD		(1u << 3)

/*
 * An eventfd, the @id of which tells it from all others there ever were, or a range whose stores
 * are coalesced: to its @id the cell of the node is added where it is seen from.
 */
struct painter_attached {
	bool whole;		/* is not seen in part: an eventfd */
	int first, last;	/* cells of its node */
	unsigned int id;	/* 0: none */
};

/* A region as the painter sees it; nodes are known by their index. */
struct painter_node {
	bool own;		/* no container: paints, below its subregions */
	bool enabled;
	uint8_t inherited;	/* PAINTER_*, which what is below has too */
	uint8_t flags;		/* PAINTER_*, which it has alone */
	uint8_t log;		/* who follows stores */
	int container;		/* PAINTER_NOBODY: in none */
	int alias;		/* PAINTER_NOBODY: not an alias */
	int addr, size, alias_offset;	/* cells */
	int priority;
	unsigned int sequence;
	struct painter_attached attached[PAINTER_ATTACHED];
};

struct painter_cell {
	int16_t node;		/* PAINTER_NOBODY: nothing here */
	int16_t offset;		/* in it */
	uint8_t flags, log;	/* 0 where nothing is */
	uint8_t starts;		/* a section, that the cells behind without this are of too */
	uint8_t unused;
};

/* An attachment where it is to be seen: cells of the picture. Two that look alike are one. */
struct painter_shown {
	int16_t first, last;
	unsigned int id;
};

struct picture {
	struct painter_cell cells[PAINTER_CELLS];
	struct painter_shown shown[PAINTER_SHOWN];	/* in order of cells, then ids */
	unsigned int nr_shown;
};

void picture_clear(struct picture *p);

/* Where the section ends that starts in cell @first. */
int picture_section_end(const struct picture *p, int first);

/* Say what @p shows, a line a section, and what is attached. */
void picture_print(const struct picture *p, const char *title);

/* @root: PAINTER_NOBODY for none */
void painter_paint(struct picture *p, const struct painter_node *nodes, int root);

int painter_shown_compare(const void *a, const void *b);

#endif /* TESTS_UNIT_PAINTER_H */
