// SPDX-License-Identifier: GPL-2.0-only
/* The user-space side of ivshmem_host.ko: its ioctls, and what their errors mean to a person. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostmem/region.h"
#include "size.h"

#define CONTROL		REGION_DIR "/control"
#define NAME_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

struct region_path {
	char text[sizeof(REGION_DIR "/") + IVSHMEM_NAME_SIZE];
};

static struct region_path region_path(const char *name)
{
	struct region_path path;

	strcpy(path.text, REGION_DIR "/");
	strncat(path.text, name, IVSHMEM_NAME_SIZE - 1);
	return path;
}

int region_name_check(const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (len && len < IVSHMEM_NAME_SIZE && strspn(name, NAME_CHARS) == len && *name != '.' &&
	    strcmp(name, "control"))
		return 0;
	return error_arg(err, -EINVAL, "'%s' can't name a region: a name has 1 to %d characters of "
			 "A-Z a-z 0-9 . _ -, begins with no dot, and is not 'control'", name,
			 IVSHMEM_NAME_SIZE - 1);
}

int region_size_check(uint64_t size, struct error *err)
{
	if (size >= IVSHMEM_SIZE_MIN && !(size & (size - 1)))
		return 0;
	return error_arg(err, -EINVAL,
			 "%s can't be the size of a region: it is a power of two from %s on",
			 size_text(size).text, size_text(IVSHMEM_SIZE_MIN).text);
}

bool region_module_loaded(void)
{
	struct stat st;

	return !stat(CONTROL, &st) && S_ISCHR(st.st_mode);
}

static int module_missing(struct error *err)
{
	return error_arg(err, -EINVAL, "the module ivshmem_host is not loaded (there is no device "
			 CONTROL "): load it as root with `modprobe ivshmem_host` or "
			 "`insmod ivshmem_host.ko`");
}

static int control_open(int flags, struct error *err)
{
	int fd = open(CONTROL, flags | O_CLOEXEC | O_NONBLOCK), code = -errno;

	if (!region_module_loaded()) {
		if (fd >= 0)
			close(fd);
		return module_missing(err);
	}
	if (fd >= 0)
		return fd;
	if (code == -EACCES)
		return error_arg(err, code,
				 "no permission to write " CONTROL ": be root, or have root "
				 "give you the device (chgrp, chmod g+w)");
	return error_arg(err, code, CONTROL ": %s", strerror(-code));
}

/*
 * One ioctl of the control device: 0 or -errno; -EINVAL with a full @err where it can't be opened.
 */
