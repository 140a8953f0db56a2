// SPDX-License-Identifier: GPL-2.0-only
/* Blocks of RAM on the way back: the file's against the machine's, then page by page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/dirty.h"
#include "size.h"
#include "snapshot/load.h"
#include "snapshot/ram.h"
#include "util.h"

/* --- which blocks --- */

static const char *const kind_words[] = {
	[SNAPSHOT_COPIED] = "memory of its own",
	[SNAPSHOT_JOINED] = "memory of a region or a file",
};

/* Its name goes into messages. */
static bool record_ok(const struct snapshot_block_record *rec)
{
	size_t len = strnlen(rec->name, sizeof(rec->name));

	for (size_t i = 0; i < len; i++)
		if (rec->name[i] < ' ' || rec->name[i] > '~')
			return false;
	return len && len < sizeof(rec->name) && rec->kind < ARRAY_SIZE(kind_words);
}

static int record_check(struct snapshot_file *f, const struct snapshot_block_record *rec,
			const struct snapshot_block *b, struct error *err)
{
	if (!b)
		return error_arg(err, -EINVAL, "-restore %s: it has RAM '%s' of %s, this machine "
				 "has not: give the options that it was taken with", f->path,
				 rec->name, size_text(rec->size).text);
	if (b->size != rec->size)
		return error_arg(err, -EINVAL, "-restore %s: RAM '%s' has %s there, and %s here: "
				 "give the options that it was taken with", f->path, rec->name,
				 size_text(rec->size).text, size_text(b->size).text);
	if (b->kind != rec->kind)
		return error_arg(err, -EINVAL, "-restore %s: RAM '%s' is %s there, and %s here: "
				 "give the options that it was taken with", f->path, rec->name,
				 kind_words[rec->kind], kind_words[b->kind]);
	return 0;
}

/* The blocks get the order of the file: that is the order of their pages. */
static int blocks_match(struct snapshot_ram *ram, struct snapshot_file *f,
			const struct snapshot_block_record *records, unsigned int nr,
			struct error *err)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct snapshot_block *b = NULL, swap;
		int ret;

		if (!record_ok(&records[i]))
			return snapshot_damaged(f, "its list of RAM", err);
		for (unsigned int k = i; !b && k < ram->nr; k++)
			b = strcmp(ram->blocks[k].name, records[i].name) ? NULL : &ram->blocks[k];
		ret = record_check(f, &records[i], b, err);
		if (ret)
			return ret;
		swap = ram->blocks[i];
		ram->blocks[i] = *b;
		*b = swap;
	}
	if (nr < ram->nr)
		return error_arg(err, -EINVAL, "-restore %s: it has no RAM '%s' as this machine "
				 "has: give the options that it was taken with", f->path,
				 ram->blocks[nr].name);
	return 0;
}

int snapshot_ram_read_blocks(struct snapshot_ram *ram, struct snapshot_file *f,
			     struct error *err)
{
	struct snapshot_block_record *records = calloc(SNAPSHOT_BLOCKS_MAX, sizeof(*records));
	struct snapshot_section sec;
	int ret;

	if (!records)
		return error_set(err, -ENOMEM, "-restore %s: out of memory", f->path);
	ret = snapshot_read_section(f, &sec, SNAPSHOT_BLOCKS_MAX * sizeof(*records), err);
	if (!ret && (sec.type != SNAPSHOT_BLOCKS || sec.length % sizeof(*records)))
		ret = snapshot_damaged(f, "its list of RAM", err);
	if (!ret)
		ret = snapshot_read_payload(f, &sec, records, err);
	if (!ret)
		ret = blocks_match(ram, f, records, sec.length / sizeof(*records), err);
	free(records);
	f->pos = snapshot_ram_place(ram, f->pos);
	return ret;
}

/* --- pages --- */

