// SPDX-License-Identifier: GPL-2.0-only
/* Chardevs without input: a file to write to, and nothing at all. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/chardev_internal.h"

static int chardev_start_nothing(struct chardev *c)
{
	(void)c;
	return 0;
}

static void chardev_close_nothing(struct chardev *c)
{
	(void)c;
}

static int chardev_none_open(struct chardev *c, const char *arg, struct error *err)
{
	(void)c;
	(void)arg;
	(void)err;
	return 0;
}

/* A FIFO without a reader is opened for both so that this doesn't wait for one. */
static int chardev_file_open(struct chardev *c, const char *path, struct error *err)
{
	int fd;

	if (!*path)
		return error_arg(err, -EINVAL, "'file:' names no file: give file:PATH");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_arg(err, -errno, "can't open '%s' for the guest's output: %s", path,
				 strerror(errno));
	chardev_attach(c, -1, fd, false);
	return 0;
}

const struct chardev_kind chardev_kind_none = {
	.open = chardev_none_open,
	.start = chardev_start_nothing,
	.close = chardev_close_nothing,
};

const struct chardev_kind chardev_kind_file = {
	.open = chardev_file_open,
	.start = chardev_start_nothing,
	.close = chardev_close_nothing,
};
