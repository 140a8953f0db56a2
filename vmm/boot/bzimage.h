/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image: its header, checked, and its code. */
#ifndef VMM_BOOT_BZIMAGE_H
#define VMM_BOOT_BZIMAGE_H

#include <asm/bootparam.h>
#include <stdint.h>

#include "error.h"

struct bzimage {
	const char *path;
	int fd;
	struct setup_header header;
	uint64_t code_offset;		/* in the file, bytes */
	uint64_t code_size;
};

/* Opens and checks @path. 0, or -errno with @err filled. */
int bzimage_open(struct bzimage *image, const char *path, struct error *err);
void bzimage_close(struct bzimage *image);

/* Reads the code to @to, which has room for image->code_size bytes. */
int bzimage_read(const struct bzimage *image, void *to, struct error *err);

/* Reads @len bytes at @offset of @fd; -ENODATA if the file ends before. */
int file_read(int fd, void *to, uint64_t len, uint64_t offset);

#endif /* VMM_BOOT_BZIMAGE_H */
