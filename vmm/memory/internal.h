/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the memory model share: the model itself, and the steps of a commit. */
#ifndef VMM_MEMORY_INTERNAL_H
#define VMM_MEMORY_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "memory/memory.h"

struct memory {
	pthread_mutex_t lock;		/* recursive; guards all below and all regions */
	unsigned int depth;		/* transactions begun and not ended */
	bool dirty;			/* the views are older than the tree */
	uint64_t generation;		/* of views: counts commits */
	uint64_t sequence;		/* of additions of subregions */
	struct flatview *empty;		/* what an address space shows at first */
	TAILQ_HEAD(, address_space) spaces;
	TAILQ_HEAD(listeners, memory_listener) listeners;	/* by priority, ascending */
	TAILQ_HEAD(, ram_block) ram_blocks;			/* by offset, ascending */
};

/* Bring all views up to date. If that can't be done, nothing answers in any of them any more. */
void memory_settle(struct memory *mem);

/* The subregions of a container; the caller holds the lock. -ENOMEM. */
int subregions_add(struct memory_region *container, struct memory_region *sub);
void subregions_del(struct memory_region *container, struct memory_region *sub);

/* The views of all address spaces anew, as next_view. All or, with -errno, none. */
int address_spaces_render(struct memory *mem);
/*
 * The listeners hear how next_view differs from view; next_view takes its place. -errno of theirs.
 */
int address_spaces_publish(struct memory *mem);
/* Instead of rendering: next_view shows nothing. */
void address_spaces_blank(struct memory *mem);

/* A range of the view of @as as a section. */
struct flat_range;
struct memory_region_section section_of(struct address_space *as, const struct flat_range *fr);

/* The bits of a listener's life within a commit; errors are the first -errno of any listener. */
void listeners_begin(struct memory *mem);
int listeners_commit(struct memory *mem);
void listeners_del(struct address_space *as, const struct flatview *old,
		   const struct flatview *new);
int listeners_add(struct address_space *as, const struct flatview *old,
		  const struct flatview *new);

#endif /* VMM_MEMORY_INTERNAL_H */
