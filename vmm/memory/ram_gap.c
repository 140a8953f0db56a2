// SPDX-License-Identifier: GPL-2.0-only
/* Best fit: where in the ram_addr_t space a block goes, so that large gaps stay large. */
#include <errno.h>

#include "memory/ramblock.h"

/* Where the space of a block ends: blocks start at multiples of a huge page. */
static ram_addr_t block_end(const struct ram_block *block)
{
	return ram_align_up(block->offset + block->max, RAM_HUGE_PAGE);
}

int ram_gap_find(const struct ram_blocks *blocks, uint64_t size, ram_addr_t *offset, size_t *index)
{
	uint64_t best = UINT64_MAX;
	ram_addr_t start = 0;

	for (size_t i = 0; i < blocks->nr; i++) {
		uint64_t gap = blocks->at[i]->offset - start;

		if (gap >= size && gap < best) {
			best = gap;
			*offset = start;
			*index = i;
		}
		start = block_end(blocks->at[i]);
	}
	if (best != UINT64_MAX)
		return 0;
	*offset = start;
	*index = blocks->nr;
	return start > RAM_ADDR_END || size > RAM_ADDR_END - start ? -ENOMEM : 0;
}
