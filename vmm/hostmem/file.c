// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ordinary file behind a memory-backend-file: used as it is, or made where none is. Unlike in
 * QEMU its size never changes, and none is made among the device nodes, where a typing error or a
 * module that is not loaded would leave a file that looks like memory shared with others.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostmem/backend.h"
#include "size.h"
#include "util.h"

/* Is @dir (without symbolic links) @top, or below it? */
static bool dir_is_below(const char *dir, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(dir, top, n) && (!dir[n] || dir[n] == '/');
}

/* May a file be made at @path? Not in /dev, but for the file systems for memory that sit there. */
static int path_may_create(const struct backend_spec *spec, struct error *err)
{
	static const char *const memory_dirs[] = { "/dev/shm", "/dev/hugepages" };
	char *copy = strdup(spec->path), *dir = copy ? realpath(dirname(copy), NULL) : NULL;
	bool ok = dir && !dir_is_below(dir, "/dev");
	int code = errno;

	for (unsigned int i = 0; dir && i < ARRAY_SIZE(memory_dirs); i++)
		ok = ok || dir_is_below(dir, memory_dirs[i]);
	free(copy);
	if (!dir)
		return error_arg(err, -code, "-object %s: can't make mem-path=%s: %s", spec->driver,
				 spec->path, strerror(code));
	free(dir);
	if (!ok)
		return error_arg(err, -EINVAL,
				 "-object %s: mem-path=%s does not exist, and no file is made in "
				 "/dev; "
				 "load the driver, or name a file elsewhere",
				 spec->driver, spec->path);
	return 0;
}

int backend_file_check(const struct backend_spec *spec, struct error *err)
{
	struct stat st;

	if (!stat(spec->path, &st) || errno != ENOENT)
		return 0;
	return path_may_create(spec, err);
}

static int file_create(const struct backend_spec *spec, struct error *err)
{
	int ret = path_may_create(spec, err), fd;

	if (ret)
		return ret;
	fd = open(spec->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_arg(err, -errno, "-object %s: can't make mem-path=%s: %s",
				 spec->driver, spec->path, strerror(errno));
	if (ftruncate(fd, spec->offset + spec->size) < 0) {
		ret = error_arg(err, -errno, "-object %s: can't give mem-path=%s its %s: %s",
				spec->driver, spec->path,
				size_text(spec->offset + spec->size).text,
				strerror(errno));
		unlink(spec->path);
		close(fd);
		return ret;
	}
	return fd;
}

/*
 * Whatever names it (doubled slashes, "." and "..", symbolic links): a plain file among the regions
 * is what was written there while the module was not loaded. What has no path, such as a memfd by
 * its name under /proc, is not there.
 */
static int file_check_place(const struct backend_spec *spec, struct error *err)
{
	char *path = realpath(spec->path, NULL);
	int ret = 0;

	if (path && dir_is_below(path, REGION_DIR))
		ret = error_arg(err, -EINVAL, "-object %s: mem-path=%s is %s, a plain file in a "
				"region's place; remove it, load the module with "
				"`modprobe ivshmem_host` and create the region", spec->driver,
				spec->path, path);
	free(path);
	return ret;
}

static int file_check(const struct backend_spec *spec, int fd, struct error *err)
{
	uint64_t end = spec->offset + spec->size;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_arg(err, -errno, "-object %s: mem-path=%s: %s", spec->driver,
				 spec->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_arg(err, -EINVAL,
				 "-object %s: mem-path=%s is no regular file; a region is "
				 "-object memory-backend-ivshmem,shm=NAME,…",
				 spec->driver, spec->path);
	if ((uint64_t)st.st_size < end)
		return error_arg(err, -EINVAL,
				 "-object %s: mem-path=%s has %lld bytes, less than size=%s%s; "
				 "`truncate -s %s %s` mends it",
				 spec->driver, spec->path, (long long)st.st_size,
				 size_text(spec->size).text, spec->offset ? " behind offset=" : "",
				 size_text(end).text, spec->path);
	return file_check_place(spec, err);
}

static int file_open_failed(const struct backend_spec *spec, int code, struct error *err)
{
	bool readable = code == EACCES && access(spec->path, R_OK) == 0;

	if (code == EISDIR)
		return error_arg(err, -EINVAL,
				 "-object %s: mem-path=%s is a directory; name a file in it",
				 spec->driver, spec->path);
	return error_arg(err, -code, "-object %s: can't open mem-path=%s: %s%s", spec->driver,
			 spec->path, strerror(code),
			 readable ? "; with readonly=on it can be" : "");
}

/* Opening must not wait for, or do things to, what is no file: O_NONBLOCK for FIFOs, O_NOCTTY. */
int backend_file_open(const struct backend_spec *spec, struct error *err)
{
	int flags = (spec->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(spec->path, flags), ret;

	if (fd < 0 && errno == ENOENT && !spec->readonly)
		return file_create(spec, err);
	if (fd < 0)
		return file_open_failed(spec, errno, err);
	ret = file_check(spec, fd, err);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}
