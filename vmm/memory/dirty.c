// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages of regions: who follows stores to them, and what stores and clients do to the bits.
 */
#include <errno.h>

#include <urcu/urcu-memb.h>

#include "memory/dirty_sync.h"
#include "memory/dirtymap.h"
#include "memory/internal.h"

/* Whether a view may tell of clients that follow stores: a device's RAM is registers. */
static bool region_loggable(const struct memory_region *mr)
{
	return mr->kind == MEMORY_RAM && mr->ram_block && !mr->ram_device;
}

unsigned int memory_region_log_mask(const struct memory_region *mr)
{
	unsigned int mask = 0;

	if (!region_loggable(mr))
		return 0;
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++)
		if (mr->log_counts[c])
			mask |= 1u << c;
	if (mr->mem->global_log && !mr->readonly && !ram_block_readonly(mr->ram_block))
		mask |= 1u << DIRTY_MIGRATION;
	return mask;
}

/* See dirtymap.h for the barrier between masks and bits. */
static void blocks_follow(struct memory *mem, struct ram_block *const *at, size_t nr,
			  enum dirty_client client)
{
	for (size_t i = 0; i < nr; i++)
		__atomic_fetch_or(&at[i]->log_mask, 1u << client, __ATOMIC_SEQ_CST);
	dirty_barrier(mem->dirty_log);
	for (size_t i = 0; i < nr; i++)
		dirty_set(mem->dirty_log, at[i], 0, at[i]->used, 1u << client);
}

static void block_unfollow(struct ram_block *block, enum dirty_client client)
{
	__atomic_fetch_and(&block->log_mask, ~(1u << client), __ATOMIC_SEQ_CST);
}

int dirty_block_start(struct memory *mem, struct ram_block *block)
{
	int ret = dirty_extend(mem, block->offset + block->max);

	if (ret)
		return ret;
	dirty_clear(mem->dirty_log, block, 0, block->max, ~0u);
	block->log_fenced = !dirty_has_barrier(mem->dirty_log);
	block->log_mask = mem->global_log ? 1u << DIRTY_MIGRATION : 0;
	dirty_set(mem->dirty_log, block, 0, block->used, block->log_mask);
	return 0;
}

void dirty_block_resized(struct memory *mem, const struct ram_block *block, uint64_t old)
{
	uint64_t end = ram_align_up(block->used, MEMORY_PAGE);

	if (block->used > old)
		dirty_set(mem->dirty_log, block, old, block->used - old, block->log_mask);
	else if (old > end)
		dirty_clear(mem->dirty_log, block, end, old - end, ~0u);
}

static int region_log(struct memory_region *mr, enum dirty_client client)
{
	if (mr->log_counts[client] == UINT8_MAX)
		return -EOVERFLOW;
	if (mr->log_counts[client]++)
		return 0;
	blocks_follow(mr->mem, &mr->ram_block, 1, client);
	memory_damage_region(mr);
	return 0;
}

static int region_unlog(struct memory_region *mr, enum dirty_client client)
{
	if (!mr->log_counts[client])
		return -EINVAL;
	if (--mr->log_counts[client])
		return 0;
	block_unfollow(mr->ram_block, client);
	memory_damage_region(mr);
	return 0;
}

int memory_region_set_log(struct memory_region *mr, bool log, enum dirty_client client)
{
	int ret, commit;

	if (!region_loggable(mr) || client >= DIRTY_MIGRATION)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	ret = log ? region_log(mr, client) : region_unlog(mr, client);
	commit = memory_transaction_commit(mr->mem);
	return ret ? ret : commit;
}

/* The compiler may not move it before the store either. */
static unsigned int block_log_mask(struct ram_block *block)
{
	if (block->log_fenced)
		return __atomic_fetch_or(&block->log_mask, 0, __ATOMIC_SEQ_CST);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&block->log_mask, __ATOMIC_RELAXED);
}

void memory_region_set_dirty(struct memory_region *mr, hwaddr addr, uint64_t size)
{
	struct ram_block *block = mr->ram_block;
	unsigned int clients = block ? block_log_mask(block) : 0;

	if (clients)
		dirty_set(mr->mem->dirty_log, block, addr, size, clients);
}

