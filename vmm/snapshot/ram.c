// SPDX-License-Identifier: GPL-2.0-only
/* Blocks of RAM: which there are, and their pages on the way to a snapshot's file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/dirty.h"
#include "memory/ram.h"
#include "snapshot/ram.h"

#define WORD	64u		/* bits of todo */

_Static_assert(SNAPSHOT_PAGE == MEMORY_PAGE, "a dirty bit is a page of the file");

/* --- which blocks --- */

struct collection {
	struct snapshot_ram *ram;
	bool (*joined)(const struct memory_region *mr);
};

static int block_init(struct snapshot_block *b, struct memory_region *mr,
		      bool (*joined)(const struct memory_region *mr))
{
	*b = (struct snapshot_block){
		.mr = mr,
		.kind = joined(mr) ? SNAPSHOT_JOINED : SNAPSHOT_COPIED,
		.host = memory_region_get_ram_ptr(mr),
		.size = memory_region_get_ram_used(mr),
	};
	memccpy(b->name, memory_region_get_ram_id(mr), 0, sizeof(b->name) - 1);
	if (b->kind == SNAPSHOT_JOINED)
		return 0;
	b->pages = b->size / SNAPSHOT_PAGE;
	b->checksums = calloc(b->pages, sizeof(b->checksums[0]));
	b->todo = calloc(b->pages / WORD + 1, sizeof(b->todo[0]));
	return b->checksums && b->todo ? 0 : -ENOMEM;
}

static int collect(struct memory_region *mr, void *opaque)
{
	struct collection *c = opaque;
	struct snapshot_ram *ram = c->ram;
	struct snapshot_block *blocks;
	int ret;

	if (ram->nr == SNAPSHOT_BLOCKS_MAX)
		return -E2BIG;
	blocks = realloc(ram->blocks, (ram->nr + 1) * sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	ram->blocks = blocks;
	ret = block_init(&blocks[ram->nr++], mr, c->joined);
	memory_owner_get(mr->owner);
	ram->pages += blocks[ram->nr - 1].pages;
	return !ret && memory_region_get_ram_used(mr) % SNAPSHOT_PAGE ? -EINVAL : ret;
}

int snapshot_ram_init(struct snapshot_ram *ram, struct memory *mem,
		      bool (*joined)(const struct memory_region *mr))
{
	struct collection c = { ram, joined };
	int ret;

	*ram = (struct snapshot_ram){ .run = malloc(SNAPSHOT_RUN * SNAPSHOT_PAGE) };
	ret = ram->run ? memory_for_each_ram(mem, collect, &c) : -ENOMEM;
	if (ret)
		snapshot_ram_fini(ram);
	return ret;
}

void snapshot_ram_fini(struct snapshot_ram *ram)
{
	for (unsigned int i = 0; i < ram->nr; i++) {
		free(ram->blocks[i].checksums);
		free(ram->blocks[i].todo);
		memory_owner_put(ram->blocks[i].mr->owner);
	}
	free(ram->blocks);
	free(ram->run);
	*ram = (struct snapshot_ram){ 0 };
}

uint64_t snapshot_ram_place(struct snapshot_ram *ram, uint64_t pos)
{
	pos = snapshot_page_up(pos);
	for (unsigned int i = 0; i < ram->nr; i++) {
		ram->blocks[i].pos = pos;
		pos += ram->blocks[i].pages * SNAPSHOT_PAGE;
	}
	return pos;
}

int snapshot_ram_write_blocks(struct snapshot_ram *ram, struct snapshot_file *f)
{
	struct snapshot_block_record *records = calloc(ram->nr, sizeof(*records));
	int ret;

	if (!records)
		return -ENOMEM;
	for (unsigned int i = 0; i < ram->nr; i++) {
		memcpy(records[i].name, ram->blocks[i].name, sizeof(records[i].name));
		records[i].size = ram->blocks[i].size;
		records[i].kind = ram->blocks[i].kind;
	}
	ret = snapshot_write_section(f, SNAPSHOT_BLOCKS, 0, records, ram->nr * sizeof(*records));
	free(records);
	f->pos = snapshot_ram_place(ram, f->pos);
	return ret;
}

/* --- which pages --- */

static bool todo_test(const struct snapshot_block *b, uint64_t page)
{
	return b->todo[page / WORD] >> page % WORD & 1;
}

static void todo_set(struct snapshot_ram *ram, struct snapshot_block *b, uint64_t page)
{
	ram->todo += !todo_test(b, page);
	b->todo[page / WORD] |= 1ull << page % WORD;
}

static void todo_clear(struct snapshot_ram *ram, struct snapshot_block *b, uint64_t page)
{
	ram->todo--;
	b->todo[page / WORD] &= ~(1ull << page % WORD);
}

/* The first page from @page on that is to be written; b->pages: none. */
static uint64_t todo_next(const struct snapshot_block *b, uint64_t page)
{
	while (page < b->pages && !todo_test(b, page))
		page = b->todo[page / WORD] >> page % WORD ? page + 1 : (page / WORD + 1) * WORD;
	return page < b->pages ? page : b->pages;
}

void snapshot_ram_mark_all(struct snapshot_ram *ram)
{
	for (unsigned int i = 0; i < ram->nr; i++)
		for (uint64_t page = 0; page < ram->blocks[i].pages; page++)
			todo_set(ram, &ram->blocks[i], page);
}

static void block_mark(struct snapshot_ram *ram, struct snapshot_block *b,
		       const struct dirty_snapshot *snap, uint64_t first)
{
	uint64_t end = b->pages - first < WORD ? b->pages : first + WORD;

	if (!dirty_snapshot_get(snap, first * SNAPSHOT_PAGE, (end - first) * SNAPSHOT_PAGE))
		return;
	for (uint64_t page = first; page < end; page++)
		if (dirty_snapshot_get(snap, page * SNAPSHOT_PAGE, SNAPSHOT_PAGE))
			todo_set(ram, b, page);
}

static int block_mark_dirty(struct snapshot_ram *ram, struct snapshot_block *b)
{
	struct dirty_snapshot *snap;

	if (memory_region_get_ram_used(b->mr) != b->size)
		return -EAGAIN;
	if (!b->pages)
		return 0;
	snap = memory_region_snapshot_and_clear_dirty(b->mr, 0, b->size, DIRTY_MIGRATION);
	if (!snap)
		return -ENOMEM;
	for (uint64_t page = 0; page < b->pages; page += WORD)
		block_mark(ram, b, snap, page);
	dirty_snapshot_free(snap);
	return 0;
}

int snapshot_ram_mark_dirty(struct snapshot_ram *ram)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < ram->nr; i++)
		ret = block_mark_dirty(ram, &ram->blocks[i]);
	return ret;
}

