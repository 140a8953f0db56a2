// SPDX-License-Identifier: GPL-2.0-only
/* RAM blocks: how they come, change and go, and what is asked of them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory/internal.h"
#include "memory/ramblock.h"

int ram_blocks_create(struct memory *mem)
{
	mem->ram_blocks = calloc(1, sizeof(*mem->ram_blocks));
	return mem->ram_blocks ? 0 : -ENOMEM;
}

void ram_blocks_destroy(struct memory *mem)
{
	free(mem->ram_blocks->hosts);
	free(mem->ram_blocks->at);
	free(mem->ram_blocks);
}

static int check_request(const struct ram_block_request *req, uint64_t page_size)
{
	uint64_t max = req->max_size ? req->max_size : req->size;

	if (!req->size || req->size > max || max > INT64_MAX - 2 * page_size - 2 * RAM_HUGE_PAGE)
		return -EINVAL;
	if (req->fd_offset < 0 || req->fd_offset & (page_size - 1))
		return -EINVAL;
	if (req->max_size && (req->ptr || req->fd >= 0))
		return -EINVAL;
	return (uintptr_t)req->ptr > UINTPTR_MAX - (max - 1) ? -EINVAL : 0;
}

/* The number of the copy of @name that @id is: 1 for the name itself, 2 for "name#2"; 0: none. */
static unsigned long id_copy(const char *id, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(id, name, len))
		return 0;
	if (!id[len])
		return 1;
	return id[len] == '#' && isdigit((unsigned char)id[len + 1]) ?
	       strtoul(id + len + 1, NULL, 10) : 0;
}

static bool id_taken(const struct ram_blocks *blocks, const char *id)
{
	for (size_t i = 0; i < blocks->nr; i++)
		if (!strcmp(blocks->at[i]->id, id))
			return true;
	return false;
}

/* The name of the region; "name#2" and so on, one more than the last, while that is taken. */
static char *id_create(const struct ram_blocks *blocks, const char *name)
{
	unsigned long last = 0;
	char *id;

	if (!id_taken(blocks, name))
		return strdup(name);
	for (size_t i = 0; i < blocks->nr; i++) {
		unsigned long copy = id_copy(blocks->at[i]->id, name);

		last = copy > last ? copy : last;
	}
	return asprintf(&id, "%s#%lu", name, last + 1) < 0 ? NULL : id;
}

static struct ram_block *block_alloc(struct memory *mem, const struct ram_block_request *req)
{
	struct ram_block *block = calloc(1, sizeof(*block));

	if (!block)
		return NULL;
	*block = (struct ram_block){
		.mr = req->mr,
		.id = id_create(mem->ram_blocks, req->mr->name),
		.host = req->ptr,
		.used = req->size,
		.max = req->max_size ? req->max_size : req->size,
		.page_size = ram_fd_page_size(req->fd),
		.fd = -1,
		.fd_offset = req->fd_offset,
		.flags = req->flags,
		.resizeable = req->max_size,
		.resized = req->resized,
		.opaque = req->opaque,
	};
	if (block->id)
		return block;
	free(block);
	return NULL;
}

static void block_free(struct ram_block *block)
{
	ram_unmap(block);
	if (block->fd >= 0)
		close(block->fd);
	free(block->id);
	free(block);
}

/* The block's host memory. */
static int block_back(struct ram_block *block, const struct ram_block_request *req)
{
	if (req->ptr)
		return 0;
	if (req->fd >= 0) {
		block->fd = fcntl(req->fd, F_DUPFD_CLOEXEC, 0);
		if (block->fd < 0)
			return -errno;
	}
	return ram_map(block);
}

static int blocks_make_room(struct ram_blocks *blocks)
{
	size_t room = blocks->room ? 2 * blocks->room : 8;
	struct ram_block **at;

	if (blocks->nr < blocks->room)
		return 0;
	at = reallocarray(blocks->at, room, sizeof(*at));
	if (!at)
		return -ENOMEM;
	blocks->at = at;
	blocks->room = room;
	return 0;
}

