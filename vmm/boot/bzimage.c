// SPDX-License-Identifier: GPL-2.0-only
/* Opening, checking and reading a bzImage. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/bzimage.h"

#define BZIMAGE_HEADER		0x1f1		/* offset of struct setup_header */
#define BZIMAGE_MAGIC		0x53726448	/* "HdrS" */
#define BZIMAGE_BOOT_FLAG	0xaa55
#define BZIMAGE_PROTOCOL	0x020c		/* the first with a 64-bit entry */
#define BZIMAGE_SECTOR		512
#define BZIMAGE_DEFAULT_SECTORS	4		/* what 0 means in setup_sects */
#define BZIMAGE_PARAGRAPH	16		/* unit of syssize, bytes */

int file_read(int fd, void *to, uint64_t len, uint64_t offset)
{
	char *at = to;

	while (len) {
		ssize_t n = pread(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		at += n;
		len -= n;
		offset += n;
	}
	return 0;
}

static int bzimage_check_header(const struct bzimage *image, struct error *err)
{
	const struct setup_header *h = &image->header;

	if (h->boot_flag != BZIMAGE_BOOT_FLAG || h->header != BZIMAGE_MAGIC)
		return error_arg(err, -EINVAL,
				 "-kernel %s: no bzImage: give the vmlinuz of a distribution or "
				 "arch/x86/boot/bzImage of a build", image->path);
	if (h->version < BZIMAGE_PROTOCOL)
		return error_arg(err, -EINVAL, "-kernel %s: speaks boot protocol %d.%02d, but "
				 "2.12 (Linux 3.8) is needed", image->path, h->version >> 8,
				 h->version & 0xff);
	if (!(h->xloadflags & XLF_KERNEL_64) || !(h->loadflags & LOADED_HIGH))
		return error_arg(err, -EINVAL,
				 "-kernel %s: has no 64-bit entry: give one for x86-64",
				 image->path);
	return 0;
}

static int bzimage_check_size(struct bzimage *image, uint64_t size, struct error *err)
{
	unsigned int sectors = image->header.setup_sects;

	if (!sectors)
		sectors = BZIMAGE_DEFAULT_SECTORS;
	image->code_offset = (uint64_t)(sectors + 1) * BZIMAGE_SECTOR;
	image->code_size = (uint64_t)image->header.syssize * BZIMAGE_PARAGRAPH;
	if (size < image->code_offset ||
	    size - image->code_offset + BZIMAGE_PARAGRAPH <= image->code_size)
		return error_arg(err, -EINVAL,
				 "-kernel %s: is truncated: its header tells of %llu bytes, it has "
				 "%llu", image->path,
				 (unsigned long long)(image->code_offset + image->code_size),
				 (unsigned long long)size);
	if (image->code_size > size - image->code_offset)
		image->code_size = size - image->code_offset;
	return 0;
}

static int bzimage_check(struct bzimage *image, struct error *err)
{
	struct stat st;
	int ret;

	if (fstat(image->fd, &st) < 0)
		return error_arg(err, -errno, "-kernel %s: %s", image->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_arg(err, -EINVAL, "-kernel %s: is not a file", image->path);
	ret = file_read(image->fd, &image->header, sizeof(image->header), BZIMAGE_HEADER);
	if (ret && ret != -ENODATA)
		return error_arg(err, ret, "-kernel %s: can't be read: %s", image->path,
				 strerror(-ret));
	if (ret)
		memset(&image->header, 0, sizeof(image->header));
	ret = bzimage_check_header(image, err);
	return ret ? ret : bzimage_check_size(image, st.st_size, err);
}

int bzimage_open(struct bzimage *image, const char *path, struct error *err)
{
	int ret;

	image->path = path;
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (image->fd < 0)
		return error_arg(err, -EINVAL, "-kernel %s: can't be opened: %s", path,
				 strerror(errno));
	ret = bzimage_check(image, err);
	if (ret)
		close(image->fd);
	return ret;
}

void bzimage_close(struct bzimage *image)
{
	close(image->fd);
}

int bzimage_read(const struct bzimage *image, void *to, struct error *err)
{
	int ret = file_read(image->fd, to, image->code_size, image->code_offset);

	if (ret)
		return error_arg(err, ret, "-kernel %s: can't be read: %s", image->path,
				 strerror(-ret));
	return 0;
}
