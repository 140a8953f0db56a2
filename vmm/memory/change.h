/* SPDX-License-Identifier: GPL-2.0-only */
/* What a commit changes in one address space: found out first, told and published then. */
#ifndef VMM_MEMORY_CHANGE_H
#define VMM_MEMORY_CHANGE_H

#include "memory/attachments.h"
#include "memory/listener.h"

/* Ranges of a view that lives as long as this list does. */
struct flat_ranges {
	const struct flat_range **v;
	size_t nr, max;
};

/* Buffers are kept from commit to commit. Ranges are in ascending order. */
struct space_change {
	struct view_root *view_root;		/* what @as shows after the commit */
	struct flatview *view;
	bool changed;				/* something is told: the lists are not all empty */
	struct flat_ranges del, add;
	struct flat_ranges log_old, log_new;	/* the same ones, with both masks */
	struct attached attached;		/* shown before the commit, and told */
	struct attached next_attached;		/* after it */
	bool attached_changed;
};

/* Room for the changes of @as. -ENOMEM. */
int change_create(struct address_space *as);
void change_destroy(struct address_space *as);

/*
 * Find the difference between the view of @as and change->view, and between what is attached.
 * -ENOMEM.
 */
int change_find(struct address_space *as, const struct damage *damage);
/* What is attached now, for the first listener; not kept up to date without one. -ENOMEM. */
int change_attach(struct address_space *as);
/* The views are as they were. */
void change_forget(struct address_space *as);
/* All is told. */
void change_done(struct address_space *as);

#endif /* VMM_MEMORY_CHANGE_H */
