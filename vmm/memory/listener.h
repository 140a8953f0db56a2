/* SPDX-License-Identifier: GPL-2.0-only */
/* Listeners: what an address space looks like, told as it changes. */
#ifndef VMM_MEMORY_LISTENER_H
#define VMM_MEMORY_LISTENER_H

#include <sys/queue.h>

#include "memory/memory.h"

struct flat_range;

/**
 * struct memory_change - what a commit is going to do to one address space
 * @as: the address space
 * @nr_del: how many sections go
 * @nr_add: how many come
 */
struct memory_change {
	struct address_space *as;
	size_t nr_del, nr_add;

	/* the model's */
	const struct flat_range *const *del, *const *add;
};

/* The @i-th of those sections, in ascending order of addresses. */
struct memory_region_section memory_change_del(const struct memory_change *change, size_t i);
struct memory_region_section memory_change_add(const struct memory_change *change, size_t i);

/**
 * struct memory_listener - who wants to know what address spaces look like
 * @name: for people
 * @priority: the lower hears of additions and starts first, of deletions and stops last
 * @check: may refuse a change before anybody hears of it: a -errno ends the commit, which returns
 *	it and leaves the views as they were. Not asked when a region ends (memory_region_fini())
 * @begin: a commit starts
 * @eventfd_del: @fd is no longer wanted there; before all other news of the commit
 * @coalesced_io_del: stores to [@addr, @addr + @len) in the address space are wanted one by one
 *	again
 * @region_del: was there, is no more; in descending order of addresses, before all additions
 * @region_add: was not there, is now; in ascending order of addresses
 * @region_nop: is there as it was; among the additions, in order. A listener that has this makes
 *	each commit walk the whole view
 * @log_start: stores to a section that is there are followed by clients (a mask of 1 << enum
 *	dirty_client) that did not follow it before; told after region_add for a new section. @old
 *	and @new are all clients before and after
 * @log_stop: the opposite; before region_add and region_nop of anything
 * @coalesced_io_add: stores to [@addr, @addr + @len) may be told later, in one go
 * @eventfd_add: a store of @size bytes (0: any) at @sec's address, of @data if @match, is to raise
 *	@fd and reach nobody else; after all additions of regions
 * @commit: all has been said
 * @log_sync: add to the dirty bitmaps what was stored to since the last time
 * @log_sync_global: the same for everything at once (used instead of @log_sync if it is there);
 *	@last_stage: vCPUs are on hold and will stay so
 * @log_clear: the bits of this section were taken from a client's bitmap: stores to it are to be
 *	seen anew. What the last log_sync did not report must stay
 * @log_global_start: migration begins to follow all RAM. A -errno undoes it with those who heard
 *	it already
 * @log_global_stop: it ends
 *
 * Each function may be NULL. They are called under the model's lock and must not change the tree.
 * A -errno of @region_add, @eventfd_add, @coalesced_io_add or @commit goes to whoever made the
 * change and stops nothing: what could not be added is then served by the model itself, access by
 * access. The _del functions are also called for what could not be added.
 */
struct memory_listener {
	const char *name;
	unsigned int priority;
	int (*check)(struct memory_listener *l, const struct memory_change *change);
	void (*begin)(struct memory_listener *l);
	void (*eventfd_del)(struct memory_listener *l, const struct memory_region_section *sec,
			    unsigned int size, bool match, uint64_t data, int fd);
	void (*coalesced_io_del)(struct memory_listener *l, const struct memory_region_section *sec,
				 hwaddr addr, uint64_t len);
	void (*region_del)(struct memory_listener *l, const struct memory_region_section *sec);
	int (*region_add)(struct memory_listener *l, const struct memory_region_section *sec);
	void (*region_nop)(struct memory_listener *l, const struct memory_region_section *sec);
	void (*log_start)(struct memory_listener *l, const struct memory_region_section *sec,
			  unsigned int old, unsigned int new);
	void (*log_stop)(struct memory_listener *l, const struct memory_region_section *sec,
			 unsigned int old, unsigned int new);
	int (*coalesced_io_add)(struct memory_listener *l, const struct memory_region_section *sec,
				hwaddr addr, uint64_t len);
	int (*eventfd_add)(struct memory_listener *l, const struct memory_region_section *sec,
			   unsigned int size, bool match, uint64_t data, int fd);
	int (*commit)(struct memory_listener *l);
	void (*log_sync)(struct memory_listener *l, const struct memory_region_section *sec);
	void (*log_sync_global)(struct memory_listener *l, bool last_stage);
	void (*log_clear)(struct memory_listener *l, const struct memory_region_section *sec);
	int (*log_global_start)(struct memory_listener *l);
	void (*log_global_stop)(struct memory_listener *l);

	/* the model's */
	struct memory *mem;
	struct address_space *as;	/* NULL: all of them */
	TAILQ_ENTRY(memory_listener) link;
};

/**
 * memory_listener_register() - from now on, tell @l about @as
 *
 * All that is there now is told at once: begin, log_global_start if that goes on, region_add (and
 * log_start) for each section, coalesced_io_add, eventfd_add, commit.
 *
 * Return: 0, or the first -errno of @l; it is registered even so, as it is after a failed commit.
 */
int memory_listener_register(struct memory_listener *l, struct address_space *as)
	MEMORY_MUST_CHECK;

/* The same for all address spaces of @mem, those to come too. */
int memory_listener_register_all(struct memory_listener *l, struct memory *mem) MEMORY_MUST_CHECK;

/* Takes it all back in the opposite order, each list from its last to its first. */
void memory_listener_unregister(struct memory_listener *l);

#endif /* VMM_MEMORY_LISTENER_H */
