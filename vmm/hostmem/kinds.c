// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of memory-backend: which properties each one has, and where its memory comes from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostmem/backend.h"
#include "size.h"
#include "util.h"

#define SIZE_UNIT	4096u
#define ALIGN_MAX	(2u << 20)	/* how all memory is aligned */
#define KEYS_MAX	16

struct backend_kind {
	const char *driver;
	const char *keys[8];		/* beside backend_policy_keys; ends with NULL */
	const char *needs;		/* beside id and size; NULL: nothing */
	bool share;			/* if not said */
	int (*open)(struct hostmem_backend *b, struct memory *mem, const struct backend_spec *spec,
		    struct error *err);
};

static int map_failed(const struct backend_spec *spec, int code, struct error *err)
{
	return error_arg(err, code, "-object %s %s: can't map its %s: %s", spec->driver, spec->id,
			 size_text(spec->size).text, strerror(-code));
}

/* Takes @fd over: the mapping is enough. */
static int open_fd(struct hostmem_backend *b, struct memory *mem, const struct backend_spec *spec,
		   int fd, struct error *err)
{
	unsigned int flags = (spec->share ? RAM_SHARED : 0) | (spec->readonly ? RAM_READONLY : 0);
	int ret = memory_region_init_ram_fd(&b->mr, mem, NULL, spec->id, spec->size, fd,
					    spec->offset, flags);

	close(fd);
	b->readonly = spec->readonly;
	return ret ? map_failed(spec, ret, err) : 0;
}

static int open_memfd(struct hostmem_backend *b, struct memory *mem,
		      const struct backend_spec *spec, struct error *err)
{
	int fd = memfd_create(spec->id, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, spec->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return error_arg(err, -code, "-object %s %s: can't make a memory file of %s: %s",
				 spec->driver, spec->id, size_text(spec->size).text,
				 strerror(code));
	}
	return open_fd(b, mem, spec, fd, err);
}

static int open_ram(struct hostmem_backend *b, struct memory *mem, const struct backend_spec *spec,
		    struct error *err)
{
	int ret;

	if (spec->share)
		return open_memfd(b, mem, spec, err);
	ret = memory_region_init_ram(&b->mr, mem, NULL, spec->id, spec->size);
	return ret ? map_failed(spec, ret, err) : 0;
}

static int open_region(struct hostmem_backend *b, struct memory *mem,
		       const struct backend_spec *spec, const char *name, struct error *err)
{
	char what[64];

	snprintf(what, sizeof(what), "-object %s", spec->driver);
	return backend_region_open(b, mem, what, name, spec->size, spec->readonly, err);
}

static int open_ivshmem(struct hostmem_backend *b, struct memory *mem,
			const struct backend_spec *spec, struct error *err)
{
	return open_region(b, mem, spec, spec->shm, err);
}

/* A path among the regions means a region, whatever is there: its name, or NULL. */
static const char *path_region(const char *path)
{
	const size_t dir = strlen(REGION_DIR "/");

	return path && !strncmp(path, REGION_DIR "/", dir) ? path + dir : NULL;
}

static int open_file(struct hostmem_backend *b, struct memory *mem,
		     const struct backend_spec *spec, struct error *err)
{
	const char *region = path_region(spec->path);
	int fd;

	if (region)
		return open_region(b, mem, spec, region, err);
	fd = backend_file_open(spec, err);
	return fd < 0 ? fd : open_fd(b, mem, spec, fd, err);
}

static const struct backend_kind backend_kinds[] = {
	{ "memory-backend-ram", { "id", "size", "share" }, NULL, false, open_ram },
	{ "memory-backend-file",
	  { "id", "size", "mem-path", "share", "readonly", "offset", "align" }, "mem-path", false,
	  open_file },
	{ "memory-backend-memfd", { "id", "size", "share" }, NULL, true, open_memfd },
	{ "memory-backend-ivshmem", { "id", "size", "shm", "readonly" }, "shm", true,
	  open_ivshmem },
};

static const struct backend_kind *kind_find(const char *driver)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(backend_kinds); i++)
		if (!strcmp(backend_kinds[i].driver, driver))
			return &backend_kinds[i];
	return NULL;
}

static int kind_unknown(const char *driver, struct error *err)
{
	char known[256] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(backend_kinds) && len < sizeof(known); i++)
		len += snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
				backend_kinds[i].driver);
	return error_arg(err, -EINVAL, "-object %s: unknown; there are %s", driver, known);
}

