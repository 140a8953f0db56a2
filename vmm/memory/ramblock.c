// SPDX-License-Identifier: GPL-2.0-only
/* RAM blocks: mapped so that huge pages fit, placed by best fit in the ram_addr_t space. */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "json.h"
#include "memory/internal.h"
#include "memory/ramblock.h"

/* What host page tables can map in one entry, if both sides are aligned to it. */
#define HUGE_PAGE (2ul << 20)

struct ram_block {
	TAILQ_ENTRY(ram_block) link;
	const struct memory_region *mr;
	void *host;
	uint64_t size;			/* bytes */
	uint64_t mapped;		/* bytes to unmap at the end; 0: the caller's memory */
	uint64_t page_size;		/* of the host's memory behind it */
	ram_addr_t offset;		/* in the space of all blocks */
	unsigned int flags;		/* RAM_* */
};

static uint64_t fd_page_size(int fd)
{
	struct statfs fs;

	if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == HUGETLBFS_MAGIC)
		return fs.f_bsize;
	return sysconf(_SC_PAGESIZE);
}

static uint64_t align_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

/* Address space of @size bytes at a host address that is @skew above a multiple of @align. */
static void *reserve_aligned(uint64_t size, uint64_t align, uint64_t skew)
{
	uint64_t room = size + 2 * align;
	char *base, *start;

	base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return MAP_FAILED;
	start = (char *)align_up((uintptr_t)base, align) + skew;
	if (start != base)
		munmap(base, start - base);
	if (start + size != base + room)
		munmap(start + size, base + room - (start + size));
	return start;
}

static int map_block(struct ram_block *block, const struct ram_block_request *req)
{
	uint64_t align = block->page_size > HUGE_PAGE ? block->page_size : HUGE_PAGE;
	int prot = PROT_READ | (req->flags & RAM_READONLY ? 0 : PROT_WRITE);
	int flags = MAP_FIXED | (req->flags & RAM_SHARED ? MAP_SHARED : MAP_PRIVATE) |
		    (req->fd < 0 ? MAP_ANONYMOUS | MAP_NORESERVE : 0);
	uint64_t mapped = align_up(req->size, block->page_size);
	void *host;
	int ret;

	host = reserve_aligned(mapped, align, req->fd_offset & (align - 1));
	if (host == MAP_FAILED)
		return -errno;
	if (mmap(host, mapped, prot, flags, req->fd, req->fd_offset) == MAP_FAILED) {
		ret = -errno;
		munmap(host, mapped);
		return ret;
	}
	block->host = host;
	block->mapped = mapped;
	return 0;
}

/* Where the space of a block ends: blocks start at multiples of a huge page. */
static ram_addr_t block_end(const struct ram_block *block)
{
	return align_up(block->offset + block->size, HUGE_PAGE);
}

/* Into the smallest gap that is large enough; behind the last block if there is none. */
static void place_block(struct memory *mem, struct ram_block *block)
{
	struct ram_block *prev = NULL, *next, *after = NULL;
	uint64_t best = UINT64_MAX;
	ram_addr_t start = 0;

	TAILQ_FOREACH(next, &mem->ram_blocks, link) {
		uint64_t gap = next->offset - start;

		if (gap >= block->size && gap < best) {
			best = gap;
			block->offset = start;
			after = prev;
		}
		start = block_end(next);
		prev = next;
	}
	if (best == UINT64_MAX) {
		block->offset = start;
		after = prev;
	}
	if (after)
		TAILQ_INSERT_AFTER(&mem->ram_blocks, after, block, link);
	else
		TAILQ_INSERT_HEAD(&mem->ram_blocks, block, link);
}

static int check_request(const struct ram_block_request *req, uint64_t page_size)
{
	if (req->size > INT64_MAX - 2 * page_size - 2 * HUGE_PAGE)
		return -EINVAL;
	if (req->fd_offset < 0 || req->fd_offset & (page_size - 1))
		return -EINVAL;
	return 0;
}

int ram_block_create(struct memory *mem, const struct ram_block_request *req,
		     struct ram_block **out)
{
	struct ram_block *block;
	int ret;

	ret = check_request(req, fd_page_size(req->fd));
	if (ret)
		return ret;
	block = calloc(1, sizeof(*block));
	if (!block)
		return -ENOMEM;
	block->mr = req->mr;
	block->size = req->size;
	block->flags = req->flags;
	block->page_size = fd_page_size(req->fd);
	block->host = req->ptr;
	if (!req->ptr)
		ret = map_block(block, req);
	if (ret) {
		free(block);
		return ret;
	}
	place_block(mem, block);
	*out = block;
	return 0;
}

void ram_block_destroy(struct memory *mem, struct ram_block *block)
{
	TAILQ_REMOVE(&mem->ram_blocks, block, link);
	if (block->mapped)
		munmap(block->host, block->mapped);
	free(block);
}

void *ram_block_host(const struct ram_block *block)
{
	return block->host;
}

bool ram_block_readonly(const struct ram_block *block)
{
	return block->flags & RAM_READONLY;
}

static void print_block(FILE *out, const struct ram_block *block)
{
	fprintf(out, "%24s %5llu KiB  0x%016llx 0x%016llx 0x%016llx 0x%016llx  %s\n",
		block->mr->name, (unsigned long long)block->page_size >> 10,
		(unsigned long long)block->offset, (unsigned long long)block->size,
		(unsigned long long)block->size, (unsigned long long)(uintptr_t)block->host,
		ram_block_readonly(block) ? "ro" : "rw");
}

static void print_block_json(FILE *out, const struct ram_block *block)
{
	fprintf(out, "{\"name\": ");
	json_string(out, block->mr->name);
	fprintf(out, ", \"page_size\": %llu, \"offset\": %llu, \"size\": %llu, "
		"\"shared\": %s, \"readonly\": %s}",
		(unsigned long long)block->page_size, (unsigned long long)block->offset,
		(unsigned long long)block->size, block->flags & RAM_SHARED ? "true" : "false",
		ram_block_readonly(block) ? "true" : "false");
}

void ramblock_info(struct memory *mem, FILE *out, unsigned int flags)
{
	const char *comma = "";
	struct ram_block *block;

	memory_transaction_begin(mem);
	if (flags & MTREE_JSON)
		fputs("[", out);
	else
		fprintf(out, "%24s %9s  %18s %18s %18s %18s  %s\n", "Block Name", "PSize",
			"Offset", "Used", "Total", "HVA", "RO");
	TAILQ_FOREACH(block, &mem->ram_blocks, link) {
		if (flags & MTREE_JSON) {
			fputs(comma, out);
			print_block_json(out, block);
			comma = ", ";
		} else {
			print_block(out, block);
		}
	}
	if (flags & MTREE_JSON)
		fputs("]\n", out);
	memory_transaction_commit(mem);
}
