// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a host pointer to its region, without a lock: all blocks in ascending order of host
 * addresses, in an array that is replaced when a block comes; of one that goes the entry is
 * emptied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-memb.h>

#include "memory/internal.h"
#include "memory/ramblock.h"

/* A caller's own memory may be in two blocks at once: hence @reach. */
struct ram_host {
	uintptr_t first, last;		/* of the block */
	uintptr_t reach;		/* the greatest last of all up to this one */
	struct memory_region *mr;	/* NULL: gone */
};

struct ram_hosts {
	struct retired retired;
	size_t nr;
	struct ram_host at[];
};

/* How many entries start at or below @host: halves without a branch to guess. */
static size_t hosts_upto(const struct ram_hosts *hosts, uintptr_t host)
{
	const struct ram_host *at = hosts->at;
	size_t n = hosts->nr;

	while (n > 1) {
		size_t half = n / 2;

		at += at[half - 1].first <= host ? half : 0;
		n -= half;
	}
	return at - hosts->at + (n && at->first <= host);
}

/* The innermost of those around @host: the one that starts last. */
static struct memory_region *hosts_lookup(const struct ram_hosts *hosts, uintptr_t host,
					  uintptr_t *first)
{
	for (size_t i = hosts_upto(hosts, host); i-- && hosts->at[i].reach >= host; ) {
		const struct ram_host *h = &hosts->at[i];
		struct memory_region *mr = __atomic_load_n(&h->mr, __ATOMIC_RELAXED);

		if (h->last >= host && mr) {
			*first = h->first;
			return mr;
		}
	}
	return NULL;
}

struct memory_region *memory_region_from_host(struct memory *mem, const void *host, hwaddr *offset)
{
	struct memory_region *mr = NULL;
	const struct ram_hosts *hosts;
	uintptr_t first = 0;

	urcu_memb_read_lock();
	hosts = __atomic_load_n(&mem->ram_blocks->hosts, __ATOMIC_ACQUIRE);
	if (hosts)
		mr = hosts_lookup(hosts, (uintptr_t)host, &first);
	urcu_memb_read_unlock();
	if (mr)
		*offset = (uintptr_t)host - first;
	return mr;
}

static void hosts_append(struct ram_hosts *hosts, uintptr_t first, uintptr_t last,
			 struct memory_region *mr)
{
	uintptr_t reach = hosts->nr ? hosts->at[hosts->nr - 1].reach : 0;

	hosts->at[hosts->nr++] = (struct ram_host){
		.first = first, .last = last, .reach = last > reach ? last : reach, .mr = mr,
	};
}

static void hosts_append_all(struct ram_hosts *hosts, const struct ram_host *at, size_t nr)
{
	for (; nr; at++, nr--)
		if (at->mr)
			hosts_append(hosts, at->first, at->last, at->mr);
}

int ram_hosts_add(struct memory *mem, const struct ram_block *block)
{
	struct ram_hosts *old = mem->ram_blocks->hosts, *new;
	uintptr_t first = (uintptr_t)block->host;
	size_t nr = old ? old->nr : 0, below = old ? hosts_upto(old, first) : 0;

	new = malloc(sizeof(*new) + (nr + 1) * sizeof(new->at[0]));
	if (!new)
		return -ENOMEM;
	new->nr = 0;
	if (old)
		hosts_append_all(new, old->at, below);
	hosts_append(new, first, first + (block->max - 1), block->mr);
	if (old)
		hosts_append_all(new, old->at + below, nr - below);
	__atomic_store_n(&mem->ram_blocks->hosts, new, __ATOMIC_RELEASE);
	memory_retire(mem, old ? &old->retired : NULL);
	return 0;
}

void ram_hosts_del(struct memory *mem, const struct ram_block *block)
{
	struct ram_hosts *hosts = mem->ram_blocks->hosts;

	for (size_t i = hosts_upto(hosts, (uintptr_t)block->host); i--; ) {
		if (hosts->at[i].mr == block->mr) {
			__atomic_store_n(&hosts->at[i].mr, NULL, __ATOMIC_RELAXED);
			return;
		}
	}
}
