// SPDX-License-Identifier: GPL-2.0-only
/* The model as a whole: its lock, transactions, and the threads that read it under RCU. */
#include <errno.h>
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/internal.h"
#include "memory/ramblock.h"

int memory_create(struct memory **out)
{
	struct memory *mem = calloc(1, sizeof(*mem));
	int ret = -ENOMEM;

	if (!mem)
		return ret;
	mem->empty = calloc(1, sizeof(*mem->empty));
	if (!mem->empty)
		goto free_mem;
	ret = ram_blocks_create(mem);
	if (ret)
		goto free_empty;
	ret = dirty_create(mem);
	if (ret)
		goto destroy_blocks;
	pthread_mutex_init(&mem->lock, NULL);
	TAILQ_INIT(&mem->spaces);
	TAILQ_INIT(&mem->view_roots);
	TAILQ_INIT(&mem->listeners);
	STAILQ_INIT(&mem->batches);
	*out = mem;
	return 0;

destroy_blocks:
	ram_blocks_destroy(mem);
free_empty:
	free(mem->empty);
free_mem:
	free(mem);
	return ret;
}

void memory_destroy(struct memory *mem)
{
	memory_retire_fini(mem);
	dirty_destroy(mem);
	ram_blocks_destroy(mem);
	renderer_fini(&mem->renderer);
	free(mem->empty);
	pthread_mutex_destroy(&mem->lock);
	free(mem);
}

void memory_thread_register(void)
{
	urcu_memb_register_thread();
}

void memory_thread_unregister(void)
{
	urcu_memb_unregister_thread();
}

/* Different in each thread. */
static const void *self(void)
{
	static __thread char here;

	return &here;
}

/* Nobody but the thread that holds the lock can find itself in mem->holder. */
void memory_transaction_begin(struct memory *mem)
{
	if (__atomic_load_n(&mem->holder, __ATOMIC_RELAXED) != self()) {
		pthread_mutex_lock(&mem->lock);
		__atomic_store_n(&mem->holder, self(), __ATOMIC_RELAXED);
	}
	mem->depth++;
}

int memory_transaction_commit(struct memory *mem)
{
	int ret = 0;

	if (mem->depth > 1) {
		mem->depth--;
		return 0;
	}
	if (mem->dirty)
		ret = address_spaces_update(mem, false);
	mem->depth = 0;
	__atomic_store_n(&mem->holder, NULL, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&mem->lock);
	return ret;
}

void memory_settle(struct memory *mem)
{
	if (!mem->dirty)
		return;
	address_spaces_update(mem, true);
	if (mem->dirty)
		address_spaces_blank(mem);
}
