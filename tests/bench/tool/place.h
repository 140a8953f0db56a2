/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a measurement takes place: memory that is mapped, of a device of the guest driver, of a
 * region of the host module, of any other file; or a socket's address.
 */
#ifndef TESTS_BENCH_TOOL_PLACE_H
#define TESTS_BENCH_TOOL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "bell.h"
#include "error.h"

/*
 * Of the memory, the control page comes first (meeting.h), then a page with a cache line a side,
 * then what is measured.
 */
#define PLACE_LINES	0x1000
#define PLACE_DATA	0x2000
#define PLACE_LEAST	0x10000

/**
 * struct place - one that is open
 * @path: as given
 * @fd: the file, -1 for a socket's address
 * @writable: false: the memory can only be read
 * @mem: mapped, NULL for a socket's address
 * @size: bytes of it
 * @bell: doorbells, if it has any
 */
struct place {
	const char *path;
	int fd;
	bool writable;
	unsigned char *mem;
	uint64_t size;
	struct bell bell;
};

/* "tcp:", "vsock:" or "unix:" */
bool place_is_socket(const char *path);

/* With @join a region's doorbells are joined. 0 or -errno. */
int place_open(struct place *p, const char *path, bool join, struct error *err);
void place_close(struct place *p);

#endif /* TESTS_BENCH_TOOL_PLACE_H */
