// SPDX-License-Identifier: GPL-2.0-only
/* Lookups in a view of many pages that are far apart, measured. */
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "measures.h"
#include "memory/flatview.h"

#define STREAM		65536u		/* addresses looked up, */
#define STREAM_ROUNDS	8u		/* so many times */
#define RECENT_PERCENT	90u

struct lookups {
	struct sparse_tree tree;
	hwaddr random[STREAM];		/* each page as likely as the other */
	hwaddr recent[STREAM];		/* mostly in the page of the one before */
};

/*
 * @chained: the address of the next one depends on what the last one found, as where code goes on
 * after an access does; else a CPU has several under way at once.
 */
static inline __attribute__((always_inline)) const char *
look_up(struct lookups *l, const hwaddr *stream, bool chained, double *ns)
{
	uint64_t start = bench_settled_ns(), found = 0;
	const struct flatview *view;
	hwaddr next = 0;

	urcu_memb_read_lock();
	view = l->tree.as.view;
	for (unsigned int i = 0; i < STREAM * STREAM_ROUNDS; i++) {
		const struct flat_range *fr = flatview_lookup(view, stream[i % STREAM] + next);

		found += !!fr;
		next = chained && fr ? fr->log_mask : 0;
	}
	urcu_memb_read_unlock();
	*ns = (double)(bench_cpu_ns() - start) / (STREAM * STREAM_ROUNDS);
	return found == STREAM * STREAM_ROUNDS ? NULL : "a page was not found";
}

const char *measure_random(void *arg, double *ns)
{
	struct lookups *l = arg;

	return look_up(l, l->random, false, ns);
}

const char *measure_random_chained(void *arg, double *ns)
{
	struct lookups *l = arg;

	return look_up(l, l->random, true, ns);
}

const char *measure_recent(void *arg, double *ns)
{
	struct lookups *l = arg;

	return look_up(l, l->recent, false, ns);
}

const char *measure_recent_chained(void *arg, double *ns)
{
	struct lookups *l = arg;

	return look_up(l, l->recent, true, ns);
}

static hwaddr random_address(const struct sparse_tree *t, unsigned int page, uint64_t *seed)
{
	return sparse_tree_address(t, page) + tree_random(seed) % TREE_BAR_SIZE;
}

struct lookups *lookups_create(unsigned int pages)
{
	struct lookups *l = calloc(1, sizeof(*l));
	unsigned int recent = 0;
	uint64_t seed = 1;

	if (!l || sparse_tree_init(&l->tree, pages) || sparse_tree_add(&l->tree))
		return NULL;
	for (unsigned int i = 0; i < STREAM; i++) {
		unsigned int page = tree_random(&seed) % pages;

		recent = tree_random(&seed) % 100 < RECENT_PERCENT ? recent : page;
		l->random[i] = random_address(&l->tree, page, &seed);
		l->recent[i] = random_address(&l->tree, recent, &seed);
	}
	return l;
}
