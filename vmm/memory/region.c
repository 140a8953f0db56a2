// SPDX-License-Identifier: GPL-2.0-only
/* Regions: how they start and end, and each change of the tree as a transaction. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-memb.h>

#include "memory/internal.h"
#include "memory/ramblock.h"
#include "memory/range.h"

static hwaddr last_of_size(uint64_t size)
{
	return size == MEMORY_SIZE_ALL ? RANGE_MAX : size - 1;
}

int memory_region_init(struct memory_region *mr, struct memory *mem, void *owner, const char *name,
		       uint64_t size)
{
	if (!size)
		return -EINVAL;
	memset(mr, 0, sizeof(*mr));
	mr->name = strdup(name);
	if (!mr->name)
		return -ENOMEM;
	mr->mem = mem;
	mr->owner = owner;
	mr->last = last_of_size(size);
	mr->enabled = true;
	return 0;
}

int memory_region_init_io(struct memory_region *mr, struct memory *mem, void *owner,
			  const struct memory_region_ops *ops, void *opaque, const char *name,
			  uint64_t size)
{
	int ret = memory_region_init(mr, mem, owner, name, size);

	if (ret)
		return ret;
	mr->ops = ops;
	mr->opaque = opaque;
	return 0;
}

/* A region of RAM from @req; a size that is no number of bytes is refused with the others. */
static int init_ram_block(struct memory_region *mr, struct memory *mem, void *owner,
			  const char *name, struct ram_block_request *req)
{
	int ret = memory_region_init(mr, mem, owner, name, req->size);

	if (ret)
		return ret;
	req->mr = mr;
	memory_transaction_begin(mem);
	ret = ram_block_create(mem, req, &mr->ram_block);
	memory_transaction_commit(mem);
	if (ret) {
		free(mr->name);
		memset(mr, 0, sizeof(*mr));
	}
	return ret;
}

