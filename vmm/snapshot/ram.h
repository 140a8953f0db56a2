/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM in a snapshot: block after block, each page in its place, as often as it changes. */
#ifndef VMM_SNAPSHOT_RAM_H
#define VMM_SNAPSHOT_RAM_H

#include "memory/memory.h"
#include "snapshot/format.h"

#define SNAPSHOT_RUN	256u		/* pages that are read or written in one go */

struct snapshot_watcher;

struct snapshot_block {
	struct memory_region *mr;	/* its owner is held */
	char name[SNAPSHOT_BLOCK_NAME];
	enum snapshot_block_kind kind;
	uint8_t *host;
	uint64_t pages;			/* 0 if it is joined */
	uint64_t size;			/* bytes */
	uint64_t pos;			/* of its pages in the file */
	uint64_t *checksums;		/* a page each, as last written; 0: all zero */
	uint64_t *todo;			/* a bit for each page to be written (again) */
};

/* All blocks of a machine. One thread at a time. */
struct snapshot_ram {
	struct snapshot_block *blocks;
	unsigned int nr;
	uint64_t pages, todo;		/* of all blocks that are copied */
	uint8_t *run;			/* SNAPSHOT_RUN pages */
};

/**
 * snapshot_ram_init() - find the blocks
 * @joined: whether what is behind a region outlives the machine, and is not to be copied
 *
 * Return: 0, -ENOMEM, or -EINVAL for a block that is not made of whole pages.
 */
int snapshot_ram_init(struct snapshot_ram *ram, struct memory *mem,
		      bool (*joined)(const struct memory_region *mr));
void snapshot_ram_fini(struct snapshot_ram *ram);	/* also of what is all zero */

/* Writes BLOCKS, and leaves room for the pages behind it. */
int snapshot_ram_write_blocks(struct snapshot_ram *ram, struct snapshot_file *f);

/* All pages are to be written. */
void snapshot_ram_mark_all(struct snapshot_ram *ram);
/* So are those stored to since the last time. 0; -ENOMEM; -EAGAIN: a block is not what it was. */
int snapshot_ram_mark_dirty(struct snapshot_ram *ram);

/**
 * snapshot_ram_write() - write what is to be written
 * @step: called now and then with how many pages are left; other than 0 ends it
 *
 * Pages that change meanwhile are whatever mix of old and new was read: they are marked again.
 * Return: 0, -errno, or what @step returned.
 */
int snapshot_ram_write(struct snapshot_ram *ram, struct snapshot_file *f,
		       int (*step)(void *opaque, uint64_t left), void *opaque);
int snapshot_ram_write_tables(struct snapshot_ram *ram, struct snapshot_file *f);

/* Gives each block its place in the file behind @pos; returns where the last one ends. */
uint64_t snapshot_ram_place(struct snapshot_ram *ram, uint64_t pos);

/* Reads BLOCKS: 0, or -errno with @err filled if the machine's are not those. */
int snapshot_ram_read_blocks(struct snapshot_ram *ram, struct snapshot_file *f,
			     struct error *err);

/* Fills RAM, no vCPU having run. 0, or -errno with @err filled: -EINTR if @watcher has enough. */
int snapshot_ram_read(struct snapshot_ram *ram, struct snapshot_file *f,
		      const struct snapshot_watcher *watcher, struct error *err);

#endif /* VMM_SNAPSHOT_RAM_H */
