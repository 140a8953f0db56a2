/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What listeners are asked and told of dirty pages. For the files of this folder; under the lock.
 */
#ifndef VMM_MEMORY_DIRTY_SYNC_H
#define VMM_MEMORY_DIRTY_SYNC_H

#include "memory/dirty.h"

/*
 * log_clear for the sections of @mr within the pages of [@addr, @addr + @size), @size not 0: those
 * that have dirty pages in @snap (NULL: all).
 */
void dirty_tell_clear(struct memory_region *mr, hwaddr addr, uint64_t size,
		      const struct dirty_snapshot *snap);

/* All, or the first -errno and none. */
int dirty_tell_global_start(struct memory *mem);
void dirty_tell_global_stop(struct memory *mem);

#endif /* VMM_MEMORY_DIRTY_SYNC_H */
