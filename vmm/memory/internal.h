/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the memory model share: the model itself, and the steps of a commit. */
#ifndef VMM_MEMORY_INTERNAL_H
#define VMM_MEMORY_INTERNAL_H

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "memory/flatview.h"
#include "memory/listener.h"
#include "memory/memory.h"
#include "memory/range.h"
#include "memory/render.h"

struct dirty;
struct ram_blocks;

/*
 * The deepest way from a root to a region, through containers and aliases, that makes sense. One
 * that is longer comes back to itself.
 */
#define MEMORY_DEPTH_MAX	64

struct memory {
	pthread_mutex_t lock;		/* guards all below and all regions */
	const void *holder;		/* of the lock: NULL, or what is a thread's own */
	unsigned int depth;		/* transactions begun and not ended */
	bool dirty;			/* the views are older than the tree */
	bool damaged_all;		/* and which parts of them is not known */
	bool any_unmergeable;		/* some region is, or was */
	uint64_t generation;		/* of views: counts commits */
	uint64_t sequence;		/* of additions of subregions */
	struct flatview *empty;		/* what an address space shows at first */
	TAILQ_HEAD(spaces, address_space) spaces;
	TAILQ_HEAD(, view_root) view_roots;
	TAILQ_HEAD(listeners, memory_listener) listeners;	/* by priority, ascending */
	struct retired *retired;	/* to be freed when no reader is left */
	unsigned int nr_retired;
	/* the same, their grace periods under way; in order of those */
	STAILQ_HEAD(, retired_batch) batches;
	struct renderer renderer;
	unsigned int nr_attachments;	/* of all regions */
	unsigned int global_log;	/* memory_global_dirty_log_start() less stop */
	struct ram_blocks *ram_blocks;	/* ramblock.c */
	struct dirty *dirty_log;	/* dirty.c */
	void (*flush_coalesced)(void *opaque);
	void *flush_opaque;
};

/*
 * What of @mr is seen may look different after the next commit: offsets @r of it, wherever it is
 * shown. To be called before and after a change of where that is. The caller is in a transaction.
 */
void memory_damage(struct memory_region *mr, struct range r);

/* The same for all of @mr. */
static inline void memory_damage_region(struct memory_region *mr)
{
	memory_damage(mr, range_at(0, mr->last));
}

/* The same for everything there is. */
void memory_damage_all(struct memory *mem);

/*
 * Bring all views up to date, whoever is against it. If there is no memory for that, nothing
 * answers in any of them any more.
 */
void memory_settle(struct memory *mem);

/*
 * Free what starts with @retired (malloc; NULL: nothing) when no reader is left that could have
 * found it. The caller holds the model's lock.
 */
void memory_retire(struct memory *mem, struct retired *retired);
/* The same at once; when nobody reads any more. */
void memory_retire_fini(struct memory *mem);

/* listener.c: the parts of a commit, in this order; for each address space that changes. */
int listeners_check(struct address_space *as);	/* before anything; -errno of a veto */
void listeners_begin(struct memory *mem);
void listeners_detach(struct address_space *as);
void listeners_del(struct address_space *as);
/* here the new views are published; the first -errno of any listener in each of these */
int listeners_add(struct address_space *as);	/* also for those that don't: what stays */
int listeners_attach(struct address_space *as);
int listeners_commit(struct memory *mem);
/* Instead of all but begin and commit: @as goes; needs no memory. */
void listeners_blank(struct address_space *as);
bool listeners_any(const struct address_space *as);

/*
 * address_space.c: all views anew. @force: whoever is against it. -errno with the views as they
 * were if mem->dirty still is set, else the listeners'.
 */
int address_spaces_update(struct memory *mem, bool force);
/* Instead: no view shows anything. */
void address_spaces_blank(struct memory *mem);

/*
 * The list @v of *@max elements of @size bytes, with room for twice as many; *@max is what it has
 * room for then. NULL without memory: @v is as it was.
 */
static inline void *memory_grow(void *v, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 16;
	void *bigger = reallocarray(v, more, size);

	if (bigger)
		*max = more;
	return bigger;
}

/* subregions.c: the tree of a container's subregions. */
void subregions_add(struct memory_region *container, struct memory_region *sub);
void subregions_del(struct memory_region *container, struct memory_region *sub);
/* @sub's size or whether it is enabled is another now. */
void subregions_update(struct memory_region *container, struct memory_region *sub);
/*
 * Call @fn for each enabled subregion that shares an offset with @r, in ascending order of first
 * offsets (and sequence), until it returns other than 0; returns that.
 */
int subregions_query(const struct memory_region *container, struct range r,
		     int (*fn)(void *opaque, struct memory_region *sub), void *opaque);
/* The same for all, enabled or not. */
int subregions_for_each(const struct memory_region *container,
			int (*fn)(void *opaque, struct memory_region *sub), void *opaque);

/* The bytes of @sub in its container, cut off at the end of all offsets. */
static inline struct range subregion_range(const struct memory_region *sub)
{
	return range_at(sub->addr, sub->last);
}

/* Whether of two subregions in one place @a hides @b. */
static inline bool subregion_hides(const struct memory_region *a, const struct memory_region *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->sequence > b->sequence;
}

#endif /* VMM_MEMORY_INTERNAL_H */
