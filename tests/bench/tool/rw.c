// SPDX-License-Identifier: GPL-2.0-only
/*
 * --mode read, write and mmap: one side alone that goes through the memory block by block, by
 * system calls or by copying out of the mapping.
 */
#include <unistd.h>

#include "mode.h"

#define SPAN	(64ull << 20)
#define PAGE	4096

/* Block at @offset of the data: 0 or -errno. */
typedef int block_fn(struct run *run, uint64_t offset);

static int block_check(struct run *run, const void *from, uint64_t offset)
{
	uint64_t wrong = run->job.block;

	if (run->job.verify)
		wrong = pattern_check(from, run->job.block, run->job.seed, offset);
	return wrong == run->job.block ? 0 : run_wrong(run, offset / run->job.block, wrong);
}

static int block_read(struct run *run, uint64_t offset)
{
	ssize_t n = pread(run->place->fd, run->buffer, run->job.block,
			  (off_t)(PLACE_DATA + offset));

	if (n != (ssize_t)run->job.block)
		return n < 0 ? -errno : -EIO;
	return block_check(run, run->buffer, offset);
}

static int block_write(struct run *run, uint64_t offset)
{
	ssize_t n;

	if (run->job.verify)
		pattern_fill(run->buffer, run->job.block, run->job.seed, offset);
	n = pwrite(run->place->fd, run->buffer, run->job.block, (off_t)(PLACE_DATA + offset));
	if (n != (ssize_t)run->job.block)
		return n < 0 ? -errno : -EIO;
	return block_check(run, run_data(run) + offset, offset);
}

static int block_copy(struct run *run, uint64_t offset)
{
	copy_bytes(run->buffer, run_data(run) + offset, run->job.block, (int)run->job.libc);
	/* nobody uses it, but it is wanted */
	__asm__ volatile("" : : "r"(run->buffer) : "memory");
	return block_check(run, run->buffer, offset);
}

/* A whole number of blocks. */
static int span_fit(struct run *run)
{
	uint64_t room = run->place->size - PLACE_DATA;
	uint64_t span = run->job.capacity ? run->job.capacity : SPAN;

	span = span < room ? span : room;
	run->job.capacity = span - span % run->job.block;
	return run->job.capacity ? 0 : -EMSGSIZE;
}

static int span_fit_writable(struct run *run)
{
	return run->place->writable ? span_fit(run) : -EACCES;
}

/* All pages are there before time counts, filled if they are to be checked. */
static int span_prepare(struct run *run, bool fill)
{
	const volatile unsigned char *page = run_data(run);
	uint64_t offset;

	if (fill && run->job.verify) {
		if (!run->place->writable)
			return -EACCES;
		pattern_fill(run_data(run), run->job.capacity, run->job.seed, 0);
	}
	for (offset = 0; offset < run->job.capacity; offset += PAGE)
		(void)page[offset];
	return 0;
}

/* Goes through the blocks for @ns, over and over. */
static int span_run(struct run *run, uint64_t ns, block_fn *block)
{
	uint64_t offset = 0, begin;
	int ret = block(run, 0);

	run_count_begin(run);
	begin = clock_ns();
	run_part_begin(run, ns);
	while (!ret && !(ret = run_step(run))) {
		ret = block(run, offset);
		run->own.messages++;
		offset += run->job.block;
		if (offset == run->job.capacity)
			offset = 0;
	}
	run->elapsed_ns = clock_ns() - begin;
	run_count_end(run);
	return ret < 0 ? ret : 0;
}

static int read_lead(struct run *run, uint64_t ns)
{
	int ret = span_prepare(run, true);

	return ret ? ret : span_run(run, ns, block_read);
}

static int write_lead(struct run *run, uint64_t ns)
{
	int ret = span_prepare(run, false);

	return ret ? ret : span_run(run, ns, block_write);
}

static int mmap_lead(struct run *run, uint64_t ns)
{
	int ret = span_prepare(run, true);

	return ret ? ret : span_run(run, ns, block_copy);
}

const struct mode mode_read = {
	.name = "read", .memory = true, .fit = span_fit, .lead = read_lead,
};

const struct mode mode_write = {
	.name = "write", .memory = true, .fit = span_fit_writable, .lead = write_lead,
};

const struct mode mode_mmap = {
	.name = "mmap", .memory = true, .fit = span_fit, .lead = mmap_lead,
};
