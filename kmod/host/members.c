// SPDX-License-Identifier: GPL-2.0-only
/* The members of a region, all together: they come with the region and are gone before it. */
#include <linux/bug.h>

#include "members.h"

/**
 * members_init() - a region that nobody joined yet
 * @members: zeroed
 * @limits: copied
 */
void members_init(struct members *members, const struct limits *limits)
{
	members->limits = *limits;
	mutex_init(&members->lock);
	xa_init_flags(&members->peers, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&members->readers);
	INIT_LIST_HEAD(&members->accounts);
}

/* Only when there is no membership: they hold the region. */
void members_fini(struct members *members)
{
	WARN_ON(!xa_empty(&members->peers));
	xa_destroy(&members->peers);
	mutex_destroy(&members->lock);
}