static int table_read(struct snapshot_ram *ram, struct snapshot_file *f, unsigned int i,
		      struct error *err)
{
	struct snapshot_block *b = &ram->blocks[i];
	const uint64_t length = b->pages * sizeof(b->checksums[0]);
	struct snapshot_section sec;
	int ret = snapshot_read_section(f, &sec, length, err);

	if (ret)
		return ret;
	if (sec.type != SNAPSHOT_TABLE || sec.instance != i || sec.length != length)
		return snapshot_damaged(f, "the checksums of its RAM", err);
	return snapshot_read_payload(f, &sec, b->checksums, err);
}

/* What is zero already is not stored to: it stays memory that the host has not given yet. */
static void page_clear(uint8_t *page)
{
	if (snapshot_page_checksum(page))
		memset(page, 0, SNAPSHOT_PAGE);
}

static int run_check(const struct snapshot_file *f, const struct snapshot_block *b, uint64_t first,
		     unsigned int nr, struct error *err)
{
	for (unsigned int i = 0; i < nr; i++)
		if (snapshot_page_checksum(b->host + (first + i) * SNAPSHOT_PAGE) !=
		    b->checksums[first + i])
			return snapshot_damaged(f, "a page of RAM", err);
	return 0;
}

/* Pages that are all zero, or such that are not: from @first on, as many as are the same. */
static unsigned int run_length(const struct snapshot_block *b, uint64_t first)
{
	unsigned int n = 1;

	while (n < SNAPSHOT_RUN && first + n < b->pages &&
	       !b->checksums[first + n] == !b->checksums[first])
		n++;
	return n;
}

static int run_read(struct snapshot_file *f, struct snapshot_block *b, uint64_t first,
		    unsigned int nr, struct error *err)
{
	uint8_t *host = b->host + first * SNAPSHOT_PAGE;
	int ret;

	if (!b->checksums[first]) {
		for (unsigned int i = 0; i < nr; i++)
			page_clear(host + i * SNAPSHOT_PAGE);
		return 0;
	}
	ret = snapshot_pread(f->fd, host, (size_t)nr * SNAPSHOT_PAGE,
			     b->pos + first * SNAPSHOT_PAGE);
	if (ret)
		return snapshot_read_failed(f, ret, err);
	return run_check(f, b, first, nr, err);
}

/* ram->todo counts down what is not read yet. */
static int watcher_tell(struct snapshot_ram *ram, const struct snapshot_file *f,
			const struct snapshot_watcher *watcher, struct error *err)
{
	uint64_t done = (ram->pages - ram->todo) * SNAPSHOT_PAGE;

	if (watcher->progress(watcher->opaque, done, ram->pages * SNAPSHOT_PAGE))
		return 0;
	return error_set(err, -EINTR, "-restore %s: %s", f->path, strerror(EINTR));
}

static int block_read(struct snapshot_ram *ram, struct snapshot_file *f, struct snapshot_block *b,
		      const struct snapshot_watcher *watcher, struct error *err)
{
	int ret = 0;

	for (uint64_t page = 0; !ret && page < b->pages;) {
		unsigned int nr = run_length(b, page);

		ret = run_read(f, b, page, nr, err);
		page += nr;
		ram->todo -= nr;
		ret = ret ? ret : watcher_tell(ram, f, watcher, err);
	}
	memory_region_set_dirty(b->mr, 0, b->size);
	return ret;
}

int snapshot_ram_read(struct snapshot_ram *ram, struct snapshot_file *f,
		      const struct snapshot_watcher *watcher, struct error *err)
{
	int ret = 0;

	ram->todo = ram->pages;
	for (unsigned int i = 0; !ret && i < ram->nr; i++) {
		if (ram->blocks[i].kind == SNAPSHOT_JOINED)
			continue;
		ret = table_read(ram, f, i, err);
		if (!ret)
			ret = block_read(ram, f, &ram->blocks[i], watcher, err);
	}
	return ret;
}
