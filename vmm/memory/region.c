// SPDX-License-Identifier: GPL-2.0-only
/* Regions: how they start and end, and each change of the tree as a transaction. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-memb.h>

#include "memory/attachments.h"
#include "memory/internal.h"
#include "memory/iommu.h"
#include "memory/ramblock.h"
#include "memory/range.h"

static hwaddr last_of_size(uint64_t size)
{
	return size == MEMORY_SIZE_ALL ? RANGE_MAX : size - 1;
}

int memory_region_init(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
		       const char *name, uint64_t size)
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
	TAILQ_INIT(&mr->aliases);
	return 0;
}

int memory_region_init_io(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
			  const struct memory_region_ops *ops, void *opaque, const char *name,
			  uint64_t size)
{
	int ret = memory_region_init(mr, mem, owner, name, size);

	if (ret)
		return ret;
	mr->kind = MEMORY_IO;
	mr->ops = ops;
	mr->opaque = opaque;
	return 0;
}

int memory_region_init_reservation(struct memory_region *mr, struct memory *mem,
				   struct memory_owner *owner, const char *name, uint64_t size)
{
	int ret = memory_region_init(mr, mem, owner, name, size);

	if (!ret)
		mr->kind = MEMORY_RESERVATION;
	return ret;
}

/* A region of RAM from @req; a size that is no number of bytes is refused with the others. */
static int init_ram_block(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
			  const char *name, struct ram_block_request *req)
{
	int ret = memory_region_init(mr, mem, owner, name, req->size);

	if (ret)
		return ret;
	mr->kind = MEMORY_RAM;
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

int memory_region_init_ram(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
			   const char *name, uint64_t size)
{
	struct ram_block_request req = { .size = size, .fd = -1 };

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_rom(struct memory_region *mr, struct memory *mem, struct memory_owner *owner,
			   const char *name, uint64_t size)
{
	int ret = memory_region_init_ram(mr, mem, owner, name, size);

	if (!ret)
		mr->readonly = true;
	return ret;
}

int memory_region_init_ram_ptr(struct memory_region *mr, struct memory *mem,
			       struct memory_owner *owner, const char *name, uint64_t size,
			       void *ptr)
{
	struct ram_block_request req = { .size = size, .fd = -1, .ptr = ptr };

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_ram_device_ptr(struct memory_region *mr, struct memory *mem,
				      struct memory_owner *owner, const char *name, uint64_t size,
				      void *ptr)
{
	int ret = memory_region_init_ram_ptr(mr, mem, owner, name, size, ptr);

	if (!ret)
		mr->ram_device = true;
	return ret;
}

int memory_region_init_resizeable_ram(struct memory_region *mr, struct memory *mem,
				      struct memory_owner *owner, const char *name, uint64_t size,
				      uint64_t max,
				      void (*resized)(void *opaque, uint64_t size, void *host),
				      void *opaque)
{
	struct ram_block_request req = {
		.size = size, .max_size = max, .fd = -1, .resized = resized, .opaque = opaque,
	};

	if (max < size)
		return -EINVAL;
	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_rom_device(struct memory_region *mr, struct memory *mem,
				  struct memory_owner *owner, const struct memory_region_ops *ops,
				  void *opaque, const char *name, uint64_t size)
{
	int ret = memory_region_init_ram(mr, mem, owner, name, size);

	if (ret)
		return ret;
	mr->kind = MEMORY_ROM_DEVICE;
	mr->ops = ops;
	mr->opaque = opaque;
	mr->romd = true;
	return 0;
}

int memory_region_init_ram_fd(struct memory_region *mr, struct memory *mem,
			      struct memory_owner *owner, const char *name, uint64_t size, int fd,
			      off_t offset, unsigned int flags)
{
	struct ram_block_request req = {
		.size = size, .fd = fd, .fd_offset = offset, .flags = flags,
	};

	return init_ram_block(mr, mem, owner, name, &req);
}

int memory_region_init_alias(struct memory_region *mr, struct memory *mem,
			     struct memory_owner *owner, const char *name,
			     struct memory_region *orig, hwaddr offset, uint64_t size)
{
	int ret = memory_region_init(mr, mem, owner, name, size);

	if (ret)
		return ret;
	memory_transaction_begin(mem);
	mr->kind = MEMORY_ALIAS;
	mr->alias = orig;
	mr->alias_offset = offset;
	TAILQ_INSERT_TAIL(&orig->aliases, mr, alias_link);
	memory_transaction_commit(mem);
	return 0;
}

static void region_isolate(struct memory_region *mr)
{
	if (mr->container)
		memory_region_del_subregion(mr->container, mr);
	while (mr->subregions)
		memory_region_del_subregion(mr, mr->subregions);
	if (mr->alias)
		TAILQ_REMOVE(&mr->alias->aliases, mr, alias_link);
}

void memory_region_fini(struct memory_region *mr)
{
	struct memory *mem = mr->mem;

	if (!mem)
		return;
	assert(TAILQ_EMPTY(&mr->aliases));
	memory_transaction_begin(mem);
	region_isolate(mr);
	memory_settle(mem);
	memory_transaction_commit(mem);
	urcu_memb_synchronize_rcu();
	memory_transaction_begin(mem);
	attachments_fini(mr);
	if (mr->ram_block)
		ram_block_destroy(mem, mr->ram_block);
	memory_transaction_commit(mem);
	if (mr->iommu)
		iommu_destroy(mr->iommu);
	free(mr->name);
	memset(mr, 0, sizeof(*mr));
}

static int region_add(struct memory_region *container, hwaddr offset, struct memory_region *sub,
		      int priority)
{
	if (sub->container)
		return -EBUSY;
	sub->addr = offset;
	sub->priority = priority;
	subregions_add(container, sub);
	memory_damage_region(sub);
	return 0;
}

static int region_del(struct memory_region *container, struct memory_region *sub)
{
	if (sub->container != container)
		return -ENOENT;
	memory_damage_region(sub);
	subregions_del(container, sub);
	return 0;
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
	int ret, committed;

	memory_transaction_begin(container->mem);
	ret = region_del(container, sub);
	committed = memory_transaction_commit(container->mem);
	return ret ? ret : committed;
}

/* Where @mr is, its container knows how far it reaches. */
static void region_reaches(struct memory_region *mr)
{
	if (mr->container)
		subregions_update(mr->container, mr);
}

int memory_region_set_enabled(struct memory_region *mr, bool enabled)
{
	memory_transaction_begin(mr->mem);
	if (mr->enabled != enabled) {
		memory_damage_region(mr);
		mr->enabled = enabled;
		region_reaches(mr);
		memory_damage_region(mr);
	}
	return memory_transaction_commit(mr->mem);
}

/* A property of @mr that shows in its sections. */
static int region_set(struct memory_region *mr, bool *property, bool value)
{
	memory_transaction_begin(mr->mem);
	if (*property != value) {
		*property = value;
		memory_damage_region(mr);
	}
	return memory_transaction_commit(mr->mem);
}

int memory_region_set_readonly(struct memory_region *mr, bool readonly)
{
	return region_set(mr, &mr->readonly, readonly);
}

int memory_region_set_nonvolatile(struct memory_region *mr, bool nonvolatile)
{
	return region_set(mr, &mr->nonvolatile, nonvolatile);
}

int memory_region_set_unmergeable(struct memory_region *mr, bool unmergeable)
{
	memory_transaction_begin(mr->mem);
	mr->mem->any_unmergeable |= unmergeable;
	region_set(mr, &mr->unmergeable, unmergeable);
	return memory_transaction_commit(mr->mem);
}

int memory_region_rom_device_set_romd(struct memory_region *mr, bool romd)
{
	return mr->kind == MEMORY_ROM_DEVICE ? region_set(mr, &mr->romd, romd) : -EINVAL;
}

void memory_region_allow_reentrancy(struct memory_region *mr)
{
	mr->reentrant = true;
}

/* Out and in again, on top of its equals. */
int memory_region_set_address(struct memory_region *mr, hwaddr addr)
{
	struct memory_region *container;

	memory_transaction_begin(mr->mem);
	container = mr->container;
	if (container && mr->addr != addr) {
		region_del(container, mr);
		region_add(container, addr, mr, mr->priority);
	}
	return memory_transaction_commit(mr->mem);
}

static void region_resize(struct memory_region *mr, hwaddr last)
{
	memory_damage_region(mr);
	mr->last = last;
	region_reaches(mr);
	memory_damage_region(mr);
}

int memory_region_set_size(struct memory_region *mr, uint64_t size)
{
	if (!size || mr->ram_block)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	if (mr->last != last_of_size(size))
		region_resize(mr, last_of_size(size));
	return memory_transaction_commit(mr->mem);
}

int memory_region_ram_resize(struct memory_region *mr, uint64_t size)
{
	int ret, committed;

	if (!size || !mr->ram_block)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	ret = ram_block_resize(mr->mem, mr->ram_block, size);
	if (!ret && mr->last != last_of_size(size))
		region_resize(mr, last_of_size(size));
	committed = memory_transaction_commit(mr->mem);
	return ret ? ret : committed;
}

int memory_region_set_alias_offset(struct memory_region *mr, hwaddr offset)
{
	if (mr->kind != MEMORY_ALIAS)
		return -EINVAL;
	memory_transaction_begin(mr->mem);
	if (mr->alias_offset != offset) {
		mr->alias_offset = offset;
		memory_damage_region(mr);
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
	return mr->kind == MEMORY_RAM;
}

bool memory_region_is_rom_device(const struct memory_region *mr)
{
	return mr->kind == MEMORY_ROM_DEVICE;
}

bool memory_region_is_ram_device(const struct memory_region *mr)
{
	return mr->ram_device;
}

bool memory_region_is_mapped(const struct memory_region *mr)
{
	return mr->container != NULL;
}

void *memory_region_get_ram_ptr(const struct memory_region *mr)
{
	return mr->ram_block ? ram_block_host(mr->ram_block) : NULL;
}
