/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damage: the parts of a view that a transaction may have changed. A change marks them, going up
 * from a region through its containers, and through the aliases of each, to all roots; the commit
 * renders these parts anew and nothing else.
 */
#ifndef VMM_MEMORY_DAMAGE_H
#define VMM_MEMORY_DAMAGE_H

#include "memory/memory.h"
#include "memory/range.h"

/* Ranges of a view; after damage_settle() in order, none touching another. */
struct damage {
	struct range *v;
	unsigned int nr, max;
};

int damage_init(struct damage *d);	/* -ENOMEM */
void damage_fini(struct damage *d);
/* Without memory for it, all is damaged: there is always room for that. */
void damage_add(struct damage *d, struct range r);
void damage_add_all(struct damage *d);
/*
 * To the ends of ranges of @view that are never merged, and reach into the damage or up to it:
 * rendered in part, such a range would be two from then on.
 */
void damage_widen(struct damage *d, const struct flatview *view);
/* Bring into order; few ranges are better than many for a view of @nr ranges. */
void damage_settle(struct damage *d, size_t nr);
void damage_clear(struct damage *d);

/*
 * A region that is what some address spaces look like: their root, or what that shows through and
 * through. All of them share its view.
 */
struct view_root {
	struct memory_region *mr;
	struct flatview *view;		/* shown now; NULL: by nobody yet */
	struct flatview *next;		/* within a commit: what comes after it, maybe the same */
	unsigned int spaces;		/* that show it, now or after this commit */
	struct damage damage;
	TAILQ_ENTRY(view_root) link;
};

#endif /* VMM_MEMORY_DAMAGE_H */
