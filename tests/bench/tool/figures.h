/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures, each taken once a repetition, and printed as a table or as JSON
 * (Documentation/testing.rst has the fields).
 */
#ifndef TESTS_BENCH_TOOL_FIGURES_H
#define TESTS_BENCH_TOOL_FIGURES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "options.h"

/* What is measured of a mode. */
enum measure {
	MEASURE_BYTES,
	MEASURE_MESSAGES,
	MEASURE_CPU,
	MEASURE_DOORBELLS,
	MEASURE_EXITS,
	MEASURE_MEAN,
	MEASURE_P50,
	MEASURE_P90,
	MEASURE_P99,
	MEASURE_P999,
	MEASURE_MAX,
};

/**
 * struct figure - one of them
 * @measure: what it is
 * @n: bytes of a block, 0: none
 * @values: of the repetitions
 * @count: of them
 * @merged: of all repetitions together, where that is more than the values' median; else NAN
 * @why: there is none; "" where there is one
 */
struct figure {
	enum measure measure;
	uint64_t n;
	double values[OPTIONS_REPEAT_MOST];
	unsigned int count;
	double merged;
	char why[160];
};

struct figures {
	const char *mode;
	struct figure *list;
	size_t count;
};

void figures_init(struct figures *f, const char *mode);
void figures_fini(struct figures *f);

/* That figure; a new one where there is none yet. Memory that is missing ends the program. */
struct figure *figures_get(struct figures *f, enum measure measure, uint64_t n);

/* A repetition's value. */
void figure_add(struct figure *f, double value);

/* There is none, and why. */
void figure_fail(struct figure *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether any figure has a value. */
int figures_any(const struct figures *f);

void figures_table(const struct figures *f, FILE *out);

/* @command: that has taken them */
void figures_json(const struct figures *f, const char *command, FILE *out);

#endif /* TESTS_BENCH_TOOL_FIGURES_H */