/* The block's place in the space, with dirty bits for it, and in the list. */
static int block_place(struct memory *mem, struct ram_block *block)
{
	struct ram_blocks *blocks = mem->ram_blocks;
	size_t index;
	int ret;

	ret = ram_gap_find(blocks, block->max, &block->offset, &index);
	if (!ret)
		ret = blocks_make_room(blocks);
	if (!ret)
		ret = dirty_block_start(mem, block);
	if (!ret)
		ret = ram_hosts_add(mem, block);
	if (ret)
		return ret;
	memmove(&blocks->at[index + 1], &blocks->at[index],
		(blocks->nr - index) * sizeof(blocks->at[0]));
	blocks->at[index] = block;
	blocks->nr++;
	return 0;
}

int ram_block_create(struct memory *mem, const struct ram_block_request *req,
		     struct ram_block **out)
{
	int ret = check_request(req, ram_fd_page_size(req->fd));
	struct ram_block *block;

	if (ret)
		return ret;
	block = block_alloc(mem, req);
	if (!block)
		return -ENOMEM;
	ret = block_back(block, req);
	if (!ret)
		ret = block_place(mem, block);
	if (ret) {
		block_free(block);
		return ret;
	}
	*out = block;
	return 0;
}

static size_t block_index(const struct ram_blocks *blocks, const struct ram_block *block)
{
	size_t from = 0, to = blocks->nr;

	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;

		if (blocks->at[middle]->offset <= block->offset)
			from = middle;
		else
			to = middle;
	}
	return from;
}

void ram_block_destroy(struct memory *mem, struct ram_block *block)
{
	struct ram_blocks *blocks = mem->ram_blocks;
	size_t index = block_index(blocks, block);

	ram_hosts_del(mem, block);
	blocks->nr--;
	memmove(&blocks->at[index], &blocks->at[index + 1],
		(blocks->nr - index) * sizeof(blocks->at[0]));
	block_free(block);
}

int ram_block_resize(struct memory *mem, struct ram_block *block, uint64_t size)
{
	uint64_t old = block->used;
	int ret;

	if (!size || size > block->max || !block->resizeable)
		return -EINVAL;
	ret = ram_map_resize(block, size);
	if (ret)
		return ret;
	__atomic_store_n(&block->used, size, __ATOMIC_RELAXED);
	dirty_block_resized(mem, block, old);
	if (block->resized)
		block->resized(block->opaque, size, block->host);
	return 0;
}

void *ram_block_host(const struct ram_block *block)
{
	return block->host;
}

bool ram_block_readonly(const struct ram_block *block)
{
	return block->flags & RAM_READONLY;
}

ram_addr_t memory_region_get_ram_addr(const struct memory_region *mr)
{
	return mr->ram_block ? mr->ram_block->offset : RAM_ADDR_NONE;
}

const char *memory_region_get_ram_id(const struct memory_region *mr)
{
	return mr->ram_block ? mr->ram_block->id : NULL;
}

uint64_t memory_region_get_ram_used(const struct memory_region *mr)
{
	return mr->ram_block ? __atomic_load_n(&mr->ram_block->used, __ATOMIC_RELAXED) : 0;
}

uint64_t memory_region_get_ram_max(const struct memory_region *mr)
{
	return mr->ram_block ? mr->ram_block->max : 0;
}

uint64_t memory_region_get_ram_page_size(const struct memory_region *mr)
{
	return mr->ram_block ? mr->ram_block->page_size : 0;
}

unsigned int memory_region_get_ram_flags(const struct memory_region *mr)
{
	return mr->ram_block ? mr->ram_block->flags : 0;
}

int memory_region_get_ram_fd(const struct memory_region *mr, off_t *offset)
{
	if (!mr->ram_block || mr->ram_block->fd < 0)
		return -1;
	*offset = mr->ram_block->fd_offset;
	return mr->ram_block->fd;
}

int memory_for_each_ram(struct memory *mem, int (*fn)(struct memory_region *mr, void *opaque),
			void *opaque)
{
	int ret = 0;

	memory_transaction_begin(mem);
	for (size_t i = 0; !ret && i < mem->ram_blocks->nr; i++)
		ret = fn(mem->ram_blocks->at[i]->mr, opaque);
	memory_transaction_commit(mem);
	return ret;
}
