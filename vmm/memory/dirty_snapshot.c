// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of dirty pages: bits taken out of a bitmap, for a client to go through at leisure. */
#include <stdlib.h>

#include "memory/dirty_sync.h"
#include "memory/dirtymap.h"
#include "memory/internal.h"

/* Pages from @first on, in words of the bitmap they were taken out of. */
struct dirty_snapshot {
	uint64_t first, end;		/* in the region, those of the words; / MEMORY_PAGE */
	uint64_t words[];
};

/* Most words are 0, and then not to be written. */
static void snapshot_take(struct dirty_snapshot *snap, struct dirty_walk w)
{
	uint64_t *out = snap->words;
	struct dirty_span s;

	for (; dirty_walk_next(&w, &s); out++)
		if (__atomic_load_n(s.word, __ATOMIC_RELAXED) & s.bits)
			*out = __atomic_fetch_and(s.word, ~s.bits, __ATOMIC_SEQ_CST) & s.bits;
}

/* Blocks start at whole words, so that a word has the same pages in the region as in the space. */
static struct dirty_snapshot *snapshot_create(struct dirty_walk w, const struct ram_block *block)
{
	uint64_t first = w.page / DIRTY_WORD_PAGES, base = block->offset / MEMORY_PAGE, nr = 0;
	struct dirty_snapshot *snap;

	if (w.page < w.end)
		nr = (w.end - 1) / DIRTY_WORD_PAGES - first + 1;
	snap = calloc(1, sizeof(*snap) + nr * sizeof(snap->words[0]));
	if (!snap || !nr)
		return snap;
	snap->first = first * DIRTY_WORD_PAGES - base;
	snap->end = snap->first + nr * DIRTY_WORD_PAGES;
	snapshot_take(snap, w);
	return snap;
}

struct dirty_snapshot *memory_region_snapshot_and_clear_dirty(struct memory_region *mr, hwaddr addr,
							      uint64_t size,
							      enum dirty_client client)
{
	const struct ram_block *block = mr->ram_block;
	struct dirty_snapshot *snap;

	if (!block)
		return NULL;
	memory_transaction_begin(mr->mem);
	memory_region_sync_dirty(mr);
	snap = snapshot_create(dirty_walk_start(mr->mem->dirty_log, block, addr, size, client),
			       block);
	if (snap && size)
		dirty_tell_clear(mr, addr, size, snap);
	memory_transaction_commit(mr->mem);
	return snap;
}

static bool snapshot_page(const struct dirty_snapshot *snap, uint64_t page)
{
	uint64_t bit = page - snap->first;

	return snap->words[bit / DIRTY_WORD_PAGES] >> bit % DIRTY_WORD_PAGES & 1;
}

bool dirty_snapshot_get(const struct dirty_snapshot *snap, hwaddr addr, uint64_t size)
{
	uint64_t page = addr / MEMORY_PAGE, last;

	if (!size)
		return false;
	last = (size - 1 > UINT64_MAX - addr ? UINT64_MAX : addr + (size - 1)) / MEMORY_PAGE;
	if (page < snap->first)
		page = snap->first;
	for (; page <= last && page < snap->end; page++)
		if (snapshot_page(snap, page))
			return true;
	return false;
}

void dirty_snapshot_free(struct dirty_snapshot *snap)
{
	free(snap);
}
