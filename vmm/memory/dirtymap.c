// SPDX-License-Identifier: GPL-2.0-only
/* The dirty bitmaps' chunks and their table; bits set and cleared. */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "memory/dirtymap.h"
#include "memory/internal.h"

/* Chunk @i of client @c is chunks[c * room + i]. Only what readers have not seen yet is written. */
struct dirty_table {
	struct retired retired;
	size_t nr, room;		/* chunks a client: there, fit */
	uint64_t *chunks[];
};

struct dirty {
	struct dirty_table *table;	/* replaced under RCU */
	bool barrier;			/* membarrier() works */
};

static struct dirty_table *table_alloc(size_t room)
{
	struct dirty_table *table;

	table = calloc(1, sizeof(*table) + DIRTY_CLIENTS * room * sizeof(table->chunks[0]));
	if (table)
		table->room = room;
	return table;
}

static uint64_t **table_chunk(struct dirty_table *table, unsigned int client, size_t i)
{
	return &table->chunks[client * table->room + i];
}

int dirty_create(struct memory *mem)
{
	struct dirty *dirty = calloc(1, sizeof(*dirty));

	if (!dirty)
		return -ENOMEM;
	dirty->table = table_alloc(0);
	if (!dirty->table) {
		free(dirty);
		return -ENOMEM;
	}
	dirty->barrier = !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	mem->dirty_log = dirty;
	return 0;
}

/* Of each client, from the @from-th on. */
static void table_free_chunks(struct dirty_table *table, size_t from)
{
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++)
		for (size_t i = from; i < table->room; i++)
			free(*table_chunk(table, c, i));
}

void dirty_destroy(struct memory *mem)
{
	table_free_chunks(mem->dirty_log->table, 0);
	free(mem->dirty_log->table);
	free(mem->dirty_log);
}

bool dirty_has_barrier(const struct dirty *dirty)
{
	return dirty->barrier;
}

void dirty_barrier(const struct dirty *dirty)
{
	if (dirty->barrier)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static void table_copy_chunks(struct dirty_table *to, struct dirty_table *from)
{
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++)
		for (size_t i = 0; i < from->nr; i++)
			*table_chunk(to, c, i) = *table_chunk(from, c, i);
	to->nr = from->nr;
}

static int table_fill(struct dirty_table *table, size_t nr)
{
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++) {
		for (size_t i = table->nr; i < nr; i++) {
			uint64_t *chunk = calloc(DIRTY_CHUNK_WORDS, sizeof(*chunk));

			if (!chunk)
				return -ENOMEM;
			*table_chunk(table, c, i) = chunk;
		}
	}
	table->nr = nr;
	return 0;
}

int dirty_extend(struct memory *mem, ram_addr_t end)
{
	size_t nr = (end + DIRTY_CHUNK_PAGES * MEMORY_PAGE - 1) / (DIRTY_CHUNK_PAGES * MEMORY_PAGE);
	struct dirty_table *old = mem->dirty_log->table, *new;

	if (nr <= old->nr)
		return 0;
	new = table_alloc(nr);
	if (!new)
		return -ENOMEM;
	table_copy_chunks(new, old);
	if (table_fill(new, nr)) {
		table_free_chunks(new, old->nr);
		free(new);
		return -ENOMEM;
	}
	__atomic_store_n(&mem->dirty_log->table, new, __ATOMIC_RELEASE);
	memory_retire(mem, &old->retired);
	return 0;
}

struct dirty_walk dirty_walk_start(const struct dirty *dirty, const struct ram_block *block,
				   hwaddr addr, uint64_t size, enum dirty_client client)
{
	struct dirty_table *table = __atomic_load_n(&dirty->table, __ATOMIC_ACQUIRE);
	struct dirty_walk w = { .chunks = table_chunk(table, client, 0) };

	if (!size || addr >= block->max)
		return w;
	if (size > block->max - addr)
		size = block->max - addr;
	w.page = (block->offset + addr) / MEMORY_PAGE;
	w.end = (block->offset + addr + (size - 1)) / MEMORY_PAGE + 1;
	return w;
}

static void walk_set(struct dirty_walk w)
{
	struct dirty_span s;

	while (dirty_walk_next(&w, &s))
		__atomic_fetch_or(s.word, s.bits, __ATOMIC_SEQ_CST);
}

/* A page of the map that has never been stored to takes no memory, and is not stored to here. */
static void walk_clear(struct dirty_walk w)
{
	struct dirty_span s;

	while (dirty_walk_next(&w, &s))
		if (__atomic_load_n(s.word, __ATOMIC_SEQ_CST) & s.bits)
			__atomic_fetch_and(s.word, ~s.bits, __ATOMIC_SEQ_CST);
}

static void walk_clients(const struct dirty *dirty, const struct ram_block *block, hwaddr addr,
			 uint64_t size, unsigned int clients, void (*fn)(struct dirty_walk w))
{
	urcu_memb_read_lock();
	for (unsigned int c = 0; c < DIRTY_CLIENTS; c++)
		if (clients & 1u << c)
			fn(dirty_walk_start(dirty, block, addr, size, c));
	urcu_memb_read_unlock();
}

void dirty_set(const struct dirty *dirty, const struct ram_block *block, hwaddr addr, uint64_t size,
	       unsigned int clients)
{
	walk_clients(dirty, block, addr, size, clients, walk_set);
}

void dirty_clear(const struct dirty *dirty, const struct ram_block *block, hwaddr addr,
		 uint64_t size, unsigned int clients)
{
	walk_clients(dirty, block, addr, size, clients, walk_clear);
}
