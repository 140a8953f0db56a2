// SPDX-License-Identifier: GPL-2.0-only
/* The rate of dirtying: the bits of a block are forgotten at the start, and counted at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "memory/dirty.h"
#include "memory/ram.h"
#include "snapshot/dirty_rate.h"

#define MIB	(1024.0 * 1024)

struct block_rate {
	const char *name;
	uint64_t pages, dirty;
};

struct dirty_rate {
	struct memory *mem;
	struct timespec start;
	struct block_rate *blocks;
	unsigned int nr;
};

static uint64_t block_count(const struct dirty_snapshot *snap, uint64_t pages)
{
	uint64_t n = 0;

	for (uint64_t page = 0; page < pages; page++)
		n += dirty_snapshot_get(snap, page * MEMORY_PAGE, MEMORY_PAGE);
	return n;
}

/* How many pages were dirty; they are not any more. */
static int block_take(struct memory_region *mr, struct block_rate *b)
{
	uint64_t size = memory_region_get_ram_used(mr);
	struct dirty_snapshot *snap;

	snap = memory_region_snapshot_and_clear_dirty(mr, 0, size, DIRTY_MIGRATION);
	if (!snap)
		return -ENOMEM;
	*b = (struct block_rate){
		.name = memory_region_get_ram_id(mr),
		.pages = size / MEMORY_PAGE,
		.dirty = block_count(snap, size / MEMORY_PAGE),
	};
	dirty_snapshot_free(snap);
	return 0;
}

static int rate_take(struct memory_region *mr, void *opaque)
{
	struct dirty_rate *d = opaque;
	struct block_rate *blocks = realloc(d->blocks, (d->nr + 1) * sizeof(*blocks));

	if (!blocks)
		return -ENOMEM;
	d->blocks = blocks;
	return block_take(mr, &blocks[d->nr++]);
}

static void rate_free(struct dirty_rate *d)
{
	memory_global_dirty_log_stop(d->mem);
	free(d->blocks);
	free(d);
}

int dirty_rate_start(struct dirty_rate **out, struct memory *mem)
{
	struct dirty_rate *d = calloc(1, sizeof(*d));
	int ret = d ? memory_global_dirty_log_start(mem) : -ENOMEM;

	if (ret) {
		free(d);
		return ret;
	}
	d->mem = mem;
	ret = memory_for_each_ram(mem, rate_take, d);
	if (ret) {
		rate_free(d);
		return ret;
	}
	clock_gettime(CLOCK_MONOTONIC, &d->start);
	*out = d;
	return 0;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) + (now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_text(const char *name, uint64_t dirty, uint64_t pages, double rate, FILE *out)
{
	fprintf(out, "%-20s %10.0f pages/s %10.2f MiB/s  (%" PRIu64 " of %" PRIu64 " pages)\n",
		name, rate, rate * MEMORY_PAGE / MIB, dirty, pages);
}

static void rate_text(const struct dirty_rate *d, double seconds, FILE *out)
{
	struct block_rate all = { 0 };

	for (unsigned int i = 0; i < d->nr; i++) {
		const struct block_rate *b = &d->blocks[i];

		print_text(b->name, b->dirty, b->pages, b->dirty / seconds, out);
		all.dirty += b->dirty;
		all.pages += b->pages;
	}
	print_text("all", all.dirty, all.pages, all.dirty / seconds, out);
	fprintf(out, "in %.3f s\n", seconds);
}

static void rate_json(const struct dirty_rate *d, double seconds, FILE *out)
{
	fprintf(out, "{\"seconds\": %.3f, \"blocks\": [", seconds);
	for (unsigned int i = 0; i < d->nr; i++) {
		const struct block_rate *b = &d->blocks[i];

		fputs(i ? ", {\"name\": " : "{\"name\": ", out);
		json_string(out, b->name);
		fprintf(out, ", \"pages\": %" PRIu64 ", \"dirty\": %" PRIu64
			", \"pages_per_second\": %.0f, \"mib_per_second\": %.2f}",
			b->pages, b->dirty, b->dirty / seconds,
			b->dirty / seconds * MEMORY_PAGE / MIB);
	}
	fputs("]}\n", out);
}

int dirty_rate_end(struct dirty_rate *d, FILE *out, bool json)
{
	double seconds = seconds_since(&d->start);
	int ret = 0;

	d->nr = 0;
	if (out)
		ret = memory_for_each_ram(d->mem, rate_take, d);
	if (out && !ret)
		(json ? rate_json : rate_text)(d, seconds, out);
	rate_free(d);
	return ret;
}
