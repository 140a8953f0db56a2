// SPDX-License-Identifier: GPL-2.0-only
/*
 * What readers may still look at is freed when none of them can: many pieces at a time, and by who
 * retires the next ones, in whose caches they are.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "memory/internal.h"

/* So many are worth a grace period of their own. */
#define RETIRED_MAX	64

struct retired_batch {
	struct rcu_head rcu;
	struct retired *first;
	STAILQ_ENTRY(retired_batch) link;
	bool unseen;			/* no reader is left; set by RCU's thread */
};

static void retired_free(struct retired *first)
{
	while (first) {
		struct retired *next = first->next;

		free(first);
		first = next;
	}
}

static void batch_unseen(struct rcu_head *rcu)
{
	struct retired_batch *batch = caa_container_of(rcu, struct retired_batch, rcu);

	__atomic_store_n(&batch->unseen, true, __ATOMIC_RELEASE);
}

static void free_unseen(struct memory *mem)
{
	struct retired_batch *batch;

	while ((batch = STAILQ_FIRST(&mem->batches)) &&
	       __atomic_load_n(&batch->unseen, __ATOMIC_ACQUIRE)) {
		STAILQ_REMOVE_HEAD(&mem->batches, link);
		retired_free(batch->first);
		free(batch);
	}
}

/* Without memory for it, the next one tries. */
static void retired_flush(struct memory *mem)
{
	struct retired_batch *batch = malloc(sizeof(*batch));

	if (!batch)
		return;
	batch->first = mem->retired;
	batch->unseen = false;
	mem->retired = NULL;
	mem->nr_retired = 0;
	STAILQ_INSERT_TAIL(&mem->batches, batch, link);
	urcu_memb_call_rcu(&batch->rcu, batch_unseen);
}

void memory_retire(struct memory *mem, struct retired *retired)
{
	if (!retired)
		return;
	retired->next = mem->retired;
	mem->retired = retired;
	if (++mem->nr_retired < RETIRED_MAX)
		return;
	free_unseen(mem);
	retired_flush(mem);
}

void memory_retire_fini(struct memory *mem)
{
	urcu_memb_barrier();
	free_unseen(mem);
	urcu_memb_synchronize_rcu();
	retired_free(mem->retired);
}

/* Descriptors that readers may still write to. */
struct fd_batch {
	struct rcu_head rcu;
	unsigned int nr;
	int fds[];
};

static void fds_close(const int *fds, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		close(fds[i]);
}

static void fds_unseen(struct rcu_head *rcu)
{
	struct fd_batch *batch = caa_container_of(rcu, struct fd_batch, rcu);

	fds_close(batch->fds, batch->nr);
	free(batch);
}

void memory_close_fds(const int *fds, unsigned int nr)
{
	struct fd_batch *batch = nr ? malloc(sizeof(*batch) + nr * sizeof(*fds)) : NULL;

	if (batch) {
		batch->nr = nr;
		memcpy(batch->fds, fds, nr * sizeof(*fds));
		urcu_memb_call_rcu(&batch->rcu, fds_unseen);
	} else if (nr) {
		urcu_memb_synchronize_rcu();
		fds_close(fds, nr);
	}
}
