// SPDX-License-Identifier: GPL-2.0-only
/* Files that appear when they are whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/outfile.h"

#define PARTIAL	".partial"

/*
 * Between open() and flock() whoever had the lock may have renamed or removed the file: then this
 * one is not that of the name any more.
 */
static int partial_lock(int fd, const char *partial)
{
	struct stat mine, named;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(fd, &mine) < 0)
		return -errno;
	if (stat(partial, &named) < 0 || mine.st_ino != named.st_ino ||
	    mine.st_dev != named.st_dev)
		return -EBUSY;
	if (!S_ISREG(mine.st_mode))
		return -EINVAL;
	if (mine.st_uid != geteuid())	/* who could read it, and store to it, all the time */
		return -EPERM;
	return ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int partial_open(struct outfile *o)
{
	int ret;

	o->fd = open(o->partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (o->fd < 0)
		return -errno;
	ret = partial_lock(o->fd, o->partial);
	if (ret)
		close(o->fd);
	return ret;
}

/*
 * A folder can't be replaced by a file, and a device, which can, must not be: this is told before a
 * guest is stopped, not after.
 */
static int target_check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -EINVAL;
}

static void outfile_free(struct outfile *o)
{
	free(o->path);
	free(o->partial);
	*o = (struct outfile){ .fd = -1 };
}

int outfile_open(struct outfile *o, const char *path, struct error *err)
{
	int ret = target_check(path);

	*o = (struct outfile){ .fd = -1 };
	if (ret)
		return error_set(err, ret, "%s: this is no regular file; give the name of one, or "
				 "of none that is there", path);
	ret = -ENOMEM;
	o->path = strdup(path);
	if (asprintf(&o->partial, "%s" PARTIAL, path) < 0)
		o->partial = NULL;
	if (o->path && o->partial)
		ret = partial_open(o);
	if (!ret)
		return 0;
	outfile_free(o);
	return error_set(err, ret, "%s" PARTIAL ": %s", path,
			 ret == -EBUSY ? "another snapshot is being written there" :
			 ret == -EINVAL ? "this is no regular file" :
			 ret == -EPERM ? "this is somebody else's file" : strerror(-ret));
}

/* A name is on the disk when its folder is. */
static int folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : slash - path) : strdup(".");
	int fd, ret = 0;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0 && errno != EINVAL)	/* some file systems can't, and need not */
		ret = -errno;
	close(fd);
	return ret;
}

int outfile_publish(struct outfile *o)
{
	if (fsync(o->fd) < 0 || rename(o->partial, o->path) < 0)
		return -errno;
	free(o->partial);
	o->partial = NULL;
	return folder_sync(o->path);
}

void outfile_close(struct outfile *o)
{
	if (o->fd < 0)
		return;
	if (o->partial)
		unlink(o->partial);
	close(o->fd);
	outfile_free(o);
}
