// SPDX-License-Identifier: GPL-2.0-only
/* The model as a whole: its lock, transactions, and the threads that read it under RCU. */
#include <errno.h>
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/flatview.h"
#include "memory/internal.h"

static void lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

int memory_create(struct memory **out)
{
	struct memory *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	mem->empty = flatview_alloc(NULL, 0);
	if (!mem->empty) {
		free(mem);
		return -ENOMEM;
	}
	lock_init(&mem->lock);
	TAILQ_INIT(&mem->spaces);
	TAILQ_INIT(&mem->listeners);
	TAILQ_INIT(&mem->ram_blocks);
	*out = mem;
	return 0;
}

void memory_destroy(struct memory *mem)
{
	flatview_put(mem->empty);
	urcu_memb_barrier();
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

void memory_transaction_begin(struct memory *mem)
{
	pthread_mutex_lock(&mem->lock);
	mem->depth++;
}

static int memory_update(struct memory *mem)
{
	int ret = address_spaces_render(mem);

	if (ret)
		return ret;
	mem->dirty = false;
	return address_spaces_publish(mem);
}

int memory_transaction_commit(struct memory *mem)
{
	int ret = 0;

	if (mem->depth == 1 && mem->dirty)
		ret = memory_update(mem);
	mem->depth--;
	pthread_mutex_unlock(&mem->lock);
	return ret;
}

void memory_settle(struct memory *mem)
{
	if (!mem->dirty)
		return;
	memory_update(mem);
	if (mem->dirty) {
		address_spaces_blank(mem);
		address_spaces_publish(mem);
	}
}
