/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty bitmaps themselves: bits of pages in chunks that never move, found through a table that
 * is replaced under RCU when the space of RAM blocks grows. Bits are set and taken by any thread
 * with atomic operations. For the files of this folder.
 *
 * Whoever stores to RAM stores first and sets the bit then; whoever copies a page takes the bit
 * first and reads then. So a store is in the copy, or its bit is left for the next. Where nobody
 * follows, a store costs a look at the block's log_mask. For that look to miss no beginner, it must
 * not overtake the store before it: who begins to follow makes all threads pass a memory barrier
 * (membarrier()), after the mask is set and before anything counts as copied. Where the kernel does
 * not offer that, each look is behind a fence of its own.
 */
#ifndef VMM_MEMORY_DIRTYMAP_H
#define VMM_MEMORY_DIRTYMAP_H

#include "memory/dirty.h"
#include "memory/ramblock.h"

struct dirty;

#define DIRTY_WORD_PAGES	64u
#define DIRTY_CHUNK_PAGES	(1u << 18)	/* 1 GiB of RAM, 32 KiB a client */
#define DIRTY_CHUNK_WORDS	(DIRTY_CHUNK_PAGES / DIRTY_WORD_PAGES)

/* Pages [page, end) of a client, a word's worth at a time; within an RCU read-side section. */
struct dirty_walk {
	uint64_t *const *chunks;
	uint64_t page, end;		/* ram_addr_t / MEMORY_PAGE */
};

/* The bits of a word that the pages of a walk have in it. */
struct dirty_span {
	uint64_t *word;
	uint64_t bits;
};

static inline uint64_t *dirty_word(uint64_t *const *chunks, uint64_t page)
{
	return &chunks[page / DIRTY_CHUNK_PAGES][page % DIRTY_CHUNK_PAGES / DIRTY_WORD_PAGES];
}

static inline bool dirty_walk_next(struct dirty_walk *w, struct dirty_span *s)
{
	unsigned int first = w->page % DIRTY_WORD_PAGES, n = DIRTY_WORD_PAGES - first;

	if (w->page >= w->end)
		return false;
	if (n > w->end - w->page)
		n = w->end - w->page;
	s->word = dirty_word(w->chunks, w->page);
	s->bits = UINT64_MAX >> (DIRTY_WORD_PAGES - n) << first;
	w->page += n;
	return true;
}

/* Those of [@addr, @addr + @size) of @block, cut off at its maximum; none: page == end. */
struct dirty_walk dirty_walk_start(const struct dirty *dirty, const struct ram_block *block,
				   hwaddr addr, uint64_t size, enum dirty_client client);

/* Set, or clear, all of them; for clients of a mask. */
void dirty_set(const struct dirty *dirty, const struct ram_block *block, hwaddr addr, uint64_t size,
	       unsigned int clients);
void dirty_clear(const struct dirty *dirty, const struct ram_block *block, hwaddr addr,
		 uint64_t size, unsigned int clients);

/* Chunks for all pages below @end; under the model's lock. -ENOMEM. */
int dirty_extend(struct memory *mem, ram_addr_t end);

/* Whether dirty_barrier() works; else each look at a log_mask needs a fence. */
bool dirty_has_barrier(const struct dirty *dirty);

/* Each store made before a look at a log_mask that did not see the latest change is visible now. */
void dirty_barrier(const struct dirty *dirty);

#endif /* VMM_MEMORY_DIRTYMAP_H */