/* The pages of @bits from @page on: in one or two words of the client's. */
static void set_word(uint64_t *const *chunks, uint64_t page, uint64_t bits)
{
	unsigned int shift = page % DIRTY_WORD_PAGES;
	uint64_t low = bits << shift, high = shift ? bits >> (DIRTY_WORD_PAGES - shift) : 0;

	if (low)
		__atomic_fetch_or(dirty_word(chunks, page), low, __ATOMIC_SEQ_CST);
	if (high)
		__atomic_fetch_or(dirty_word(chunks, page + DIRTY_WORD_PAGES), high,
				  __ATOMIC_SEQ_CST);
}

/* Bits of a last word that are not of the bitmap are whatever they are. */
static void set_bitmap(struct dirty_walk w, const unsigned long *bitmap)
{
	for (; w.page < w.end; bitmap++, w.page += DIRTY_WORD_PAGES) {
		uint64_t bits = *bitmap;

		if (!bits)
			continue;
		if (w.end - w.page < DIRTY_WORD_PAGES)
			bits &= UINT64_MAX >> (DIRTY_WORD_PAGES - (w.end - w.page));
		set_word(w.chunks, w.page, bits);
	}
}

void memory_region_set_dirty_bitmap(struct memory_region *mr, hwaddr addr,
				    const unsigned long *bitmap, uint64_t pages,
				    unsigned int clients)
{
	hwaddr first = addr & ~(MEMORY_PAGE - 1);
	uint64_t size = pages > UINT64_MAX / MEMORY_PAGE ? UINT64_MAX : pages * MEMORY_PAGE;

	if (!mr->ram_block)
		return;
	urcu_memb_read_lock();
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++)
		if (clients & 1u << c)
			set_bitmap(dirty_walk_start(mr->mem->dirty_log, mr->ram_block, first, size,
						    c), bitmap);
	urcu_memb_read_unlock();
}

static bool walk_any(struct dirty_walk w)
{
	struct dirty_span s;

	while (dirty_walk_next(&w, &s))
		if (__atomic_load_n(s.word, __ATOMIC_RELAXED) & s.bits)
			return true;
	return false;
}

bool memory_region_get_dirty(const struct memory_region *mr, hwaddr addr, uint64_t size,
			     enum dirty_client client)
{
	bool any;

	if (!mr->ram_block)
		return false;
	urcu_memb_read_lock();
	any = walk_any(dirty_walk_start(mr->mem->dirty_log, mr->ram_block, addr, size, client));
	urcu_memb_read_unlock();
	return any;
}

void memory_region_reset_dirty(struct memory_region *mr, hwaddr addr, uint64_t size,
			       enum dirty_client client)
{
	if (!mr->ram_block || !size)
		return;
	memory_transaction_begin(mr->mem);
	dirty_clear(mr->mem->dirty_log, mr->ram_block, addr, size, 1u << client);
	dirty_tell_clear(mr, addr, size, NULL);
	memory_transaction_commit(mr->mem);
}

static void global_damage(struct memory *mem)
{
	struct ram_blocks *blocks = mem->ram_blocks;

	for (size_t i = 0; i < blocks->nr; i++)
		memory_damage_region(blocks->at[i]->mr);
}

static void global_unfollow(struct memory *mem)
{
	struct ram_blocks *blocks = mem->ram_blocks;

	for (size_t i = 0; i < blocks->nr; i++)
		block_unfollow(blocks->at[i], DIRTY_MIGRATION);
	global_damage(mem);
}

/*
 * What a commit would do, but under the lock still: starts and stops of several threads do not mix.
 * Within a transaction around it the views follow at its end.
 */
static int views_update(struct memory *mem)
{
	return mem->dirty && mem->depth == 1 ? address_spaces_update(mem, false) : 0;
}

static int global_start(struct memory *mem)
{
	int ret = mem->global_log ? 0 : dirty_tell_global_start(mem);

	if (ret || mem->global_log++)
		return ret;
	blocks_follow(mem, mem->ram_blocks->at, mem->ram_blocks->nr, DIRTY_MIGRATION);
	global_damage(mem);
	return views_update(mem);
}

static void global_stop(struct memory *mem)
{
	if (!mem->global_log || --mem->global_log)
		return;
	global_unfollow(mem);
	views_update(mem);
	dirty_tell_global_stop(mem);
}

int memory_global_dirty_log_start(struct memory *mem)
{
	unsigned int before;
	int ret;

	memory_transaction_begin(mem);
	before = mem->global_log;
	ret = global_start(mem);
	if (ret && mem->global_log != before)
		global_stop(mem);
	memory_transaction_commit(mem);
	return ret;
}

void memory_global_dirty_log_stop(struct memory *mem)
{
	memory_transaction_begin(mem);
	global_stop(mem);
	memory_transaction_commit(mem);
}
