/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cache of a range of an address space, for a device that asks there often (a queue's ring): as
 * long as the range stays as it is, an access is a comparison and a load.
 */
#ifndef VMM_MEMORY_CACHE_H
#define VMM_MEMORY_CACHE_H

#include "memory/access.h"

/* Embedded by its user. All fields are the model's. */
struct memory_cache {
	struct address_space *as;
	hwaddr addr;			/* of the first byte */
	uint64_t len;			/* bytes, not 0 */
	bool is_write;
	char *ptr;			/* to RAM; NULL: the slow way */
	struct memory_region *mr;	/* whose RAM */
	struct memory_owner *owner;	/* of @mr, held */
	hwaddr offset;			/* in @mr, of the first byte */
	const struct flatview *view;	/* that this is true of; compared, never looked into */
	uint64_t generation;		/* of that view */
};

/**
 * memory_cache_init() - get ready for accesses to [@addr, @addr + @len) of @as
 * @is_write: also for stores
 *
 * A range that is not all one RAM works too, slowly, and so does one behind an IOMMU, whose mind
 * may change at any time. One thread at a time uses a cache.
 *
 * Return: 0, or -EINVAL for @len 0 or a range that wraps.
 */
int memory_cache_init(struct memory_cache *cache, struct address_space *as, hwaddr addr,
		      uint64_t len, bool is_write) MEMORY_MUST_CHECK;
void memory_cache_fini(struct memory_cache *cache);

/*
 * @offset + @len within the cache's range, else MEMTX_DECODE_ERROR and all-ones; MEMTX_ERROR for a
 * write to a cache that is not for stores. Changes of the tree are noticed at the next access.
 */
enum memtx_result memory_cache_read(struct memory_cache *cache, hwaddr offset, void *buf,
				    uint64_t len);
enum memtx_result memory_cache_write(struct memory_cache *cache, hwaddr offset, const void *buf,
				     uint64_t len);

#endif /* VMM_MEMORY_CACHE_H */
