// SPDX-License-Identifier: GPL-2.0-only
/* Changes of a tree, measured: one region, and many. */
#include <string.h>

#include "measures.h"

/* How much of a thing is done in one measurement: enough for caches to be warm. */
#define MOVES		10000u
#define SLOW_MOVES	200u		/* where a single one may take very long */
#define COMMITS		20000u
#define REGIONS		65536u		/* that are built, in as many builds as it takes */
#define EVENTFDS	64u

static const char *reason(int ret)
{
	return ret ? strerror(-ret) : NULL;
}

const char *measure_move(void *arg, double *us)
{
	struct machine_tree *t = arg;
	unsigned int moves = t->ear.listener.region_nop ? SLOW_MOVES : MOVES;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < moves; i++)
		ret = machine_tree_move(t);
	*us = (bench_settled_ns() - start) / 1e3 / moves;
	return reason(ret);
}

const char *measure_overlay(void *arg, double *us)
{
	struct machine_tree *t = arg;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < MOVES; i++)
		ret = memory_region_set_enabled(&t->overlay, i % 2 == 0);
	*us = (bench_settled_ns() - start) / 1e3 / MOVES;
	return reason(ret);
}

/* A change that nobody can see: what to tell is looked for, and is nothing. */
const char *measure_hidden(void *arg, double *us)
{
	struct machine_tree *t = arg;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < MOVES; i++)
		ret = memory_region_set_enabled(&t->hidden, i % 2);
	*us = (bench_settled_ns() - start) / 1e3 / MOVES;
	return reason(ret);
}

const char *measure_empty(void *arg, double *ns)
{
	struct machine_tree *t = arg;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < COMMITS; i++) {
		memory_transaction_begin(t->mem);
		ret = memory_transaction_commit(t->mem);
	}
	*ns = (double)(bench_settled_ns() - start) / COMMITS;
	return reason(ret);
}

static int eventfds(struct machine_tree *t, bool add)
{
	int ret = 0;

	memory_transaction_begin(t->mem);
	for (unsigned int i = 0; !ret && i < EVENTFDS; i++)
		ret = add ? memory_region_add_eventfd(&t->bars[0], 4 * i, 4, true, i, 0) :
			    memory_region_del_eventfd(&t->bars[0], 4 * i, 4, true, i, 0);
	return memory_transaction_commit(t->mem) ?: ret;
}

const char *measure_eventfds(void *arg, double *us)
{
	struct machine_tree *t = arg;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < SLOW_MOVES; i++)
		ret = eventfds(t, i % 2 == 0);
	*us = (bench_settled_ns() - start) / 1e3 / SLOW_MOVES;
	return reason(ret);
}

static unsigned int rounds_of(unsigned int n)
{
	return n < REGIONS ? REGIONS / n : 1;
}

static int build(struct machine_tree *t)
{
	int ret;

	memory_transaction_begin(t->mem);
	ret = machine_tree_add(t);
	return memory_transaction_commit(t->mem) ?: ret;
}

static int unbuild(struct machine_tree *t)
{
	int ret;

	memory_transaction_begin(t->mem);
	ret = machine_tree_del(t);
	return memory_transaction_commit(t->mem) ?: ret;
}

const char *measure_build(void *arg, double *us)
{
	struct machine_tree *t = arg;
	unsigned int rounds = rounds_of(t->nr);
	uint64_t sum = 0;
	int ret = 0;

	bench_settled_ns();
	for (unsigned int i = 0; !ret && i < rounds; i++) {
		uint64_t start = bench_cpu_ns();

		ret = build(t);
		sum += bench_cpu_ns() - start;
		if (!ret)
			ret = unbuild(t);
	}
	*us = sum / 1e3 / rounds;
	return reason(ret);
}

/* A transaction for each region; and one that takes all away again, which counts too. */
const char *measure_map_each(void *arg, double *us)
{
	struct machine_tree *t = arg;
	unsigned int rounds = rounds_of(t->nr);
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < rounds; i++) {
		ret = machine_tree_add(t);
		if (!ret)
			ret = unbuild(t);
	}
	*us = (bench_settled_ns() - start) / 1e3 / rounds;
	return reason(ret);
}

/* The last of N goes and comes: two transactions, both count. */
const char *measure_map_last(void *arg, double *us)
{
	struct machine_tree *t = arg;
	struct memory_region *bar = &t->bars[t->nr - 1];
	hwaddr addr = bar->addr;
	uint64_t start = bench_settled_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < MOVES; i++) {
		ret = memory_region_del_subregion(&t->pci, bar);
		if (!ret)
			ret = memory_region_add_subregion_overlap(&t->pci, addr, bar, 1);
	}
	*us = (bench_settled_ns() - start) / 1e3 / MOVES;
	return reason(ret);
}
