/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM blocks for their users: what host memory is behind RAM regions, where it is in the one space
 * of ram_addr_t, and what the host is told about it. A block starts at a multiple of 2 MiB of that
 * space, in the smallest gap that is large enough. It is called what its region is called, or,
 * while another block is called so, that with "#2", "#3" and so on behind: whoever creates the same
 * blocks in the same order finds the same names.
 */
#ifndef VMM_MEMORY_RAM_H
#define VMM_MEMORY_RAM_H

#include "memory/memory.h"

/* The ram_addr_t of what is no RAM. */
#define RAM_ADDR_NONE		UINT64_MAX

/* What the host is told of a block's memory, a flag each; holds for what a resize adds, too. */
#define RAM_POLICY_MERGE	(1u << 0)	/* KSM may merge equal pages */
#define RAM_POLICY_HUGE		(1u << 1)	/* transparent huge pages are wanted */
#define RAM_POLICY_DONTDUMP	(1u << 2)	/* not in a core dump */
#define RAM_POLICY_DONTFORK	(1u << 3)	/* not in a child */

/*
 * Set and unset flags. 0, -EINVAL if @mr is not RAM or a caller's own memory that is not whole
 * pages, or the first -errno of madvise() (-EINVAL: the kernel does not have that): the others were
 * set all the same. Pages of hugetlbfs are huge whatever is said.
 */
int memory_region_set_ram_policy(struct memory_region *mr, unsigned int set, unsigned int unset);

enum ram_numa_policy {
	RAM_NUMA_DEFAULT,
	RAM_NUMA_PREFERRED,
	RAM_NUMA_BIND,
	RAM_NUMA_INTERLEAVE,
};

/*
 * Where pages come from; those that are there move. @nodes: a bit each, 0 for RAM_NUMA_DEFAULT and
 * only for that. 0, -EINVAL as above or if none of @nodes is there, -ENOSYS without NUMA, or what
 * else mbind() says.
 */
int memory_region_bind_ram(struct memory_region *mr, enum ram_numa_policy policy, uint64_t nodes);

/**
 * memory_region_prealloc_ram() - have all pages now
 * @threads: how many share the work, the caller's one of them; 0: one
 * @progress: called now and then in the calling thread with bytes done and bytes in all (may be
 *	NULL),
 *	at last with all; false stops it
 *
 * Contents stay, also what a guest stores meanwhile. Not while @mr is resized.
 *
 * Return: 0, -EINVAL if @mr is not RAM, -ENOMEM if the host has not that many (or not that many
 * huge) pages or a file is shorter than it was, -EINTR if @progress stopped it.
 */
int memory_region_prealloc_ram(struct memory_region *mr, unsigned int threads,
			       bool (*progress)(void *opaque, uint64_t done, uint64_t all),
			       void *opaque) MEMORY_MUST_CHECK;

/* Of what is no RAM: RAM_ADDR_NONE, NULL, 0. */
ram_addr_t memory_region_get_ram_addr(const struct memory_region *mr);
const char *memory_region_get_ram_id(const struct memory_region *mr);
uint64_t memory_region_get_ram_used(const struct memory_region *mr);	/* bytes */
uint64_t memory_region_get_ram_max(const struct memory_region *mr);	/* bytes */
uint64_t memory_region_get_ram_page_size(const struct memory_region *mr);
unsigned int memory_region_get_ram_flags(const struct memory_region *mr);	/* RAM_* */
/*
 * The file behind it, open as long as @mr is there, or -1; for who hands it on to another process.
 */
int memory_region_get_ram_fd(const struct memory_region *mr, off_t *offset);

/*
 * The region of the block that @host lies in, and where in it (in one that can grow: perhaps where
 * it is not yet). Of a caller's own memory that is in several blocks, the one that starts last.
 * NULL: none. O(log N), no lock; any registered thread.
 */
struct memory_region *memory_region_from_host(struct memory *mem, const void *host, hwaddr *offset);

/*
 * Call @fn for each RAM region in order of ram_addr_t until it returns other than 0; returns that.
 * Under the model's lock; @fn starts and ends no region.
 */
int memory_for_each_ram(struct memory *mem, int (*fn)(struct memory_region *mr, void *opaque),
			void *opaque);

#endif /* VMM_MEMORY_RAM_H */
