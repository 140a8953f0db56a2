// SPDX-License-Identifier: GPL-2.0-only
/* What readers may still look at is freed when none of them can: many pieces at a time. */
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/internal.h"

/* So many are worth a grace period of their own. */
#define RETIRED_MAX	64

struct retired_batch {
	struct rcu_head rcu;
	struct retired *first;
};

static void retired_free(struct retired *first)
{
	while (first) {
		struct retired *next = first->next;

		free(first);
		first = next;
	}
}

static void batch_free(struct rcu_head *rcu)
{
	struct retired_batch *batch = caa_container_of(rcu, struct retired_batch, rcu);

	retired_free(batch->first);
	free(batch);
}

/* Without memory for it, the next one tries. */
static void retired_flush(struct memory *mem)
{
	struct retired_batch *batch = malloc(sizeof(*batch));

	if (!batch)
		return;
	batch->first = mem->retired;
	mem->retired = NULL;
	mem->nr_retired = 0;
	urcu_memb_call_rcu(&batch->rcu, batch_free);
}

void memory_retire(struct memory *mem, struct retired *retired)
{
	if (!retired)
		return;
	retired->next = mem->retired;
	mem->retired = retired;
	if (++mem->nr_retired >= RETIRED_MAX)
		retired_flush(mem);
}

void memory_retire_fini(struct memory *mem)
{
	urcu_memb_synchronize_rcu();
	retired_free(mem->retired);
	urcu_memb_barrier();
}