int memory_region_init_ram(struct memory_region *mr, struct memory *mem, void *owner,
			   const char *name, uint64_t size)
{
	struct ram_block_request req = { .size = size, .fd = -1 };

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_rom(struct memory_region *mr, struct memory *mem, void *owner,
			   const char *name, uint64_t size)
{
	int ret = memory_region_init_ram(mr, mem, owner, name, size);

	if (!ret)
		mr->readonly = true;
	return ret;
}

int memory_region_init_ram_ptr(struct memory_region *mr, struct memory *mem, void *owner,
			       const char *name, uint64_t size, void *ptr)
{
	struct ram_block_request req = { .size = size, .fd = -1, .ptr = ptr };

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_ram_fd(struct memory_region *mr, struct memory *mem, void *owner,
			      const char *name, uint64_t size, int fd, off_t offset,
			      unsigned int flags)
{
	struct ram_block_request req = {
		.size = size, .fd = fd, .fd_offset = offset, .flags = flags,
	};

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_alias(struct memory_region *mr, struct memory *mem, void *owner,
			     const char *name, struct memory_region *orig, hwaddr offset,
			     uint64_t size)
{
	int ret = memory_region_init(mr, mem, owner, name, size);

	if (ret)
		return ret;
	memory_transaction_begin(mem);
	mr->alias = orig;
	mr->alias_offset = offset;
	orig->nr_aliases++;
	memory_transaction_commit(mem);
	return 0;
}

static void region_isolate(struct memory_region *mr)
{
	if (mr->container)
		memory_region_del_subregion(mr->container, mr);
	while (mr->nr_subregions)
		memory_region_del_subregion(mr, mr->subregions[mr->nr_subregions - 1]);
	if (mr->alias)
		mr->alias->nr_aliases--;
}

void memory_region_fini(struct memory_region *mr)
{
	struct memory *mem = mr->mem;

	if (!mem)
		return;
	assert(!mr->nr_aliases);
	memory_transaction_begin(mem);
	region_isolate(mr);
	memory_settle(mem);
	memory_transaction_commit(mem);
	urcu_memb_synchronize_rcu();
	if (mr->ram_block) {
		memory_transaction_begin(mem);
		ram_block_destroy(mem, mr->ram_block);
		memory_transaction_commit(mem);
	}
	free(mr->subregions);
	free(mr->name);
	memset(mr, 0, sizeof(*mr));
}

/* The tree is another one since the last commit. */
static void region_changed(struct memory_region *mr)
{
	mr->mem->dirty = true;
}

static int region_add(struct memory_region *container, hwaddr offset, struct memory_region *sub,
		      int priority)
{
	int ret;

	if (sub->container)
		return -EBUSY;
	sub->addr = offset;
	sub->priority = priority;
	ret = subregions_add(container, sub);
	if (!ret)
		region_changed(container);
	return ret;
}

int memory_region_add_subregion_overlap(struct memory_region *container, hwaddr offset,
					struct memory_region *sub, int priority)
{
	int ret, committed;

	memory_transaction_begin(container->mem);
	ret = region_add(container, offset, sub, priority);
	committed = memory_transaction_commit(container->mem);
	return ret ? ret : committed;
}

int memory_region_add_subregion(struct memory_region *container, hwaddr offset,
				struct memory_region *sub)
{
	return memory_region_add_subregion_overlap(container, offset, sub, 0);
}

int memory_region_del_subregion(struct memory_region *container, struct memory_region *sub)
{
	int ret = 0, committed;

	memory_transaction_begin(container->mem);
	if (sub->container == container) {
		subregions_del(container, sub);
		region_changed(container);
	} else {
		ret = -ENOENT;
	}
	committed = memory_transaction_commit(container->mem);
	return ret ? ret : committed;
}

int memory_region_set_enabled(struct memory_region *mr, bool enabled)
{
	memory_transaction_begin(mr->mem);
	if (mr->enabled != enabled) {
		mr->enabled = enabled;
		region_changed(mr);
	}
	return memory_transaction_commit(mr->mem);
}

int memory_region_set_readonly(struct memory_region *mr, bool readonly)
{
	memory_transaction_begin(mr->mem);
	if (mr->readonly != readonly) {
		mr->readonly = readonly;
		region_changed(mr);
	}
	return memory_transaction_commit(mr->mem);
}

/* Out and in again, on top of its equals; the place that was left is there to come back to. */
static int region_move(struct memory_region *mr, hwaddr addr)
{
	struct memory_region *container = mr->container;

	subregions_del(container, mr);
	mr->addr = addr;
	region_changed(container);
	return subregions_add(container, mr);
}

int memory_region_set_address(struct memory_region *mr, hwaddr addr)
{
	int ret = 0, committed;

	memory_transaction_begin(mr->mem);
	if (mr->container && mr->addr != addr)
		ret = region_move(mr, addr);
	committed = memory_transaction_commit(mr->mem);
	return ret ? ret : committed;
}

int memory_region_set_size(struct memory_region *mr, uint64_t size)
{
	if (!size || mr->ram_block)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	if (mr->last != last_of_size(size)) {
		mr->last = last_of_size(size);
		region_changed(mr);
	}
	return memory_transaction_commit(mr->mem);
}

int memory_region_set_alias_offset(struct memory_region *mr, hwaddr offset)
{
	if (!mr->alias)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	if (mr->alias_offset != offset) {
		mr->alias_offset = offset;
		region_changed(mr);
	}
	return memory_transaction_commit(mr->mem);
}

const char *memory_region_name(const struct memory_region *mr)
{
	return mr->name;
}

uint64_t memory_region_size(const struct memory_region *mr)
{
	return mr->last == RANGE_MAX ? MEMORY_SIZE_ALL : mr->last + 1;
}

bool memory_region_is_ram(const struct memory_region *mr)
{
	return mr->ram_block != NULL;
}

bool memory_region_is_mapped(const struct memory_region *mr)
{
	return mr->container != NULL;
}

void *memory_region_get_ram_ptr(const struct memory_region *mr)
{
	return mr->ram_block ? ram_block_host(mr->ram_block) : NULL;
}
