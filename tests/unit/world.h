/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of regions, address spaces and listeners that is changed at random, and for each change
 * the same one for the painter. After each commit the published views, and what each listener was
 * told from its first event on, must be the painter's pictures.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "memory/listener.h"
#include "painter.h"

#define WORLD_SPACES	4
#define WORLD_ROOTS	4	/* the first nodes */

struct world;

/* An eventfd of a region, as it was added. */
struct world_eventfd {
	hwaddr addr;
	unsigned int size;
	bool match;
};

/* Where all choices come from, and what becomes of a broken promise (it doesn't come back). */
struct world_choices {
	unsigned int (*pick)(struct world_choices *c, unsigned int n);	/* 0 to @n - 1 */
	void (*broken)(struct world *w, const char *what, const char *file, int line);
};

/* What a viewer hears of a space in one commit, in this order. */
enum viewer_phase {
	HEARD_NOTHING,
	HEARD_DETACH,
	HEARD_DEL,
	HEARD_ADD,
	HEARD_ATTACH,
	VIEWER_PHASES
};

/* A listener that draws what it hears. */
struct viewer {
	struct memory_listener listener;
	struct world *world;
	struct picture seen[WORLD_SPACES];
	bool inside;				/* between begin and commit */
	bool following;				/* log_global_start was heard */
	enum viewer_phase phase;
	struct viewer_space {
		enum viewer_phase phase;
		int place;			/* cell of the last section of this phase */
		uint64_t promised, told;	/* hashes of sections gone and come */
		struct painter_shown gone[64];	/* attachments, in this commit */
		unsigned int nr_gone;
	} spaces[WORLD_SPACES];
};

/*
 * Cells are @shift bits wide: with 56, the last cell ends at 2^64. Nodes only contain, and stand
 * for, nodes behind them, so that nothing goes in a circle.
 */
struct world {
	struct world_choices *choices;
	unsigned int shift;
	bool shortage;				/* memory may run out */
	struct memory *mem;
	struct memory_region regions[PAINTER_NODES];
	struct painter_node nodes[PAINTER_NODES];
	uint8_t follow[PAINTER_NODES];		/* dirty clients switched on */
	struct world_eventfd eventfds[PAINTER_NODES][PAINTER_ATTACHED];
	struct address_space spaces[WORLD_SPACES];
	int roots[WORLD_SPACES];		/* PAINTER_NOBODY: there is no such space */
	struct picture expected[WORLD_SPACES];
	struct viewer viewers[WORLD_SPACES + 1];	/* the last one hears of all spaces */
	unsigned int depth;			/* of transactions */
	unsigned int sequence, id;		/* the last ones given */
	bool stale;				/* the tree changed, the views could not */
	bool following;				/* stores, globally */
	uint64_t commits, vetoes, shortages, sections;	/* counted */

	/* of the call that is going on */
	unsigned int stamp;			/* its number */
	bool veto, refuse;			/* viewers refuse changes, and additions */
	bool vetoed, refused;			/* and did */
	bool forced;				/* nobody is asked */
	bool bulk;				/* a space or listener comes or goes: all at once */
	struct {
		unsigned int stamp, priority;
	} heard[VIEWER_PHASES][WORLD_SPACES][PAINTER_CELLS];
	char *ram;				/* of all nodes */
};

#define MUST(w, what) \
	((what) ? (void)0 : (w)->choices->broken(w, #what, __FILE__, __LINE__))

static inline unsigned int pick(struct world *w, unsigned int n)
{
	return w->choices->pick(w->choices, n);
}

static inline bool one_in(struct world *w, unsigned int n)
{
	return !pick(w, n);
}

/* The size of so many cells, and the address of the one behind them. */
uint64_t world_bytes(const struct world *w, unsigned int cells);

/* The cells that bytes @first to @last are; they must be whole ones. */
struct cell_range {
	int first, last;
} world_cells(struct world *w, hwaddr first, hwaddr last);

/* The ids of coalesced ranges, all of a node alike; those of eventfds count from 1. */
static inline unsigned int world_coalesced_id(const struct world *w, const struct memory_region *mr)
{
	return 1u << 30 | (unsigned int)(mr - w->regions) << 16;
}

void world_create(struct world *w, struct world_choices *choices, unsigned int shift,
		  bool shortage);
/* A random transaction, and the comparison of everything. */
void world_step(struct world *w);
void world_destroy(struct world *w);

/* Around each call that may be a commit; the latter with what it returned. */
void world_call(struct world *w);
void world_returned(struct world *w, int ret);
/* All views are what the tree says now. */
void world_published(struct world *w);

/* changes.c */
void node_create(struct world *w, int node);
void space_create(struct world *w, int space);
void space_destroy(struct world *w, int space);
/* A random change. */
void world_change(struct world *w);

/* viewer.c */
int viewer_start(struct world *w, struct viewer *v, struct address_space *as);
/* Must have heard that everything goes. */
void viewer_stop(struct viewer *v);
void viewer_check(struct viewer *v, int space);
/* @p must be as expected, also in what is attached; else say how it is not. */
void picture_check(struct world *w, const char *whose, const struct picture *p,
		   const struct picture *expected, int space);
/* Draw a section into @p. @log: who follows it. */
void viewer_draw(struct world *w, struct picture *p, const struct memory_region_section *sec,
		 uint8_t log);
/* A veto ended the commit, or it came to nothing. */
void viewer_forget_promise(struct viewer *v);

#endif /* TESTS_UNIT_WORLD_H */
