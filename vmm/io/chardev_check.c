// SPDX-License-Identifier: GPL-2.0-only
/* Whether a specification can be opened: asked before anything is made, so nothing is made here. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/chardev.h"

/* As the effective user, which is who opens. 0 or -errno. */
static int path_access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) ? -errno : 0;
}

/* May something be made in the directory of @path? 0 or -errno. */
static int path_may_create(const char *path)
{
	char *copy = strdup(path);
	int ret = copy ? path_access(dirname(copy), W_OK | X_OK) : -ENOMEM;

	free(copy);
	return ret;
}

static int path_may_write(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? path_may_create(path) : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : path_access(path, W_OK);
}

/* The text behind @prefix, or NULL if @spec does not begin with it. */
static const char *spec_path(const char *spec, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(spec, prefix, len) ? NULL : spec + len;
}

int chardev_check(const char *spec, struct error *err)
{
	const char *file = spec_path(spec, "file:");
	const char *socket = spec_path(spec, "unix:");
	int ret = file ? path_may_write(file) : socket ? path_may_create(socket) : 0;

	if (ret)
		return error_arg(err, ret, "%s: can't be %s: %s", spec, file ? "written" : "made",
				 strerror(-ret));
	return 0;
}
