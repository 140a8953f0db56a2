/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers taken once a repetition, and parts of a figure in JSON that rigs share. */
#ifndef TESTS_BENCH_SERIES_H
#define TESTS_BENCH_SERIES_H

#include <stdbool.h>
#include <stdio.h>

#define SERIES_MAX	32

void doubles_sort(double *v, unsigned int nr);

/* Of one number or more. */
double doubles_median(const double *sorted, unsigned int nr);

/* What one thing took, once a repetition. */
struct series {
	double v[SERIES_MAX];
	unsigned int nr;
};

/* One more, as long as there is room. */
void series_add(struct series *s, double value);

/* 0 if there are none. */
double series_median(const struct series *s);

/* As it is written: what is worked out from a number can be worked out from the file. */
double json_rounded(double value);

/* Fields behind another one, each with its comma; null where nothing is known. */
void json_number(FILE *out, const char *name, bool known, double value);
void json_text(FILE *out, const char *name, const char *text);
void json_spread(FILE *out, const struct series *s);

#endif /* TESTS_BENCH_SERIES_H */
