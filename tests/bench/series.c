// SPDX-License-Identifier: GPL-2.0-only
/* Medians, and how numbers are written. */
#include "series.h"

#include <stdlib.h>

#include "json.h"

#define DIGITS	6	/* of a number in JSON */

void series_add(struct series *s, double value)
{
	if (s->nr < SERIES_MAX)
		s->v[s->nr++] = value;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void doubles_sort(double *v, unsigned int nr)
{
	qsort(v, nr, sizeof(v[0]), compare_doubles);
}

double doubles_median(const double *sorted, unsigned int nr)
{
	unsigned int mid = nr / 2;

	return nr % 2 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
}

static struct series series_sorted(const struct series *s)
{
	struct series sorted = *s;

	doubles_sort(sorted.v, sorted.nr);
	return sorted;
}

double series_median(const struct series *s)
{
	struct series sorted = series_sorted(s);

	return s->nr ? doubles_median(sorted.v, s->nr) : 0;
}

double json_rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*g", DIGITS, value);
	return strtod(text, NULL);
}

void json_number(FILE *out, const char *name, bool known, double value)
{
	if (known)
		fprintf(out, ", \"%s\": %.*g", name, DIGITS, value);
	else
		fprintf(out, ", \"%s\": null", name);
}

void json_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	json_string(out, text);
}

void json_spread(FILE *out, const struct series *s)
{
	struct series sorted = series_sorted(s);

	if (s->nr)
		fprintf(out, ", \"spread\": [%.*g, %.*g]", DIGITS, sorted.v[0], DIGITS,
			sorted.v[s->nr - 1]);
	else
		fprintf(out, ", \"spread\": null");
	fprintf(out, ", \"repetitions\": %u", s->nr);
}
