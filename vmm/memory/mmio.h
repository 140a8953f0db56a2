/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to the registers of a device: what its ops say is valid, made of what they implement, in
 * their byte order.
 */
#ifndef VMM_MEMORY_MMIO_H
#define VMM_MEMORY_MMIO_H

#include "memory/memory.h"

/* Whether the device takes it; @size is a power of two up to 8. */
bool mmio_valid(struct memory_region *mr, hwaddr offset, unsigned int size, bool is_write);

/* The widest access up to @size that a transfer of many bytes makes here: valid, if any is. */
unsigned int mmio_width(const struct memory_region *mr, hwaddr offset, unsigned int size);

/*
 * @size bytes at @offset of @mr, to and from @buf as they lie in memory. MEMTX_DECODE_ERROR if it
 * is not valid or nobody answers, MEMTX_ERROR if the device's own access came back to it, or what
 * the device says. A read that fails gives all-ones.
 */
enum memtx_result mmio_read(struct memory_region *mr, hwaddr offset, void *buf, unsigned int size);
enum memtx_result mmio_write(struct memory_region *mr, hwaddr offset, const void *buf,
			     unsigned int size);

#endif /* VMM_MEMORY_MMIO_H */
