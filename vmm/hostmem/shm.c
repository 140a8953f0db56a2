// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of ivshmem_host.ko as a backend: opened, or created and opened, and of the right size.
 */
#include <errno.h>
#include <string.h>

#include "hostmem/backend.h"
#include "io/log.h"
#include "size.h"

#define CREATE_MODE	0600

static int region_make(const char *name, uint64_t size, struct error *err)
{
	struct region_spec spec = {
		.name = name,
		.size = size,
		.uid = IVSHMEM_ID_CALLER,
		.gid = IVSHMEM_ID_CALLER,
		.mode = CREATE_MODE,
	};
	int ret = region_create(&spec, err);

	if (!ret)
		log_note(NULL,
			 "the region '%s' of %s is created, with mode %04o; `ivshmemctl destroy "
			 "%s` ends it",
			 name, size_text(size).text, CREATE_MODE, name);
	return ret;
}

/*
 * Who only reads waits for nobody's zeros: the region must be there. Of two programs that create
 * the same one at once, one does, and both open it.
 */
static int region_open_or_create(struct region *r, const char *name, uint64_t size, bool readonly,
				 struct error *err)
{
	int ret = region_open(r, name, readonly, err);

	if (ret != -ENOENT || readonly)
		return ret;
	ret = region_make(name, size, err);
	if (ret && ret != -EEXIST)
		return ret;
	return region_open(r, name, readonly, err);
}

/* Takes @r over if it succeeds. */
static int region_map(struct hostmem_backend *b, struct memory *mem, const struct region *r,
		      struct error *err)
{
	char name[sizeof(REGION_DIR) + 1 + IVSHMEM_NAME_SIZE];
	int ret;

	snprintf(name, sizeof(name), REGION_DIR "/%s", r->info.name);
	ret = memory_region_init_ram_fd(&b->mr, mem, NULL, name, r->info.size, r->fd, 0,
					RAM_SHARED | (r->readonly ? RAM_READONLY : 0));
	if (ret)
		return error_arg(err, ret, "can't map the region '%s' of %s: %s", r->info.name,
				 size_text(r->info.size).text, strerror(-ret));
	b->readonly = r->readonly;
	b->region_fd = r->fd;
	b->max_peers = r->info.max_peers;
	memcpy(b->region, r->info.name, sizeof(b->region));
	return 0;
}

static int region_use(struct hostmem_backend *b, struct memory *mem, const char *name,
		      uint64_t size, bool readonly, struct error *err)
{
	struct region r;
	int ret;

	ret = region_open_or_create(&r, name, size, readonly, err);
	if (ret)
		return ret;
	if (r.info.size == size)
		ret = region_map(b, mem, &r, err);
	else
		ret = error_arg(err, -EINVAL, "the region '%s' has %s, not size=%s; write size=%s",
				name, size_text(r.info.size).text, size_text(size).text,
				size_text(r.info.size).text);
	if (ret)
		region_close(&r);
	return ret;
}

int backend_region_open(struct hostmem_backend *b, struct memory *mem, const char *what,
			const char *name, uint64_t size, bool readonly, struct error *err)
{
	int ret = region_use(b, mem, name, size, readonly, err);

	if (ret)
		return error_prefix(err, ret, what);
	if (b->readonly && !readonly)
		log_note(NULL,
			 "the region '%s' is read-only for this user: what the guest writes is "
			 "dropped",
			 name);
	return 0;
}
