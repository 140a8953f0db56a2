/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM blocks: the host memory of a RAM or ROM region, and its place in the one ram_addr_t space
 * that all blocks share.
 */
#ifndef VMM_MEMORY_RAMBLOCK_H
#define VMM_MEMORY_RAMBLOCK_H

#include "memory/memory.h"

/* What a block is to be made of: @ptr, else @fd, else (-1) anonymous memory. */
struct ram_block_request {
	struct memory_region *mr;	/* whose it is */
	uint64_t size;			/* bytes, not 0 */
	void *ptr;
	int fd;
	off_t fd_offset;
	unsigned int flags;		/* RAM_* */
};

/* -EINVAL a size or an offset that can't be, -ENOMEM, -errno of mmap. Under the model's lock. */
int ram_block_create(struct memory *mem, const struct ram_block_request *req,
		     struct ram_block **out);
void ram_block_destroy(struct memory *mem, struct ram_block *block);

void *ram_block_host(const struct ram_block *block);
bool ram_block_readonly(const struct ram_block *block);

#endif /* VMM_MEMORY_RAMBLOCK_H */
