/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners: what embeds regions, counted. As long as somebody holds a section of a region, or is in
 * the middle of an access to it, its owner is there.
 */
#ifndef VMM_MEMORY_OWNER_H
#define VMM_MEMORY_OWNER_H

#include <stdbool.h>

/**
 * struct memory_owner - embedded in whatever embeds regions and may go before the machine does
 * @refs: one is its creator's; changed by any thread
 * @release: frees the owner, its regions with memory_region_fini(); called by whoever lets go last,
 *	in any thread. As it waits for all accesses, not inside a transaction; if it is inside an
 *	access that the last one lets go, it is called later
 */
struct memory_owner {
	unsigned int refs;
	void (*release)(struct memory_owner *owner);
};

void memory_owner_init(struct memory_owner *owner, void (*release)(struct memory_owner *owner));

/*
 * All take NULL: the owner of regions that live as long as the model does. For memory_owner_get()
 * somebody must hold @owner already. memory_owner_get_live() is for one found in a view, inside a
 * read-side section or a transaction; false: that is too late, its regions are about to go.
 */
void memory_owner_get(struct memory_owner *owner);
bool memory_owner_get_live(struct memory_owner *owner);
void memory_owner_put(struct memory_owner *owner);

#endif /* VMM_MEMORY_OWNER_H */
