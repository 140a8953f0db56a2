/* SPDX-License-Identifier: GPL-2.0-only */
/* What is seen of a region through a window, put together for the renderer. */
#ifndef VMM_MEMORY_COLLECT_H
#define VMM_MEMORY_COLLECT_H

#include "memory/render.h"

/*
 * Call emit() for all that is seen of @root in @window, as ranges in ascending order that do not
 * overlap. -ENOMEM, -ELOOP, or what emit() returns.
 */
int collect_window(struct renderer *r, struct memory_region *root, struct range window,
		   int (*emit)(struct renderer *r, const struct flat_range *range));

#endif /* VMM_MEMORY_COLLECT_H */
