// SPDX-License-Identifier: GPL-2.0-only
/* Caches: a host pointer that is good as long as the view is the one that it was taken from. */
#include "memory/cache.h"

#include <errno.h>

#define _LGPL_SOURCE		/* read-side sections inline */
#include <urcu/urcu-memb.h>

#include "memory/copy.h"
#include "memory/dirty.h"
#include "memory/place.h"

/* Two views may have lain at one address, but not with one number. */
static bool cache_is_current(const struct memory_cache *cache)
{
	const struct flatview *view = place_view(cache->as);

	return cache->view == view && cache->generation == view->generation;
}

/* Hold @owner instead of whom it held before; false: nobody then. */
static bool cache_hold(struct memory_cache *cache, struct memory_owner *owner)
{
	struct memory_owner *old = cache->owner;
	bool held = owner == old || memory_owner_get_live(owner);

	if (owner != old) {
		cache->owner = held ? owner : NULL;
		memory_owner_put(old);
	}
	return held;
}

/* Inside a read-side section. */
static void cache_fill(struct memory_cache *cache)
{
	struct place p;
	bool good;

	cache->view = place_view(cache->as);
	cache->generation = cache->view->generation;
	place_find_direct(&p, cache->view, cache->addr, cache->len, cache->is_write);
	good = place_is_direct(&p, cache->is_write) && p.len == cache->len && !p.translated;
	good &= cache_hold(cache, good ? p.fr->mr->owner : NULL);
	cache->ptr = good ? place_host(&p) : NULL;
	cache->mr = good ? p.fr->mr : NULL;
	cache->offset = good ? p.offset : 0;
}

int memory_cache_init(struct memory_cache *cache, struct address_space *as, hwaddr addr,
		      uint64_t len, bool is_write)
{
	if (!len || len - 1 > RANGE_MAX - addr)
		return -EINVAL;
	*cache = (struct memory_cache){
		.as = as, .addr = addr, .len = len, .is_write = is_write,
	};
	urcu_memb_read_lock();
	cache_fill(cache);
	urcu_memb_read_unlock();
	return 0;
}

void memory_cache_fini(struct memory_cache *cache)
{
	memory_owner_put(cache->owner);
	*cache = (struct memory_cache){ 0 };
}

static bool cache_has(const struct memory_cache *cache, hwaddr offset, uint64_t len)
{
	return offset < cache->len && len <= cache->len - offset;
}

/* Inside a read-side section: the pointer that is true now; NULL: the slow way. */
static char *cache_ptr(struct memory_cache *cache)
{
	if (!cache_is_current(cache))
		cache_fill(cache);
	return cache->ptr;
}

static bool cache_load(struct memory_cache *cache, hwaddr offset, void *buf, uint64_t len)
{
	char *ptr;

	urcu_memb_read_lock();
	ptr = cache_ptr(cache);
	if (ptr)
		copy_from_ram(buf, ptr + offset, len);
	urcu_memb_read_unlock();
	return ptr;
}

static bool cache_store(struct memory_cache *cache, hwaddr offset, const void *buf, uint64_t len)
{
	char *ptr;

	urcu_memb_read_lock();
	ptr = cache_ptr(cache);
	if (ptr && len) {
		copy_to_ram(ptr + offset, buf, len);
		memory_region_set_dirty(cache->mr, cache->offset + offset, len);
	}
	urcu_memb_read_unlock();
	return ptr;
}

enum memtx_result memory_cache_read(struct memory_cache *cache, hwaddr offset, void *buf,
				    uint64_t len)
{
	if (!cache_has(cache, offset, len)) {
		memset(buf, 0xff, len);
		return MEMTX_DECODE_ERROR;
	}
	if (cache_load(cache, offset, buf, len))
		return MEMTX_OK;
	return address_space_read(cache->as, cache->addr + offset, buf, len);
}

enum memtx_result memory_cache_write(struct memory_cache *cache, hwaddr offset, const void *buf,
				     uint64_t len)
{
	if (!cache_has(cache, offset, len))
		return MEMTX_DECODE_ERROR;
	if (!cache->is_write)
		return MEMTX_ERROR;
	if (cache_store(cache, offset, buf, len))
		return MEMTX_OK;
	return address_space_write(cache->as, cache->addr + offset, buf, len);
}
