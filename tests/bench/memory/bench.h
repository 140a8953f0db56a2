/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures: a number for a work, its peer's beside it, taken by turns several times, and written as
 * JSON (Documentation/testing.rst has the fields).
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>

#include "../series.h"

#define BENCH_REPETITIONS	9

/* Takes a number once, in the figure's unit. NULL, or why it can't be had. */
typedef const char *bench_measure(void *arg, double *value);

/* Who does the work. A side without @measure is filled by hand, or nobody is there. */
struct bench_side {
	bench_measure *measure;
	void *arg;
	unsigned int repetitions;	/* 0: as many as there are */
	struct series series;
	const char *why;		/* it has no numbers */
};

/**
 * struct figure - one line of the table
 * @name: with its unit as suffix
 * @n: problem size, 0 if there is none
 * @goal: the value is to be this at most, 0: no goal
 * @peer_name: NULL: nobody else does this
 */
struct figure {
	const char *name;
	unsigned int n;
	double goal;
	struct bench_side own;
	const char *peer_name;
	struct bench_side peer;
};

/* CPU time of this process, all its threads, in nanoseconds. */
uint64_t bench_cpu_ns(void);

/* The same, when what RCU still has to free is freed. */
uint64_t bench_settled_ns(void);

/* Take each figure's number and its peer's by turns, until all repetitions are done. */
void figures_take(struct figure *figures, unsigned int nr);

/* All of them as one JSON array. */
void figures_write(const struct figure *figures, unsigned int nr, FILE *out);

#endif /* TESTS_BENCH_BENCH_H */
