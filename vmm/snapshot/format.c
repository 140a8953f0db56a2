// SPDX-License-Identifier: GPL-2.0-only
/* The header and the sections of a snapshot's file: written and read, with their checksums. */
#define XXH_INLINE_ALL		/* no library is needed where the program runs */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "snapshot/format.h"

#define SECTION_ALIGN	8u

_Static_assert(sizeof(struct snapshot_header) == 64, "the header has no holes");
_Static_assert(sizeof(struct snapshot_section) == 64, "nor has a section's head");
_Static_assert(sizeof(struct snapshot_block_record) == 80, "nor has a block's record");

/* --- checksums --- */

static bool page_is_zero(const void *page)
{
	const uint64_t *words = page;

	for (size_t i = 0; i < SNAPSHOT_PAGE / sizeof(*words); i += 8)
		if (words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] |
		    words[i + 5] | words[i + 6] | words[i + 7])
			return false;
	return true;
}

uint64_t snapshot_page_checksum(const void *page)
{
	uint64_t sum;

	if (page_is_zero(page))
		return 0;
	sum = XXH3_64bits(page, SNAPSHOT_PAGE);
	return sum ? sum : 1;
}

static uint64_t header_checksum(const struct snapshot_header *h)
{
	return XXH3_64bits(h, offsetof(struct snapshot_header, checksum));
}

static uint64_t section_checksum(const struct snapshot_section *sec, uint64_t chain)
{
	return XXH3_64bits_withSeed(sec, offsetof(struct snapshot_section, checksum), chain);
}

/* --- reading and writing --- */

int snapshot_pread(int fd, void *buf, size_t len, uint64_t pos)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, pos + done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ENODATA;
		done += n > 0 ? n : 0;
	}
	return 0;
}

int snapshot_pwrite(int fd, const void *buf, size_t len, uint64_t pos)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, (const char *)buf + done, len - done, pos + done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? n : 0;
	}
	return 0;
}

uint64_t snapshot_page_up(uint64_t pos)
{
	return (pos + (SNAPSHOT_PAGE - 1)) & ~(uint64_t)(SNAPSHOT_PAGE - 1);
}

/* Lengths are bounded, so that this can't wrap. */
static uint64_t section_end(const struct snapshot_file *f, uint64_t length)
{
	return (f->pos + sizeof(struct snapshot_section) + length + (SECTION_ALIGN - 1)) &
	       ~(uint64_t)(SECTION_ALIGN - 1);
}

int snapshot_write_header(struct snapshot_file *f)
{
	struct snapshot_header h = { .version = SNAPSHOT_VERSION, .page = SNAPSHOT_PAGE };

	memcpy(h.magic, SNAPSHOT_MAGIC, sizeof(h.magic));
	h.checksum = header_checksum(&h);
	f->chain = h.checksum;
	f->pos = sizeof(h);
	return snapshot_pwrite(f->fd, &h, sizeof(h), 0);
}

/* The head goes in last: only what is whole has one. */
static int section_write(struct snapshot_file *f, struct snapshot_section *sec,
			 const void *payload)
{
	int ret;

	sec->payload_checksum = XXH3_64bits(payload, sec->length);
	sec->checksum = section_checksum(sec, f->chain);
	ret = snapshot_pwrite(f->fd, payload, sec->length, f->pos + sizeof(*sec));
	if (!ret)
		ret = snapshot_pwrite(f->fd, sec, sizeof(*sec), f->pos);
	f->chain = sec->checksum;
	f->pos = section_end(f, sec->length);
	return ret;
}

int snapshot_write_section(struct snapshot_file *f, enum snapshot_type type, uint32_t instance,
			   const void *payload, size_t len)
{
	struct snapshot_section sec = { .type = type, .instance = instance, .length = len };

	return section_write(f, &sec, payload);
}

int snapshot_write_state(struct snapshot_file *f, const struct state *s)
{
	struct snapshot_section sec = {
		.type = SNAPSHOT_STATE,
		.version = state_version(s),
		.instance = state_instance(s),
	};
	const void *data = state_data(s, &sec.length);

	memcpy(sec.name, state_name(s), sizeof(sec.name));
	return section_write(f, &sec, data);
}

int snapshot_damaged(const struct snapshot_file *f, const char *what, struct error *err)
{
	return error_arg(err, -EINVAL, "-restore %s: the snapshot is damaged: %s", f->path, what);
}

int snapshot_read_failed(const struct snapshot_file *f, int code, struct error *err)
{
	if (code == -ENODATA)
		return snapshot_damaged(f, "it was cut short", err);
	return error_arg(err, code, "-restore %s: %s", f->path, strerror(-code));
}

int snapshot_read_header(struct snapshot_file *f, struct error *err)
{
	struct snapshot_header h;
	int ret = snapshot_pread(f->fd, &h, sizeof(h), 0);

	if (ret && ret != -ENODATA)
		return snapshot_read_failed(f, ret, err);
	if (ret || memcmp(h.magic, SNAPSHOT_MAGIC, sizeof(h.magic)))
		return error_arg(err, -EINVAL, "-restore %s: this is no snapshot; snapshot-live of "
				 "the monitor makes one", f->path);
	if (h.checksum != header_checksum(&h))
		return snapshot_damaged(f, "its header", err);
	if (h.version != SNAPSHOT_VERSION || h.page != SNAPSHOT_PAGE)
		return error_arg(err, -ENOTSUP, "-restore %s: the snapshot has version %u, this "
				 "program reads version %u", f->path, h.version, SNAPSHOT_VERSION);
	f->chain = h.checksum;
	f->pos = sizeof(h);
	return 0;
}

int snapshot_read_section(struct snapshot_file *f, struct snapshot_section *sec, uint64_t max,
			  struct error *err)
{
	int ret = snapshot_pread(f->fd, sec, sizeof(*sec), f->pos);

	if (ret)
		return snapshot_read_failed(f, ret, err);
	if (sec->checksum != section_checksum(sec, f->chain))
		return snapshot_damaged(f, "the head of a section", err);
	if (sec->length > max)
		return snapshot_damaged(f, "the length of a section", err);
	f->chain = sec->checksum;
	return 0;
}

int snapshot_read_payload(struct snapshot_file *f, const struct snapshot_section *sec, void *buf,
			  struct error *err)
{
	int ret = snapshot_pread(f->fd, buf, sec->length, f->pos + sizeof(*sec));

	if (ret)
		return snapshot_read_failed(f, ret, err);
	if (XXH3_64bits(buf, sec->length) != sec->payload_checksum)
		return snapshot_damaged(f, "the contents of a section", err);
	f->pos = section_end(f, sec->length);
	return 0;
}

int snapshot_read_end(struct snapshot_file *f, struct error *err)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return snapshot_read_failed(f, -errno, err);
	return (uint64_t)st.st_size == f->pos ? 0 :
	       snapshot_damaged(f, "there is more behind its end", err);
}
