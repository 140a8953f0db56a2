/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast a guest stores to its RAM: pages, a block at a time, over a while. */
#ifndef VMM_SNAPSHOT_DIRTY_RATE_H
#define VMM_SNAPSHOT_DIRTY_RATE_H

#include <stdio.h>

#include "memory/memory.h"

#define DIRTY_RATE_SECONDS_MAX	60

struct dirty_rate;

/**
 * dirty_rate_start() - follow stores from now on
 *
 * Nobody else may take dirty bits of MIGRATION until dirty_rate_end(). Return: 0 or -errno.
 */
int dirty_rate_start(struct dirty_rate **out, struct memory *mem);

/**
 * dirty_rate_end() - count the pages that were stored to since the start, and end it
 * @out: takes the result, for people or as JSON; NULL: nobody wants it
 *
 * A page counts once, however often it was stored to. Return: 0, or -errno and nothing is printed.
 */
int dirty_rate_end(struct dirty_rate *d, FILE *out, bool json);

#endif /* VMM_SNAPSHOT_DIRTY_RATE_H */
