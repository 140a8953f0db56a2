// SPDX-License-Identifier: GPL-2.0-only
/*
 * The count of an owner: whoever lets go last releases it. In the middle of an access it can't end
 * before that does.
 */
#include "memory/owner.h"

#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "util.h"

struct release_later {
	struct rcu_head rcu;
	struct memory_owner *owner;
};

void memory_owner_init(struct memory_owner *owner, void (*release)(struct memory_owner *owner))
{
	owner->refs = 1;
	owner->release = release;
}

bool memory_owner_get_live(struct memory_owner *owner)
{
	unsigned int refs;

	if (!owner)
		return true;
	refs = __atomic_load_n(&owner->refs, __ATOMIC_RELAXED);
	while (refs && !__atomic_compare_exchange_n(&owner->refs, &refs, refs + 1, true,
						    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return refs;
}

void memory_owner_get(struct memory_owner *owner)
{
	if (owner)
		__atomic_fetch_add(&owner->refs, 1, __ATOMIC_RELAXED);
}

static void release_now(struct rcu_head *rcu)
{
	struct release_later *later = container_of(rcu, struct release_later, rcu);

	later->owner->release(later->owner);
	free(later);
}

/* Without memory the owner stays for ever, which hurts nobody who reads. */
static void release_when_read(struct memory_owner *owner)
{
	struct release_later *later = malloc(sizeof(*later));

	if (!later)
		return;
	later->owner = owner;
	urcu_memb_call_rcu(&later->rcu, release_now);
}

void memory_owner_put(struct memory_owner *owner)
{
	if (!owner || __atomic_sub_fetch(&owner->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (urcu_memb_read_ongoing())
		release_when_read(owner);
	else
		owner->release(owner);
}
