// SPDX-License-Identifier: GPL-2.0-only
/* Maps: host pointers to guest memory, or to a copy of what is no memory. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/access_internal.h"
#include "memory/bounce.h"
#include "memory/dirty.h"
#include "memory/place.h"
#include "memory/ram.h"
#include "util.h"

TAILQ_HEAD(map_waiters, memory_map_waiter);

/* A waiter that is being called: on the stack of its caller. */
struct map_call {
	struct memory_map_waiter *waiter;
	pthread_t thread;
	uint64_t given;			/* when it began */
	TAILQ_ENTRY(map_call) link;
};

struct as_bounce {
	uint64_t out;			/* bytes; atomic */
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t called;		/* one of @calls is gone */
	uint64_t given;			/* how often something came back */
	struct map_waiters waiters;
	TAILQ_HEAD(, map_call) calls;
};

/* A copy of [@addr, @addr + @len), in front of what its user sees. */
struct bounce {
	hwaddr addr;
	uint64_t len;
	_Alignas(16) char data[];
};

static struct as_bounce *as_bounce_create(void)
{
	struct as_bounce *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->called, NULL);
	TAILQ_INIT(&b->waiters);
	TAILQ_INIT(&b->calls);
	return b;
}

static void as_bounce_destroy(struct as_bounce *b)
{
	pthread_cond_destroy(&b->called);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* That of @as; of several who make it at the same time, the first wins. NULL without memory. */
static struct as_bounce *as_bounce_get(struct address_space *as)
{
	struct as_bounce *b = __atomic_load_n(&as->bounce, __ATOMIC_ACQUIRE), *mine;

	if (b)
		return b;
	mine = as_bounce_create();
	if (!mine || __atomic_compare_exchange_n(&as->bounce, &b, mine, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
		return mine;
	as_bounce_destroy(mine);
	return b;
}

void address_space_bounce_fini(struct address_space *as)
{
	if (as->bounce)
		as_bounce_destroy(as->bounce);
	as->bounce = NULL;
}

/* --- the budget, and who waits for it --- */

/* As many of @len bytes as there are, 0 if it is spent. */
static uint64_t budget_take(struct as_bounce *b, uint64_t len)
{
	uint64_t out = __atomic_load_n(&b->out, __ATOMIC_RELAXED), n;

	do {
		n = MEMORY_BOUNCE_MAX - out < len ? MEMORY_BOUNCE_MAX - out : len;
	} while (!__atomic_compare_exchange_n(&b->out, &out, out + n, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return n;
}

static void waiter_remove(struct as_bounce *b, struct memory_map_waiter *w)
{
	TAILQ_REMOVE(&b->waiters, w, link);
	w->waiting = false;
}

/* Called and returns with the lock, which is not held meanwhile; then @w may be no more. */
static void waiter_call_locked(struct as_bounce *b, struct memory_map_waiter *w)
{
	struct map_call call = { .waiter = w, .thread = pthread_self(), .given = b->given };

	waiter_remove(b, w);
	TAILQ_INSERT_TAIL(&b->calls, &call, link);
	pthread_mutex_unlock(&b->lock);
	w->retry(w);
	pthread_mutex_lock(&b->lock);
	TAILQ_REMOVE(&b->calls, &call, link);
	pthread_cond_broadcast(&b->called);
}

static bool budget_is_spent(const struct as_bounce *b)
{
	return __atomic_load_n(&b->out, __ATOMIC_ACQUIRE) >= MEMORY_BOUNCE_MAX;
}

/*
 * Call those who wait, the first first, as long as there is something for them. Who comes back for
 * more waits behind the rest; the last of now ends it, so that nobody's asking goes on for ever.
 */
static void waiters_call(struct as_bounce *b)
{
	unsigned int n = 0;
	struct memory_map_waiter *w;

	pthread_mutex_lock(&b->lock);
	TAILQ_FOREACH(w, &b->waiters, link)
		n++;
	while (n-- && (w = TAILQ_FIRST(&b->waiters)) && !budget_is_spent(b))
		waiter_call_locked(b, w);
	pthread_mutex_unlock(&b->lock);
}

/* What was not to be had after all is given back, too, but is no reason to try again. */
static void budget_untake(struct as_bounce *b, uint64_t len)
{
	__atomic_fetch_sub(&b->out, len, __ATOMIC_ACQ_REL);
	waiters_call(b);
}

static void budget_give(struct as_bounce *b, uint64_t len)
{
	__atomic_fetch_sub(&b->out, len, __ATOMIC_ACQ_REL);
	pthread_mutex_lock(&b->lock);
	b->given++;
	pthread_mutex_unlock(&b->lock);
	waiters_call(b);
}

/* Whether this thread is calling @w, and nothing came back since that began: no news for it. */
static bool waiter_knows(const struct as_bounce *b, const struct memory_map_waiter *w)
{
	const struct map_call *call;

	TAILQ_FOREACH(call, &b->calls, link) {
		if (call->waiter == w && call->given == b->given &&
		    pthread_equal(call->thread, pthread_self()))
			return true;
	}
	return false;
}

/* What came back before @w was in the list called nobody for it: look again when it is. */
int address_space_map_notify(struct address_space *as, struct memory_map_waiter *w)
{
	struct as_bounce *b = as_bounce_get(as);
	bool knows;

	if (!b)
		return -ENOMEM;
	pthread_mutex_lock(&b->lock);
	if (!w->waiting)
		TAILQ_INSERT_TAIL(&b->waiters, w, link);
	w->waiting = true;
	knows = waiter_knows(b, w);
	pthread_mutex_unlock(&b->lock);
	if (!knows && !budget_is_spent(b))
		waiters_call(b);
	return 0;
}

/* Whether another thread is calling @w. */
static bool waiter_is_called(const struct as_bounce *b, const struct memory_map_waiter *w)
{
	const struct map_call *call;

	TAILQ_FOREACH(call, &b->calls, link) {
		if (call->waiter == w && !pthread_equal(call->thread, pthread_self()))
			return true;
	}
	return false;
}

void address_space_map_forget(struct address_space *as, struct memory_map_waiter *w)
{
	struct as_bounce *b = __atomic_load_n(&as->bounce, __ATOMIC_ACQUIRE);

	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	while (waiter_is_called(b, w))
		pthread_cond_wait(&b->called, &b->lock);
	if (w->waiting)
		waiter_remove(b, w);
	pthread_mutex_unlock(&b->lock);
}

/* --- maps --- */

static void *bounce_map(struct address_space *as, hwaddr addr, uint64_t *len, bool is_write)
{
	struct as_bounce *b = as_bounce_get(as);
	struct bounce *bounce;

	*len = b ? budget_take(b, *len) : 0;
	if (!*len)
		return NULL;
	bounce = calloc(1, sizeof(*bounce) + *len);
	if (!bounce) {
		budget_untake(b, *len);
		*len = 0;
		return NULL;
	}
	bounce->addr = addr;
	bounce->len = *len;
	if (!is_write)
		access_transfer(as, addr, bounce->data, *len, false);
	return bounce->data;
}

static void bounce_unmap(struct address_space *as, void *ptr, bool is_write, uint64_t used)
{
	struct bounce *bounce = container_of(ptr, struct bounce, data);
	uint64_t len = bounce->len;

	if (is_write)
		access_transfer(as, bounce->addr, bounce->data, used < len ? used : len, true);
	free(bounce);
	budget_give(as->bounce, len);
}

/* Whether somebody's registers or memory are at @p. */
static bool map_is_possible(const struct place *p)
{
	return p->fr && p->fr->mr->kind != MEMORY_RESERVATION && p->fr->mr->kind != MEMORY_IOMMU;
}

/* Whether address_space_unmap() will find by @ptr whose it is: not what is in two regions. */
static bool map_comes_back(const struct place *p, const void *ptr)
{
	hwaddr offset;

	return memory_region_from_host(p->fr->mr->mem, ptr, &offset) == p->fr->mr;
}

/* The pointer, its region's owner held; NULL: *@len bytes, maybe none, want a bounce buffer. */
static void *direct_map(struct address_space *as, hwaddr addr, uint64_t *len, bool is_write)
{
	void *ptr = NULL;
	struct place p;

	urcu_memb_read_lock();
	place_find_direct(&p, place_view(as), addr, *len, is_write);
	*len = map_is_possible(&p) ? p.len : 0;
	if (place_is_direct(&p, is_write) && map_comes_back(&p, place_host(&p))) {
		if (memory_owner_get_live(p.fr->mr->owner))
			ptr = place_host(&p);
		else
			*len = 0;
	}
	urcu_memb_read_unlock();
	return ptr;
}

void *address_space_map(struct address_space *as, hwaddr addr, uint64_t *len, bool is_write)
{
	void *ptr;

	if (!*len)
		return NULL;
	ptr = direct_map(as, addr, len, is_write);
	return ptr || !*len ? ptr : bounce_map(as, addr, len, is_write);
}

void address_space_unmap(struct address_space *as, void *ptr, uint64_t len, bool is_write,
			 uint64_t used)
{
	struct memory_region *mr;
	hwaddr offset;

	mr = memory_region_from_host(as->mem, ptr, &offset);
	if (!mr) {
		bounce_unmap(as, ptr, is_write, used);
		return;
	}
	used = used < len ? used : len;
	if (is_write && used)
		memory_region_set_dirty(mr, offset, used);
	memory_owner_put(mr->owner);
}