static int property_missing(const struct props *o, const char *key, struct error *err)
{
	return error_arg(err, -EINVAL, "-object %s: %s= is missing", o->text, key);
}

/* Is every property there that must be? */
static int spec_check_present(const struct props *o, const struct backend_kind *kind,
			      struct error *err)
{
	const char *const needed[] = { "id", "size", kind->needs };

	for (unsigned int i = 0; i < ARRAY_SIZE(needed); i++) {
		const char *value = needed[i] ? props_get(o, needed[i]) : "";

		if (!value || (needed[i] && !*value))
			return property_missing(o, needed[i], err);
	}
	return 0;
}

/* Where in the file: so that what is mapped comes out aligned. */
static int spec_parse_offset(struct backend_spec *spec, const struct props *o, struct error *err)
{
	uint64_t room = spec->size < INT64_MAX ? INT64_MAX - spec->size : 0;
	uint64_t align = SIZE_UNIT;
	int ret = props_size(o, "offset", 1, &spec->offset, err);

	if (!ret)
		ret = props_size(o, "align", 1, &align, err);
	if (ret)
		return ret;
	if (align < SIZE_UNIT || align > ALIGN_MAX || align & (align - 1))
		return error_arg(err, -EINVAL,
				 "-object %s: align=%s is not a power of two from %s to %s",
				 spec->driver, props_get(o, "align"), size_text(SIZE_UNIT).text,
				 size_text(ALIGN_MAX).text);
	if (spec->offset % align || spec->offset > room)
		return error_arg(err, -EINVAL,
				 "-object %s: offset=%s is not a multiple of %s in a file",
				 spec->driver, props_get(o, "offset"), size_text(align).text);
	if (spec->offset && path_region(spec->path))
		return error_arg(err, -EINVAL, "-object %s: mem-path=%s is a region, which is had "
				 "whole; leave offset= out", spec->driver, spec->path);
	return 0;
}

static int spec_parse_values(struct backend_spec *spec, const struct props *o,
			     struct error *err)
{
	int ret = props_size(o, "size", 1, &spec->size, err);

	if (!ret)
		ret = props_bool(o, "share", &spec->share, err);
	if (!ret)
		ret = props_bool(o, "readonly", &spec->readonly, err);
	if (ret)
		return ret;
	if (!spec->size || spec->size % SIZE_UNIT)
		return error_arg(err, -EINVAL,
				 "-object %s: size=%s (in bytes, without a suffix) is not a "
				 "number of pages of 4k; write 64M, say",
				 spec->driver, props_get(o, "size"));
	if (path_region(spec->path) && !spec->share)
		return error_arg(err, -EINVAL,
				 "-object %s: mem-path=%s is a region, which is always "
				 "shared; leave share=off out",
				 spec->driver, spec->path);
	ret = spec_parse_offset(spec, o, err);
	return ret ? ret : backend_policy_parse(&spec->policy, o, err);
}

/* Has @o only what its kind has, or all kinds have? */
static int spec_check_keys(const struct props *o, const struct backend_kind *kind,
			   struct error *err)
{
	const char *keys[KEYS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; kind->keys[i]; i++)
		keys[n++] = kind->keys[i];
	for (unsigned int i = 0; backend_policy_keys[i]; i++)
		keys[n++] = backend_policy_keys[i];
	keys[n] = NULL;
	return props_check(o, keys, err);
}

int backend_spec_parse(struct backend_spec *spec, const struct props *o, struct error *err)
{
	const struct backend_kind *kind = kind_find(o->driver);
	int ret;

	if (!kind)
		return kind_unknown(o->driver, err);
	ret = spec_check_keys(o, kind, err);
	if (!ret)
		ret = spec_check_present(o, kind, err);
	if (ret)
		return ret;
	*spec = (struct backend_spec){
		.driver = o->driver,
		.id = props_get(o, "id"),
		.path = props_get(o, "mem-path"),
		.shm = props_get(o, "shm"),
		.share = kind->share || path_region(props_get(o, "mem-path")),
	};
	return spec_parse_values(spec, o, err);
}

int backend_check(const struct backend_spec *spec, struct error *err)
{
	return spec->path && !path_region(spec->path) ? backend_file_check(spec, err) : 0;
}

int backend_open(struct hostmem_backend *b, struct memory *mem, const struct backend_spec *spec,
		 struct error *err)
{
	return kind_find(spec->driver)->open(b, mem, spec, err);
}