/* --- writing --- */

/* How many pages from @first on have a checksum, of @nr at most. */
static unsigned int run_filled(const uint64_t *checksums, unsigned int nr)
{
	unsigned int n = 0;

	while (n < nr && checksums[n])
		n++;
	return n;
}

/* Writes those of @nr pages in ram->run that are not all zero, and notes their checksums. */
static int run_write(struct snapshot_ram *ram, struct snapshot_file *f, struct snapshot_block *b,
		     uint64_t first, unsigned int nr)
{
	uint64_t *checksums = &b->checksums[first];
	int ret = 0;

	for (unsigned int i = 0; i < nr; i++)
		checksums[i] = snapshot_page_checksum(ram->run + i * SNAPSHOT_PAGE);
	for (unsigned int i = 0, n; !ret && i < nr; i += n ? n : 1) {
		n = run_filled(checksums + i, nr - i);
		ret = snapshot_pwrite(f->fd, ram->run + i * SNAPSHOT_PAGE,
				      (size_t)n * SNAPSHOT_PAGE,
				      b->pos + (first + i) * SNAPSHOT_PAGE);
	}
	return ret;
}

/* Takes the pages from @first on that are to be written, as many as a run holds. */
static unsigned int run_take(struct snapshot_ram *ram, struct snapshot_block *b, uint64_t first)
{
	unsigned int nr = 0;

	while (nr < SNAPSHOT_RUN && first + nr < b->pages && todo_test(b, first + nr))
		todo_clear(ram, b, first + nr++);
	memcpy(ram->run, b->host + first * SNAPSHOT_PAGE, (size_t)nr * SNAPSHOT_PAGE);
	return nr;
}

int snapshot_ram_write(struct snapshot_ram *ram, struct snapshot_file *f,
		       int (*step)(void *opaque, uint64_t left), void *opaque)
{
	int ret = 0;

	for (unsigned int i = 0; i < ram->nr; i++) {
		struct snapshot_block *b = &ram->blocks[i];
		uint64_t page = todo_next(b, 0);

		while (!ret && page < b->pages) {
			unsigned int nr = run_take(ram, b, page);

			ret = run_write(ram, f, b, page, nr);
			ret = ret ? ret : step(opaque, ram->todo);
			page = todo_next(b, page + nr);
		}
	}
	return ret;
}

int snapshot_ram_write_tables(struct snapshot_ram *ram, struct snapshot_file *f)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < ram->nr; i++)
		if (ram->blocks[i].kind == SNAPSHOT_COPIED)
			ret = snapshot_write_section(f, SNAPSHOT_TABLE, i, ram->blocks[i].checksums,
						     ram->blocks[i].pages * sizeof(uint64_t));
	return ret;
}
