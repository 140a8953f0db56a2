/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is there under its name whole or not at all: it is written as PATH.partial, which
 * takes the name when all of it is on the disk.
 */
#ifndef VMM_SNAPSHOT_OUTFILE_H
#define VMM_SNAPSHOT_OUTFILE_H

#include "error.h"

struct outfile {
	char *path, *partial;
	int fd;
};

/**
 * outfile_open() - begin, with an empty file for this user only
 * @err: filled, without saying which command it was
 *
 * A PATH.partial that was left by who died is taken over. Return: 0, -EBUSY if another process is
 * writing it, -EINVAL if PATH is there and is neither a regular file nor a link, or -errno.
 */
int outfile_open(struct outfile *o, const char *path, struct error *err);

/* It gets its name. 0, or -errno, and it is still to be closed either way. */
int outfile_publish(struct outfile *o);

/* What has no name goes. */
void outfile_close(struct outfile *o);

#endif /* VMM_SNAPSHOT_OUTFILE_H */
