/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree of regions and what is seen of it as bars over a ruler of pages, for people:
 *
 *	region              prio  0      1      2      3
 *	system                 0  |...................>
 *	  ram                  0  |-------------|
 *	seen                      |ram----------|
 *
 * A container is drawn with dots, an alias with "=", all else with "-"; ">" goes on to the right.
 */
#ifndef TESTS_UNIT_RULER_H
#define TESTS_UNIT_RULER_H

#include <stdio.h>

#include "memory/memory.h"

#define RULER_PAGE	4096u

/* @pages: how wide the picture is. */
void ruler_head(FILE *out, unsigned int pages);
/* @mr and all below it, at the offsets of @mr. */
void ruler_tree(FILE *out, unsigned int pages, const struct memory_region *mr);
/* What @as shows: "name@5" begins at page 5 of its region, and "!" is read-only. */
void ruler_view(FILE *out, unsigned int pages, const struct address_space *as);

#endif /* TESTS_UNIT_RULER_H */
