/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking: which pages of RAM were stored to, a bitmap of MEMORY_PAGE pages for each client
 * over the space of all RAM blocks.
 *
 * A client that begins to follow a region finds all of it dirty, and so does MIGRATION with RAM
 * that is new or has grown: its first pass copies everything anyhow. Who stores to RAM that it has
 * by a pointer says so afterwards with memory_region_set_dirty(); guests' stores are a listener's
 * to find out (log_sync). Of who looks: one at a time a client and region, for what one takes the
 * other does not get.
 */
#ifndef VMM_MEMORY_DIRTY_H
#define VMM_MEMORY_DIRTY_H

#include "memory/memory.h"

#define MEMORY_PAGE	4096ull		/* what a dirty bit stands for, bytes */

/**
 * memory_region_set_log() - let VGA or CODE follow stores to @mr, or not any more
 *
 * Counted: as many offs as ons. Listeners hear of it at the end of the outermost transaction; what
 * is taken before is not to be relied on.
 *
 * Return: what memory_transaction_commit() returns: then it is counted all the same. -EINVAL if @mr
 * is not RAM (a device's RAM is not), for an off without an on, or for MIGRATION, which follows
 * everything (memory_global_dirty_log_start()); -EOVERFLOW.
 */
int memory_region_set_log(struct memory_region *mr, bool log, enum dirty_client client);

/*
 * The clients (1 << enum dirty_client) that follow a guest's stores to @mr now: what a view says of
 * it. Under the model's lock.
 */
unsigned int memory_region_log_mask(const struct memory_region *mr);

/*
 * [@addr, @addr + @size) of @mr was stored to: for whoever stores past the model. Any registered
 * thread. Next to nothing if nobody follows.
 */
void memory_region_set_dirty(struct memory_region *mr, hwaddr addr, uint64_t size);

/**
 * memory_region_set_dirty_bitmap() - pages of @mr were stored to, a bit each
 * @addr: of the page that bit 0 stands for; offsets within a page do not count
 * @bitmap: 64 pages a word, as KVM gives it
 * @clients: whose bitmaps (1 << enum dirty_client)
 *
 * Pages behind the end of @mr are left out. Any registered thread.
 */
void memory_region_set_dirty_bitmap(struct memory_region *mr, hwaddr addr,
				    const unsigned long *bitmap, uint64_t pages,
				    unsigned int clients);

/*
 * Whether any page of the range is dirty for @client; what KVM knows and has not said does not
 * count.
 */
bool memory_region_get_dirty(const struct memory_region *mr, hwaddr addr, uint64_t size,
			     enum dirty_client client);

/* Forget what is dirty in the range; listeners hear log_clear. */
void memory_region_reset_dirty(struct memory_region *mr, hwaddr addr, uint64_t size,
			       enum dirty_client client);

/* Bring the bitmaps up to date with what listeners know (log_sync). @last_stage: see there. */
void memory_region_sync_dirty(struct memory_region *mr);
void memory_global_dirty_log_sync(struct memory *mem, bool last_stage);

/**
 * memory_global_dirty_log_start() - MIGRATION follows all RAM from now on
 *
 * Counted. Return: 0, or the -errno of the listener that could not, or of the commit; then nothing
 * is left started.
 */
int memory_global_dirty_log_start(struct memory *mem) MEMORY_MUST_CHECK;
/* Of a commit that fails it is the views that follow later, with the next one. */
void memory_global_dirty_log_stop(struct memory *mem);

struct dirty_snapshot;

/**
 * memory_region_snapshot_and_clear_dirty() - take the bits of a range out of the bitmap
 *
 * Syncs, takes and clears in one; listeners hear log_clear for the sections with dirty pages.
 * Nothing is lost: of a store that is not in this snapshot, the bit is in the next.
 *
 * Return: the snapshot, freed with dirty_snapshot_free(); NULL without memory, or if @mr is not
 * RAM.
 */
struct dirty_snapshot *memory_region_snapshot_and_clear_dirty(struct memory_region *mr, hwaddr addr,
							       uint64_t size,
							       enum dirty_client client);
/* Whether any page of the range, which is one of the region, is dirty in @snap. */
bool dirty_snapshot_get(const struct dirty_snapshot *snap, hwaddr addr, uint64_t size);
void dirty_snapshot_free(struct dirty_snapshot *snap);

#endif /* VMM_MEMORY_DIRTY_H */
