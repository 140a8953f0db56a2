/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files behind access.h share. */
#ifndef VMM_MEMORY_ACCESS_INTERNAL_H
#define VMM_MEMORY_ACCESS_INTERNAL_H

#include "memory/access.h"

/*
 * As address_space_rw(), but 1, 2, 4 or 8 bytes too are no single access of a CPU: what a device
 * does not take in one is made of what it takes.
 */
enum memtx_result access_transfer(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				  bool is_write);

#endif /* VMM_MEMORY_ACCESS_INTERNAL_H */
