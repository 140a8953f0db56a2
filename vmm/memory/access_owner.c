// SPDX-License-Identifier: GPL-2.0-only
/* Owners as accesses meet them: one found in a view may be on its way out. */
#include "memory/access_internal.h"

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
