// SPDX-License-Identifier: GPL-2.0-only
/* The count of an owner: whoever lets go last releases it. */
#include "memory/owner.h"

#include <stddef.h>

void memory_owner_init(struct memory_owner *owner, void (*release)(struct memory_owner *owner))
{
	owner->refs = 1;
	owner->release = release;
}

void memory_owner_get(struct memory_owner *owner)
{
	if (owner)
		__atomic_fetch_add(&owner->refs, 1, __ATOMIC_RELAXED);
}

void memory_owner_put(struct memory_owner *owner)
{
	if (owner && !__atomic_sub_fetch(&owner->refs, 1, __ATOMIC_ACQ_REL))
		owner->release(owner);
}
