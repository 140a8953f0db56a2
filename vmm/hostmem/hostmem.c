// SPDX-License-Identifier: GPL-2.0-only
/* Which backends there are, under which id, and which device has each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostmem/backend.h"

void hostmem_init(struct hostmem *h, struct memory *mem)
{
	h->mem = mem;
	TAILQ_INIT(&h->backends);
}

/* A backend without memory, in no list. NULL: out of memory. */
static struct hostmem_backend *backend_create(const char *id)
{
	struct hostmem_backend *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->region_fd = -1;
	b->id = id ? strdup(id) : NULL;
	if (!id || b->id)
		return b;
	free(b);
	return NULL;
}

static void backend_destroy(struct hostmem_backend *b)
{
	memory_region_fini(&b->mr);
	if (b->region_fd >= 0)
		close(b->region_fd);
	free(b->id);
	free(b);
}

static void backend_del(struct hostmem *h, struct hostmem_backend *b)
{
	TAILQ_REMOVE(&h->backends, b, link);
	backend_destroy(b);
}

void hostmem_fini(struct hostmem *h)
{
	struct hostmem_backend *b;

	while ((b = TAILQ_FIRST(&h->backends)))
		backend_del(h, b);
}

static struct hostmem_backend *backend_find(struct hostmem *h, const char *id)
{
	struct hostmem_backend *b;

	TAILQ_FOREACH(b, &h->backends, link)
		if (b->id && !strcmp(b->id, id))
			return b;
	return NULL;
}

int hostmem_check(const struct props *o, struct error *err)
{
	struct backend_spec spec;
	int ret = backend_spec_parse(&spec, o, err);

	return ret ? ret : backend_check(&spec, err);
}

int hostmem_add(struct hostmem *h, const struct props *o, struct error *err)
{
	struct hostmem_backend *b;
	struct backend_spec spec;
	int ret;

	ret = backend_spec_parse(&spec, o, err);
	if (ret)
		return ret;
	b = backend_create(spec.id);
	if (!b)
		return error_arg(err, -ENOMEM, "-object %s: out of memory", spec.driver);
	ret = backend_open(b, h->mem, &spec, err);
	if (!ret)
		ret = backend_policy_apply(b, &spec, err);
	if (ret) {
		backend_destroy(b);
		return ret;
	}
	TAILQ_INSERT_TAIL(&h->backends, b, link);
	return 0;
}

int hostmem_get(struct hostmem *h, const char *id, const char *user,
		struct hostmem_backend **out, struct error *err)
{
	struct hostmem_backend *b = backend_find(h, id);

	if (!b)
		return error_arg(err, -EINVAL,
				 "-device %s: there is no memdev=%s; add -object "
				 "memory-backend-…,id=%s,…",
				 user, id, id);
	if (b->user)
		return error_arg(err, -EINVAL,
				 "-device %s: memdev=%s is in use by another device; give each its "
				 "own",
				 user, id);
	b->user = user;
	*out = b;
	return 0;
}

int hostmem_get_region(struct hostmem *h, const char *name, uint64_t size, const char *user,
		       struct hostmem_backend **out, struct error *err)
{
	struct hostmem_backend *b = backend_create(NULL);
	char what[64];
	int ret;

	if (!b)
		return error_arg(err, -ENOMEM, "-device %s: out of memory", user);
	snprintf(what, sizeof(what), "-device %s", user);
	ret = backend_region_open(b, h->mem, what, name, size, false, err);
	if (ret) {
		backend_destroy(b);
		return ret;
	}
	b->user = user;
	TAILQ_INSERT_TAIL(&h->backends, b, link);
	*out = b;
	return 0;
}

void hostmem_put(struct hostmem *h, struct hostmem_backend *b)
{
	b->user = NULL;
	if (!b->id)
		backend_del(h, b);
}
