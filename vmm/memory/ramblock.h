/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM blocks: the host memory of a RAM, ROM or ROM device region, and its place in the one
 * ram_addr_t space that all blocks share. For the files of this folder.
 */
#ifndef VMM_MEMORY_RAMBLOCK_H
#define VMM_MEMORY_RAMBLOCK_H

#include "memory/ram.h"

/* What host page tables can map in one entry, if both sides are aligned to it. */
#define RAM_HUGE_PAGE	(2ull << 20)

/* The end of the ram_addr_t space, bytes: as many as an x86 CPU has physical addresses. */
#define RAM_ADDR_END	(1ull << 52)

struct ram_hosts;

/* All blocks of a model. */
struct ram_blocks {
	size_t nr, room;		/* of @at: in use, allocated */
	struct ram_block **at;		/* by ram_addr_t, ascending; under the lock */
	struct ram_hosts *hosts;	/* by host address; replaced under RCU; NULL: none */
};

/* Fixed once made, but for what says otherwise. Changes are made under the model's lock. */
struct ram_block {
	struct memory_region *mr;
	char *id;			/* no other block has it */
	char *host;
	uint64_t used;			/* bytes that are RAM now; changes */
	uint64_t max;			/* bytes it may become, all of them in the space */
	uint64_t mapped;		/* bytes at @host that can be touched; grows; 0: the
					 * caller's */
	uint64_t reserved;		/* bytes of addresses to unmap at the end */
	uint64_t page_size;		/* of the host's memory behind it */
	ram_addr_t offset;		/* in the space; a multiple of RAM_HUGE_PAGE */
	int fd;				/* a descriptor of its own; -1: no file */
	off_t fd_offset;
	unsigned int flags;		/* RAM_* */
	unsigned int policy;		/* RAM_POLICY_* in force; changes */
	enum ram_numa_policy numa;	/* changes, as do @numa_nodes, @log_mask */
	uint64_t numa_nodes;
	unsigned int log_mask;		/* clients (1 << enum dirty_client) that follow stores;
					 * read by any thread, changes */
	bool log_fenced;		/* to be read behind a fence, see dirtymap.h */
	bool resizeable;
	void (*resized)(void *opaque, uint64_t size, void *host);
	void *opaque;
};

/* What a block is to be made of: @ptr, else @fd, else (-1) anonymous memory. */
struct ram_block_request {
	struct memory_region *mr;	/* whose it is */
	uint64_t size;			/* bytes, not 0 */
	uint64_t max_size;		/* not 0: anonymous memory that can be resized up to that */
	void *ptr;
	int fd;
	off_t fd_offset;
	unsigned int flags;		/* RAM_* */
	void (*resized)(void *opaque, uint64_t size, void *host);	/* or NULL */
	void *opaque;
};

/* For memory_create() and memory_destroy(); no block may be left. */
int ram_blocks_create(struct memory *mem) MEMORY_MUST_CHECK;
void ram_blocks_destroy(struct memory *mem);

/*
 * Both under the model's lock. -EINVAL a size or an offset that can't be, -ENOMEM, -EMFILE, -errno
 * of mmap. Nobody may be in the block's memory any more when it is destroyed.
 */
int ram_block_create(struct memory *mem, const struct ram_block_request *req,
		     struct ram_block **out) MEMORY_MUST_CHECK;
void ram_block_destroy(struct memory *mem, struct ram_block *block);

/*
 * Another size, under the model's lock: new bytes are 0 and dirty for who follows stores; bytes
 * that are none of it any more can be touched as long as a view shows them, but need not be kept.
 * Return: 0; -EINVAL for 0, more than the maximum, or a block that is not resizeable; or -errno of
 * mprotect(): nothing has changed.
 */
int ram_block_resize(struct memory *mem, struct ram_block *block, uint64_t size) MEMORY_MUST_CHECK;

void *ram_block_host(const struct ram_block *block);
bool ram_block_readonly(const struct ram_block *block);

/*
 * ram_gap.c: where @size bytes go in the space: the smallest gap that is large enough, of equals
 * the first; behind the last block if there is none. @index: before which block. -ENOMEM: the space
 * is full.
 */
int ram_gap_find(const struct ram_blocks *blocks, uint64_t size, ram_addr_t *offset, size_t *index);

/* ram_hosts.c: let memory_region_from_host() find a block, or not any more. -ENOMEM. */
int ram_hosts_add(struct memory *mem, const struct ram_block *block);
void ram_hosts_del(struct memory *mem, const struct ram_block *block);

/*
 * ram_map.c: what a block's memory is mapped from. ram_map() fills host, mapped, reserved of a
 * block whose other fields are there.
 */
uint64_t ram_fd_page_size(int fd);
int ram_map(struct ram_block *block);
void ram_unmap(struct ram_block *block);
int ram_map_resize(struct ram_block *block, uint64_t size);

/*
 * ram_prealloc.c: have the pages of [@start, @start + @len), page by page: for kernels whose
 * madvise() can't. Contents stay, also what others store meanwhile. -errno if one can't be had,
 * without a signal.
 */
int ram_touch(char *start, uint64_t len, uint64_t page_size, bool readonly);

/*
 * dirty.c, for memory_create() and memory_destroy(); a block that comes, before anybody knows it
 * (-ENOMEM); one that had @old bytes.
 */
int dirty_create(struct memory *mem) MEMORY_MUST_CHECK;
void dirty_destroy(struct memory *mem);
int dirty_block_start(struct memory *mem, struct ram_block *block) MEMORY_MUST_CHECK;
void dirty_block_resized(struct memory *mem, const struct ram_block *block, uint64_t old);

static inline uint64_t ram_align_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

#endif /* VMM_MEMORY_RAMBLOCK_H */
