/* SPDX-License-Identifier: GPL-2.0-only */
/* The words that all headers of the memory model share. */
#ifndef VMM_MEMORY_TYPES_H
#define VMM_MEMORY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t hwaddr;	/* an address in an address space, or an offset in a region */
typedef uint64_t ram_addr_t;	/* an offset in the space of all RAM blocks */

struct memory;			/* the model: one a machine */
struct memory_region;
struct memory_region_section;
struct address_space;
struct ram_block;
struct flatview;
struct view_root;

/* As the size of a region: 2^64 bytes, the whole of an address space. */
#define MEMORY_SIZE_ALL		UINT64_MAX

#define MEMORY_MUST_CHECK	__attribute__((warn_unused_result))

enum memtx_result {
	MEMTX_OK,
	MEMTX_ERROR,		/* the device refused, or a write to what is read-only */
	MEMTX_DECODE_ERROR,	/* nobody answers there, or not an access of this size */
};

/* Who follows stores to RAM: a bit each in a mask of clients. */
enum dirty_client {
	DIRTY_VGA,
	DIRTY_CODE,
	DIRTY_MIGRATION,
	DIRTY_CLIENTS
};

#endif /* VMM_MEMORY_TYPES_H */
