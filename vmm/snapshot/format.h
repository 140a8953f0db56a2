/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot's file: a header, then sections, each a head and a payload, all with checksums.
 *
 *	header
 *	STATE "machine"		what the machine is made of
 *	BLOCKS			the blocks of RAM, and which of them are in here
 *	pages			from the next multiple of a page on, block after block, each page in
 *				its place; one that is all zero is a hole
 *	TABLE ...		one a block that is in here: a checksum a page, 0 for all zero
 *	STATE ...		one a part of the machine
 *	END			and nothing behind it
 *
 * The checksum of a head goes over that of the head before it too, so that no section can be left
 * out, doubled, moved or taken from another file; a file without its END is none. They find what
 * broke by accident; against who means harm, whatever is read is checked for bounds besides. All
 * numbers are little-endian. The checksum is XXH3 (64 bits): at the speed of memory, unlike a CRC.
 */
#ifndef VMM_SNAPSHOT_FORMAT_H
#define VMM_SNAPSHOT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "state.h"

#define SNAPSHOT_MAGIC		"IVMMSNAP"
#define SNAPSHOT_VERSION	1
#define SNAPSHOT_PAGE		4096u

struct snapshot_header {
	char magic[8];
	uint32_t version;
	uint32_t page;			/* SNAPSHOT_PAGE */
	uint64_t zero[5];
	uint64_t checksum;		/* of all before it */
};

enum snapshot_type {
	SNAPSHOT_STATE = 1,		/* struct state of that name and instance */
	SNAPSHOT_BLOCKS,		/* struct snapshot_block_record, each */
	SNAPSHOT_TABLE,			/* uint64_t a page; instance: which record of BLOCKS */
	SNAPSHOT_END,			/* empty */
};

struct snapshot_section {
	uint32_t type;
	uint32_t version;		/* of the payload, as far as it has one */
	uint32_t instance;
	uint32_t zero;
	char name[STATE_NAME_SIZE];	/* of a STATE */
	uint64_t length;		/* bytes of payload; the next head is at a multiple of 8 */
	uint64_t payload_checksum;
	uint64_t reserved;		/* 0 */
	uint64_t checksum;		/* of all before it, seeded with that of the head before */
};

#define SNAPSHOT_BLOCK_NAME	64	/* bytes, the end included */
#define SNAPSHOT_BLOCKS_MAX	1024u

/* What becomes of a block's contents. */
enum snapshot_block_kind {
	SNAPSHOT_COPIED,
	SNAPSHOT_JOINED,		/* they are a file's or a region's: shared with others, and
					 * there again by the same name */
};

struct snapshot_block_record {
	char name[SNAPSHOT_BLOCK_NAME];
	uint64_t size;			/* bytes */
	uint32_t kind;
	uint32_t zero;
};

/* An open file, read or written from its start to its end. */
struct snapshot_file {
	int fd;
	const char *path;		/* for messages */
	uint64_t pos;			/* of the next head */
	uint64_t chain;			/* the checksum of the last head */
};

/* A page's checksum as TABLE has it: 0 if it is all zero, and no other is. */
uint64_t snapshot_page_checksum(const void *page);

/* All or nothing at @pos; 0, or -errno, -ENODATA if the file ends before. */
int snapshot_pread(int fd, void *buf, size_t len, uint64_t pos);
int snapshot_pwrite(int fd, const void *buf, size_t len, uint64_t pos);

/* The first multiple of a page that is not below @pos. */
uint64_t snapshot_page_up(uint64_t pos);

/* Each returns 0 or -errno. @f->fd is set, all else 0. */
int snapshot_write_header(struct snapshot_file *f);
int snapshot_write_section(struct snapshot_file *f, enum snapshot_type type, uint32_t instance,
			   const void *payload, size_t len);
int snapshot_write_state(struct snapshot_file *f, const struct state *s);

/* Each returns 0, or -errno with @err filled: -EINVAL for what is no snapshot, or a broken one. */
int snapshot_read_header(struct snapshot_file *f, struct error *err);

/**
 * snapshot_read_section() - the head of the next section
 * @max: bytes of payload that are allowed
 *
 * The payload follows by snapshot_read_payload(), which must be called next.
 */
int snapshot_read_section(struct snapshot_file *f, struct snapshot_section *sec, uint64_t max,
			  struct error *err);
int snapshot_read_payload(struct snapshot_file *f, const struct snapshot_section *sec, void *buf,
			  struct error *err);

/* The file ends here, after its END. */
int snapshot_read_end(struct snapshot_file *f, struct error *err);

/* -EINVAL with "PATH is damaged: @what". */
int snapshot_damaged(const struct snapshot_file *f, const char *what, struct error *err);

/* @code, with @err filled, after snapshot_pread() returned it. */
int snapshot_read_failed(const struct snapshot_file *f, int code, struct error *err);

#endif /* VMM_SNAPSHOT_FORMAT_H */
