/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured of the memory model; each with the unit of its number and what it is given. */
#ifndef TESTS_BENCH_MEASURES_H
#define TESTS_BENCH_MEASURES_H

#include "bench.h"
#include "tree.h"

/* Of a struct machine_tree with its BARs in place. */
bench_measure measure_move;		/* us: a BAR goes somewhere else */
bench_measure measure_overlay;		/* us: a page on RAM comes or goes */
bench_measure measure_hidden;		/* us: something that RAM hides comes or goes */
bench_measure measure_empty;		/* ns: a transaction without a change */
bench_measure measure_eventfds;		/* us: 64 eventfds come or go in one transaction */
bench_measure measure_map_last;		/* us: one BAR goes and comes again */

/* Of a struct machine_tree without BARs. */
bench_measure measure_build;		/* us: all come in one transaction */
bench_measure measure_map_each;		/* us: each comes in one of its own, then all go in one */

/* Of a struct lookups: ns for one lookup. */
struct lookups;
struct lookups *lookups_create(unsigned int pages);	/* NULL without memory for it */
bench_measure measure_random;
bench_measure measure_random_chained;
bench_measure measure_recent;
bench_measure measure_recent_chained;

/* Of an unsigned int, how many regions there are. */
bench_measure measure_memory;		/* bytes that the model allocates to show them */
bench_measure measure_instructions;	/* of a BAR move, counted by callgrind */

/* What the program is to do when it is called by that. The exit status. */
int count_moves(unsigned int n);

#endif /* TESTS_BENCH_MEASURES_H */
