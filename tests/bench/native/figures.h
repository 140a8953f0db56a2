/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures: a number a repetition, the peer's beside it, and JSON (Documentation/testing.rst). */
#ifndef TESTS_BENCH_NATIVE_FIGURES_H
#define TESTS_BENCH_NATIVE_FIGURES_H

#include <stdint.h>
#include <stdio.h>

#include "../series.h"

#define FIGURES_MAX	96

enum goal {
	GOAL_NONE,
	GOAL_LEAST,		/* >= */
	GOAL_MOST,		/* <= */
};

/**
 * struct figure - one line of the table; its values are medians
 * @name: with its unit as suffix
 * @n: problem size, 0 if there is none
 * @own: its numbers
 * @peer_name: NULL: nobody else does this
 * @peer: the peer's numbers
 * @goal: whether @bound is a goal, and of what kind
 * @bound: what @own is to be at least, or at most
 * @why: there are no numbers, or no goal; NULL: there are
 */
struct figure {
	const char *name;
	uint64_t n;
	struct series own;
	const char *peer_name;
	struct series peer;
	enum goal goal;
	double bound;
	const char *why;
};

struct figures {
	struct figure list[FIGURES_MAX];
	unsigned int nr;
};

/* Looked up by what it is called, and made the first time. */
struct figure *figure_of(struct figures *all, const char *name, uint64_t n);

/* One more number of it. */
void figure_add(struct figures *all, const char *name, uint64_t n, double value);

/* What the other figure says is what the peer does. */
void figure_set_peer(struct figure *f, const char *peer_name, const struct figure *peer);

/**
 * struct figure_ratio - a goal for what one figure is to another, repetition by repetition
 * @name: of the figure that is made of it
 * @above, @below: divided by each other
 * @peer_name: who is at 1
 * @goal, @bound: as in struct figure
 */
struct figure_ratio {
	const char *name;
	const struct figure *above, *below;
	const char *peer_name;
	enum goal goal;
	double bound;
};

void figure_add_ratio(struct figures *all, const struct figure_ratio *ratio);

void figure_set_goal(struct figure *f, enum goal goal, double bound);

/* All of them as one JSON array. */
void figures_write(const struct figures *all, FILE *out);

#endif /* TESTS_BENCH_NATIVE_FIGURES_H */
