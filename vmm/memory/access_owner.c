// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners as accesses meet them: one found in a view may be on its way out, and one let go of in the
 * middle of an access can't end before that does.
 */
#include <stdlib.h>

#include <urcu/urcu-memb.h>

#include "memory/access_internal.h"
#include "util.h"

struct put_later {
	struct rcu_head rcu;
	struct memory_owner *owner;
};

bool access_owner_get(struct memory_owner *owner)
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

static void put_now(struct rcu_head *rcu)
{
	struct put_later *later = container_of(rcu, struct put_later, rcu);

	memory_owner_put(later->owner);
	free(later);
}

/* Without memory the owner stays for ever, which hurts nobody who reads. */
static void put_when_read(struct memory_owner *owner)
{
	struct put_later *later = malloc(sizeof(*later));

	if (!later)
		return;
	later->owner = owner;
	urcu_memb_call_rcu(&later->rcu, put_now);
}

void access_owner_put(struct memory_owner *owner)
{
	if (owner && urcu_memb_read_ongoing())
		put_when_read(owner);
	else
		memory_owner_put(owner);
}
