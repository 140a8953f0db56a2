// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a backend's properties say of its pages: whether they are merged, dumped, had at once, and
 * which NUMA nodes they come from.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostmem/backend.h"
#include "io/progress.h"
#include "size.h"
#include "util.h"

#define THREADS_MAX	256
#define NODES		64

const char *const backend_policy_keys[] = {
	"merge", "dump", "prealloc", "prealloc-threads", "host-nodes", "policy", NULL
};

static const char *const numa_words[] = {
	[RAM_NUMA_DEFAULT] = "default", [RAM_NUMA_PREFERRED] = "preferred",
	[RAM_NUMA_BIND] = "bind", [RAM_NUMA_INTERLEAVE] = "interleave",
};

/* A switch that sets @flag when it is @on. */
static int parse_flag(struct backend_policy *p, const struct props *o, const char *key, bool on,
		      unsigned int flag, struct error *err)
{
	bool value = !on;
	int ret = props_bool(o, key, &value, err);

	if (!ret && value == on)
		p->ram_policy |= flag;
	return ret;
}

/* Digits up to @max at *@text, which goes on behind them. */
static bool take_number(const char **text, unsigned long max, unsigned long *n)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*n = strtoul(*text, &end, 10);
	*text = end;
	return *n <= max;
}

static int parse_threads(struct backend_policy *p, const struct props *o, struct error *err)
{
	const char *value = props_get(o, "prealloc-threads"), *text = value;
	unsigned long n;

	if (!value)
		return 0;
	if (!take_number(&text, THREADS_MAX, &n) || *text || !n)
		return error_arg(err, -EINVAL,
				 "-object %s: prealloc-threads=%s is not a number from 1 to %d",
				 o->driver, value, THREADS_MAX);
	p->threads = n;
	return 0;
}

/* "0-2,5" */
static bool nodes_parse(const char *text, uint64_t *nodes)
{
	unsigned long first, last;

	do {
		if (!take_number(&text, NODES - 1, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !take_number(&text, NODES - 1, &last)))
			return false;
		if (last < first)
			return false;
		*nodes |= UINT64_MAX >> (NODES - 1 - (last - first)) << first;
	} while (*text++ == ',');
	return !text[-1];
}

/* As in QEMU, where a list is written by giving the key again. */
static int parse_nodes(struct backend_policy *p, const struct props *o, struct error *err)
{
	for (unsigned int i = 0; i < o->nr_props; i++)
		if (!strcmp(o->props[i].key, "host-nodes") &&
		    !nodes_parse(o->props[i].value, &p->nodes))
			return error_arg(err, -EINVAL,
					 "-object %s: host-nodes=%s is not a list of nodes from 0 "
					 "to %d; write 0-1, and host-nodes= again for another",
					 o->driver, o->props[i].value, NODES - 1);
	return 0;
}

static int parse_numa(struct backend_policy *p, const struct props *o, struct error *err)
{
	const char *value = props_get(o, "policy");
	unsigned int i = RAM_NUMA_DEFAULT;

	while (value && i < ARRAY_SIZE(numa_words) && strcmp(value, numa_words[i]))
		i++;
	if (i == ARRAY_SIZE(numa_words))
		return error_arg(err, -EINVAL,
				 "-object %s: policy=%s is none of default, preferred, bind, "
				 "interleave", o->driver, value);
	if ((i == RAM_NUMA_DEFAULT) != !p->nodes)
		return error_arg(err, -EINVAL, "-object %s: policy=%s goes %s host-nodes=",
				 o->driver, numa_words[i], p->nodes ? "without" : "with");
	p->numa = i;
	return 0;
}

int backend_policy_parse(struct backend_policy *p, const struct props *o, struct error *err)
{
	int ret;

	*p = (struct backend_policy){ .threads = 1 };
	ret = parse_flag(p, o, "merge", true, RAM_POLICY_MERGE, err);
	if (!ret)
		ret = parse_flag(p, o, "dump", false, RAM_POLICY_DONTDUMP, err);
	if (!ret)
		ret = props_bool(o, "prealloc", &p->prealloc, err);
	if (!ret)
		ret = parse_threads(p, o, err);
	if (!ret)
		ret = parse_nodes(p, o, err);
	return ret ? ret : parse_numa(p, o, err);
}

static int policy_set(struct hostmem_backend *b, const struct backend_spec *spec,
		      struct error *err)
{
	unsigned int flags = spec->policy.ram_policy;
	int ret = flags ? memory_region_set_ram_policy(&b->mr, flags, 0) : 0;

	if (ret == -EINVAL && flags & RAM_POLICY_MERGE)
		return error_arg(err, ret, "-object %s %s: merge=on: this kernel can't merge "
				 "pages of such memory; leave it out", spec->driver, spec->id);
	return ret ? error_arg(err, ret, "-object %s %s: can't advise the kernel: %s",
			       spec->driver, spec->id, strerror(-ret)) : 0;
}

static int policy_bind(struct hostmem_backend *b, const struct backend_spec *spec,
		       struct error *err)
{
	const struct backend_policy *p = &spec->policy;
	int ret = p->nodes ? memory_region_bind_ram(&b->mr, p->numa, p->nodes) : 0;

	return ret ? error_arg(err, ret,
			       "-object %s %s: can't have memory of these host-nodes: %s; "
			       "/sys/devices/system/node has those that are there",
			       spec->driver, spec->id, strerror(-ret)) : 0;
}

static int policy_prealloc(struct hostmem_backend *b, const struct backend_spec *spec,
			   struct error *err)
{
	struct progress progress;
	int ret;

	if (!spec->policy.prealloc)
		return 0;
	progress_init(&progress, spec->id);
	ret = memory_region_prealloc_ram(&b->mr, spec->policy.threads, progress_step, &progress);
	progress_fini(&progress);
	return ret ? error_arg(err, ret, "-object %s %s: can't have all of its %s now: %s",
			       spec->driver, spec->id, size_text(spec->size).text,
			       strerror(-ret)) : 0;
}

/* Nodes first: what is there would have to move. */
int backend_policy_apply(struct hostmem_backend *b, const struct backend_spec *spec,
			 struct error *err)
{
	int ret = policy_bind(b, spec, err);

	if (!ret)
		ret = policy_set(b, spec, err);
	return ret ? ret : policy_prealloc(b, spec, err);
}