static int control_ioctl(unsigned long request, void *arg, bool *asked, struct error *err)
{
	int fd = control_open(O_RDWR, err), ret;

	*asked = fd >= 0;
	if (fd < 0)
		return fd;
	ret = ioctl(fd, request, arg) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int create_explain(const struct region_spec *spec, int code, struct error *err)
{
	switch (code) {
	case -EEXIST:
		return error_arg(err, code,
				 "the region '%s' exists already: take another name, or free "
				 "this one with `ivshmemctl destroy %s`",
				 spec->name, spec->name);
	case -EPERM:
		return error_arg(err, code,
				 "the region '%s' can't be given to user %d, group %d: only "
				 "root gives to others than oneself and one's own groups",
				 spec->name, (int)spec->uid, (int)spec->gid);
	case -ENOSPC:
		return error_arg(err, code,
				 "the region '%s' of %s is more than this machine's memory, "
				 "swap and overcommit limit can hold",
				 spec->name, size_text(spec->size).text);
	case -EINVAL:
		return error_arg(err, code, "the module refuses the region '%s': the last line of "
				 "`dmesg` says why", spec->name);
	default:
		return error_arg(err, code, "creating the region '%s': %s", spec->name,
				 strerror(-code));
	}
}

/* devtmpfs makes no node where something else has its name, and nobody hears of it. */
static int node_path_check(const char *name, struct error *err)
{
	struct region_path path = region_path(name);
	struct stat st;

	if (lstat(path.text, &st) < 0 || S_ISCHR(st.st_mode))
		return 0;
	return error_arg(err, -EEXIST, "%s is in the way of a region '%s' and is none, but left by "
			 "somebody who wrote there while the module was not loaded: remove it",
			 path.text, name);
}

int region_create(const struct region_spec *spec, struct error *err)
{
	struct ivshmem_region_create req = {
		.size = spec->size,
		.uid = spec->uid,
		.gid = spec->gid,
		.mode = spec->mode,
		.max_peers = spec->max_peers,
		.max_vectors = spec->max_vectors,
		.max_user_kb = spec->max_user_kb,
	};
	int ret = region_name_check(spec->name, err);
	bool asked;

	if (!ret)
		ret = region_size_check(spec->size, err);
	if (!ret)
		ret = node_path_check(spec->name, err);
	if (ret)
		return ret;
	strcpy(req.name, spec->name);
	ret = control_ioctl(IVSHMEM_REGION_CREATE, &req, &asked, err);
	return ret && asked ? create_explain(spec, ret, err) : ret;
}

static int region_missing(const char *name, struct error *err)
{
	return error_arg(err, -ENOENT,
			 "there is no region '%s': `ivshmemctl list` shows which there "
			 "are, `ivshmemctl create %s SIZE` makes it",
			 name, name);
}

static int destroy_explain(const char *name, int code, struct error *err)
{
	if (code == -ENOENT)
		return region_missing(name, err);
	if (code == -EPERM)
		return error_arg(err, code,
				 "the region '%s' is somebody else's: only its owner or root "
				 "destroys it",
				 name);
	return error_arg(err, code, "destroying the region '%s': %s", name, strerror(-code));
}

int region_destroy(const char *name, struct error *err)
{
	struct ivshmem_region_destroy req = {};
	int ret = region_name_check(name, err);
	bool asked;

	if (ret)
		return ret;
	strcpy(req.name, name);
	ret = control_ioctl(IVSHMEM_REGION_DESTROY, &req, &asked, err);
	return ret && asked ? destroy_explain(name, ret, err) : ret;
}

/* Appends the region behind the last one of the list; -ENOENT where that was the last. */
static int list_append(int control, struct ivshmem_region_info **list, size_t *count)
{
	struct ivshmem_region_info next = { .id = *count ? (*list)[*count - 1].id : 0 }, *grown;

	if (ioctl(control, IVSHMEM_REGION_NEXT, &next) < 0)
		return -errno;
	grown = reallocarray(*list, *count + 1, sizeof(next));
	if (!grown)
		return -ENOMEM;
	grown[(*count)++] = next;
	*list = grown;
	return 0;
}

int region_list(struct ivshmem_region_info **list, size_t *count, struct error *err)
{
	int fd = control_open(O_RDONLY, err), ret;

	*list = NULL;
	*count = 0;
	if (fd < 0)
		return fd;
	do
		ret = list_append(fd, list, count);
	while (!ret);
	close(fd);
	if (ret == -ENOENT)
		return 0;
	free(*list);
	*list = NULL;
	*count = 0;
	return error_arg(err, ret, "listing the regions by " CONTROL ": %s", strerror(-ret));
}

/* An open file at the path of a region: is it one? */
static int region_identify(struct region *r, const char *name, struct error *err)
{
	struct region_path path = region_path(name);
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return error_arg(err, -errno, "%s: %s", path.text, strerror(errno));
	if (S_ISREG(st.st_mode))
		return error_arg(err, -EINVAL,
				 "%s is a plain file, not a region of the module ivshmem_host. "
				 "Remove it, and create the region with the module loaded "
				 "(`modprobe ivshmem_host`)",
				 path.text);
	if (!S_ISCHR(st.st_mode) || ioctl(r->fd, IVSHMEM_REGION_INFO, &r->info) < 0)
		return error_arg(err, -EINVAL,
				 "%s is not a region of the module ivshmem_host: remove it, "
				 "and load the module with `modprobe ivshmem_host`",
				 path.text);
	return 0;
}

static int open_explain(const char *name, int code, struct error *err)
{
	switch (code) {
	case -ENOENT:
		return region_module_loaded() ? region_missing(name, err) : module_missing(err);
	case -EACCES:
		return error_arg(err, code,
				 "no permission to open " REGION_DIR "/%s: its owner or root "
				 "can grant it with chmod or chgrp",
				 name);
	case -ENXIO:
	case -ENODEV:
	case -EISDIR:
		return error_arg(err, -EINVAL, REGION_DIR "/%s is not a region of a loaded module "
				 "ivshmem_host: remove it, and load the module with "
				 "`modprobe ivshmem_host`", name);
	default:
		return error_arg(err, code, REGION_DIR "/%s: %s", name, strerror(-code));
	}
}

static int region_open_node(const char *name, bool *readonly)
{
	struct region_path path = region_path(name);
	int fd = -1;

	if (!*readonly)
		fd = open(path.text, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 || (!*readonly && errno != EACCES))
		return fd < 0 ? -errno : fd;
	*readonly = true;
	fd = open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int region_open(struct region *r, const char *name, bool readonly, struct error *err)
{
	int ret = region_name_check(name, err);

	if (ret)
		return ret;
	*r = (struct region){ .readonly = readonly };
	r->fd = region_open_node(name, &r->readonly);
	if (r->fd < 0)
		return open_explain(name, r->fd, err);
	ret = region_identify(r, name, err);
	if (ret)
		region_close(r);
	return ret;
}

void region_close(struct region *r)
{
	close(r->fd);
	r->fd = -1;
}

int region_file(const struct region *r, const char *name, struct error *err)
{
	int fd = ioctl(r->fd, IVSHMEM_REGION_FILE, 0);

	if (fd >= 0)
		return fd;
	if (errno == ENOTTY)
		return error_arg(err, -ENOTTY, "region '%s': " REGION_MODULE_OLD, name);
	return error_arg(err, -errno, "the pages of the region '%s': %s", name, strerror(errno));
}
