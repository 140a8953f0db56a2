/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why an address means what it means: which region answers there and on which way through the tree,
 * and what is there too and isn't seen, each with its reason.
 */
#ifndef VMM_MEMORY_EXPLAIN_H
#define VMM_MEMORY_EXPLAIN_H

#include "memory/memory.h"

/* Why a region that is on a way to the address does or doesn't answer there. */
enum explain_why {
	EXPLAIN_SHOWN,		/* it does */
	EXPLAIN_PRIORITY,	/* what hides it has a higher priority */
	EXPLAIN_LATER,		/* an equal one, and was added later */
	EXPLAIN_SUBREGION,	/* it is a subregion of it */
	EXPLAIN_DISABLED,
	EXPLAIN_CUT_OFF,	/* the container on its way ends before it */
	EXPLAIN_WINDOW,		/* the alias on its way ends before it */
	EXPLAIN_WHYS
};

/* A step of a way: a region, and which of its offsets the address is. */
struct explain_step {
	const struct memory_region *mr;
	hwaddr offset;
};

/**
 * struct explain_candidate - a region that could answer
 * @why: whether it does
 * @by: what hides it (a region on the way of the one that answers); what is disabled, or ends too
 *	early; NULL for the one that answers
 * @loser: with @by in one container, on the way of this one; NULL if nothing of the sort
 * @way: from the root to the region itself, @nr steps
 */
struct explain_candidate {
	enum explain_why why;
	const struct memory_region *by, *loser;
	unsigned int nr;
	struct explain_step *way;
};

/**
 * struct explanation - all candidates of one address
 * @v: @nr of them; if one answers, it is the first; then those hidden by it, the topmost first,
 *	then the others
 * @complete: false: the tree has too many ways to the address to look at all of them
 */
struct explanation {
	struct explain_candidate *v;
	unsigned int nr, max;
	bool complete;
};

/* Within a transaction, which must last as long as @e is used. 0, or -ENOMEM with @e empty. */
int explain(const struct address_space *as, hwaddr addr, struct explanation *e) MEMORY_MUST_CHECK;
void explain_fini(struct explanation *e);

static inline const struct explain_step *explain_end(const struct explain_candidate *c)
{
	return &c->way[c->nr - 1];
}

/* Whether the first candidate answers; else nobody does. */
static inline bool explain_answered(const struct explanation *e)
{
	return e->nr && e->v[0].why == EXPLAIN_SHOWN;
}

/* Who knows what serves an address besides the model: print a line, or for JSON a value. */
struct explain_server {
	const char *name;		/* of the member of JSON: "slot" */
	void (*print)(void *opaque, const struct address_space *as, hwaddr addr, FILE *out,
		      bool json);
	void *opaque;
};

/* Print an explanation, with the eventfds and coalesced ranges at the address; @server may be NULL.
 * 0 or -ENOMEM. */
int explain_info(struct address_space *as, hwaddr addr, const struct explain_server *server,
		 FILE *out, bool json);

/* The address space of that name; NULL: there is none. */
struct address_space *address_space_find(struct memory *mem, const char *name);

#endif /* VMM_MEMORY_EXPLAIN_H */
