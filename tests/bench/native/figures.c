// SPDX-License-Identifier: GPL-2.0-only
/* Figures, and how they are written. */
#include "figures.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

#define COMMAND		"tests/bench/native/run.sh"

struct figure *figure_of(struct figures *all, const char *name, uint64_t n)
{
	struct figure *f;

	for (f = all->list; f < all->list + all->nr; f++)
		if (!strcmp(f->name, name) && f->n == n)
			return f;
	if (all->nr == FIGURES_MAX)
		abort();
	all->nr++;
	*f = (struct figure){ .name = name, .n = n };
	return f;
}

void figure_add(struct figures *all, const char *name, uint64_t n, double value)
{
	series_add(&figure_of(all, name, n)->own, value);
}

void figure_set_peer(struct figure *f, const char *peer_name, const struct figure *peer)
{
	f->peer_name = peer_name;
	f->peer = peer->own;
}

void figure_set_goal(struct figure *f, enum goal goal, double bound)
{
	f->goal = goal;
	f->bound = bound;
}

void figure_add_ratio(struct figures *all, const struct figure_ratio *ratio)
{
	const struct series *above = &ratio->above->own, *below = &ratio->below->own;
	struct figure *f = figure_of(all, ratio->name, 0);

	for (unsigned int i = 0; i < above->nr && i < below->nr; i++)
		series_add(&f->own, above->v[i] / below->v[i]);
	f->peer_name = ratio->peer_name;
	series_add(&f->peer, 1);
	figure_set_goal(f, ratio->goal, ratio->bound);
}

static void write_goal(FILE *out, const struct figure *f, double value)
{
	bool least = f->goal == GOAL_LEAST;
	bool holds = least ? value >= f->bound : value <= f->bound;
	char goal[32];

	snprintf(goal, sizeof(goal), "%s %g", least ? ">=" : "<=", f->bound);
	json_text(out, "goal", f->goal ? goal : NULL);
	fprintf(out, ", \"holds\": %s", !f->goal || !f->own.nr ? "null" : holds ? "true" : "false");
}

static void figure_write(const struct figure *f, FILE *out)
{
	double value = json_rounded(series_median(&f->own));
	double peer = json_rounded(series_median(&f->peer));

	fprintf(out, "{\"name\": ");
	json_string(out, f->name);
	if (f->n)
		fprintf(out, ", \"n\": %lu", f->n);
	else
		fprintf(out, ", \"n\": null");
	json_number(out, "value", f->own.nr, value);
	json_spread(out, &f->own);
	json_text(out, "peer", f->peer_name);
	json_number(out, "peer_value", f->peer.nr, peer);
	json_number(out, "ratio", f->own.nr && f->peer.nr && peer != 0, value / peer);
	write_goal(out, f, value);
	json_text(out, "command", COMMAND);
	if (f->why)
		json_text(out, "why", f->why);
	fprintf(out, "}");
}

void figures_write(const struct figures *all, FILE *out)
{
	fprintf(out, "[");
	for (unsigned int i = 0; i < all->nr; i++) {
		fprintf(out, "%s\n", i ? "," : "");
		figure_write(&all->list[i], out);
	}
	fprintf(out, "\n]\n");
}
