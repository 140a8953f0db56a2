// SPDX-License-Identifier: GPL-2.0-only
/* Clocks, medians, turns, JSON. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <urcu/urcu-memb.h>

#include "bench.h"
#include "json.h"

#define COMMAND		"make bench-memory"
#define DIGITS		6	/* of a number in JSON */

uint64_t bench_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t bench_settled_ns(void)
{
	urcu_memb_barrier();
	return bench_cpu_ns();
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct series series_sorted(const struct series *s)
{
	struct series sorted = *s;

	qsort(sorted.v, sorted.nr, sizeof(sorted.v[0]), compare_doubles);
	return sorted;
}

double series_median(const struct series *s)
{
	struct series sorted = series_sorted(s);
	unsigned int mid = s->nr / 2;

	return s->nr % 2 ? sorted.v[mid] : (sorted.v[mid - 1] + sorted.v[mid]) / 2;
}

/* What fails once has no number: a median of some of the repetitions would look like one of all. */
static void side_take(struct bench_side *side, unsigned int repetition)
{
	double value;

	if (!side->measure || side->why || (side->repetitions && repetition >= side->repetitions))
		return;
	side->why = side->measure(side->arg, &value);
	if (side->why)
		side->series.nr = 0;
	else
		side->series.v[side->series.nr++] = value;
}

void figures_take(struct figure *figures, unsigned int nr)
{
	for (unsigned int repetition = 0; repetition < BENCH_REPETITIONS; repetition++) {
		fprintf(stderr, "  repetition %u of %u\n", repetition + 1, BENCH_REPETITIONS);
		for (unsigned int i = 0; i < nr; i++) {
			side_take(&figures[i].own, repetition);
			side_take(&figures[i].peer, repetition);
		}
	}
}

/* As it is written: what is worked out from a number can be worked out from the file. */
static double rounded(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*g", DIGITS, value);
	return strtod(text, NULL);
}

static void write_number(FILE *out, const char *name, bool known, double value)
{
	if (known)
		fprintf(out, ", \"%s\": %.*g", name, DIGITS, value);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void write_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	json_string(out, text);
}

static void write_spread(FILE *out, const struct series *s)
{
	struct series sorted = series_sorted(s);

	if (s->nr)
		fprintf(out, ", \"spread\": [%.*g, %.*g]", DIGITS, sorted.v[0], DIGITS,
			sorted.v[s->nr - 1]);
	else
		fprintf(out, ", \"spread\": null");
	fprintf(out, ", \"repetitions\": %u", s->nr);
}

static void write_peer(FILE *out, const struct figure *f, double value)
{
	const struct series *peer = &f->peer.series;
	double peer_value = peer->nr ? rounded(series_median(peer)) : 0;

	write_text(out, "peer", f->peer_name);
	write_number(out, "peer_value", peer->nr, peer_value);
	write_number(out, "ratio", peer->nr && f->own.series.nr, value / peer_value);
}

static void write_goal(FILE *out, const struct figure *f, double value)
{
	char goal[32];

	snprintf(goal, sizeof(goal), "<= %g", f->goal);
	write_text(out, "goal", f->goal ? goal : NULL);
	if (f->goal && f->own.series.nr)
		fprintf(out, ", \"holds\": %s", value <= f->goal ? "true" : "false");
	else
		fprintf(out, ", \"holds\": null");
}

static void figure_write(const struct figure *f, FILE *out)
{
	const struct series *own = &f->own.series;
	const char *why = f->own.why ? f->own.why : f->peer.why;
	double value = own->nr ? rounded(series_median(own)) : 0;

	fprintf(out, "{\"name\": ");
	json_string(out, f->name);
	write_number(out, "n", f->n, f->n);
	write_number(out, "value", own->nr, value);
	write_spread(out, own);
	write_peer(out, f, value);
	write_goal(out, f, value);
	write_text(out, "command", COMMAND);
	if (why)
		write_text(out, "why", why);
	fprintf(out, "}");
}

void figures_write(const struct figure *figures, unsigned int nr, FILE *out)
{
	fprintf(out, "[");
	for (unsigned int i = 0; i < nr; i++) {
		fprintf(out, "%s\n", i ? "," : "");
		figure_write(&figures[i], out);
	}
	fprintf(out, "\n]\n");
}
