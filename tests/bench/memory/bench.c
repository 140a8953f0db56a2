// SPDX-License-Identifier: GPL-2.0-only
/* Clocks, turns, JSON. */
#include <time.h>

#include <urcu/urcu-memb.h>

#include "bench.h"
#include "json.h"

#define COMMAND		"make bench-memory"

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
		series_add(&side->series, value);
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

static void write_peer(FILE *out, const struct figure *f, double value)
{
	const struct series *peer = &f->peer.series;
	double peer_value = json_rounded(series_median(peer));

	json_text(out, "peer", f->peer_name);
	json_number(out, "peer_value", peer->nr, peer_value);
	json_number(out, "ratio", peer->nr && f->own.series.nr, value / peer_value);
}

static void write_goal(FILE *out, const struct figure *f, double value)
{
	char goal[32];

	snprintf(goal, sizeof(goal), "<= %g", f->goal);
	json_text(out, "goal", f->goal ? goal : NULL);
	if (f->goal && f->own.series.nr)
		fprintf(out, ", \"holds\": %s", value <= f->goal ? "true" : "false");
	else
		fprintf(out, ", \"holds\": null");
}

static void figure_write(const struct figure *f, FILE *out)
{
	const struct series *own = &f->own.series;
	const char *why = f->own.why ? f->own.why : f->peer.why;
	double value = json_rounded(series_median(own));

	fprintf(out, "{\"name\": ");
	json_string(out, f->name);
	json_number(out, "n", f->n, f->n);
	json_number(out, "value", own->nr, value);
	json_spread(out, own);
	write_peer(out, f, value);
	write_goal(out, f, value);
	json_text(out, "command", COMMAND);
	if (why)
		json_text(out, "why", why);
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
