// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the memory model is, beside QEMU and Unicorn doing the same in the same run. Writes the
 * figures to the file it is given. All times are CPU time of whoever does the work, RCU's thread
 * included.
 */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measures.h"
#include "qemu.h"
#include "util.h"

#define SPARSE_PAGES	4096u
#define MEMORY_GOAL	(8.0 * 1024 * 1024 / 20)	/* bytes: of what QEMU takes for as many */
#define COUNTED_BARS	1024u
#define GROWTH_FROM	1024u
#define GROWTH_TO	65536u
#define UNICORN_MAX	4000u
#define FIGURES_MAX	80u

#define NO_UNICORN	"no libunicorn when this was built: apt-get install libunicorn-dev"
#define QEMU_ENDS	"QEMU ends itself at 4096 sections"
#define UNICORN_ENDS	"Unicorn ends itself at 4096 sections"

/* Problem sizes. 3600 and 4000 are the most that one peer takes; not for the other. */
static const struct size {
	unsigned int n;
	unsigned int qemu_moves, unicorn_repetitions;	/* 0: not by that peer */
	double move_goal, build_goal;			/* us, 0: none */
} sizes[] = {
	{ .n = 16, .qemu_moves = 200, .unicorn_repetitions = BENCH_REPETITIONS },
	{ .n = 64, .qemu_moves = 200, .unicorn_repetitions = BENCH_REPETITIONS },
	{ .n = 256, .qemu_moves = 100, .unicorn_repetitions = BENCH_REPETITIONS },
	{ .n = 1024, .qemu_moves = 40, .unicorn_repetitions = BENCH_REPETITIONS, .move_goal = 2 },
	{ .n = QEMU_BARS_MAX, .qemu_moves = 6 },
	{ .n = UNICORN_MAX, .unicorn_repetitions = 1 },
	{ .n = 4096, .build_goal = 200 },
	{ .n = 16384 },
	{ .n = 65536, .move_goal = 20 },
};

#define NR_SIZES	ARRAY_SIZE(sizes)

struct unicorn {
	unsigned int n;
	const char *program;
	double last;			/* us: the last map of the last measurement */
};

struct bench {
	struct machine_tree moving[NR_SIZES];	/* with all BARs in place */
	struct machine_tree building[NR_SIZES];	/* without any */
	struct machine_tree nop[NR_SIZES];	/* the listener hears of what stays, too */
	struct lookups *lookups;
	unsigned int sparse_pages, counted_bars;
	struct qemu qemu[NR_SIZES];
	struct qemu_program qemu_program;
	const char *qemu_why;			/* there is none */
	struct unicorn unicorn[NR_SIZES];
	char unicorn_program[256], unicorn_name[32];
	struct figure figures[FIGURES_MAX];
	unsigned int nr;
};

/* --- Unicorn --- */

static const char *measure_unicorn(void *arg, double *us)
{
	struct unicorn *u = arg;
	const char *why = NO_UNICORN;
	char cmd[320];
	FILE *f;

	if (u->n == UNICORN_MAX)
		fprintf(stderr, "  Unicorn maps %u pages: a minute or two, once\n", u->n);
	snprintf(cmd, sizeof(cmd), "'%s' %u 2>/dev/null", u->program, u->n);
	f = popen(cmd, "re");
	if (f && fscanf(f, "%lf %lf", us, &u->last) == 2)
		why = NULL;
	if (f)
		pclose(f);
	return why;
}

/* Of what measure_unicorn() has just done. */
static const char *measure_unicorn_last(void *arg, double *us)
{
	struct unicorn *u = arg;

	*us = u->last;
	return u->last ? NULL : NO_UNICORN;
}

static void unicorn_find(struct bench *b, char *self)
{
	char cmd[320];
	FILE *f;

	snprintf(b->unicorn_program, sizeof(b->unicorn_program), "%s/unicorn", dirname(self));
	snprintf(cmd, sizeof(cmd), "'%s' 1 2>/dev/null", b->unicorn_program);
	strcpy(b->unicorn_name, "Unicorn ");
	f = popen(cmd, "re");
	if (f && fscanf(f, "%*f %*f %16s", b->unicorn_name + strlen(b->unicorn_name)) != 1)
		strcpy(b->unicorn_name, "Unicorn");
	if (f)
		pclose(f);
}

/* --- what is there to be measured --- */

static int trees_init(struct bench *b)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < NR_SIZES; i++) {
		ret = machine_tree_init(&b->moving[i], sizes[i].n, true, false);
		if (!ret)
			ret = machine_tree_init(&b->building[i], sizes[i].n, false, false);
		if (!ret)
			ret = machine_tree_init(&b->nop[i], sizes[i].n, true, true);
	}
	b->lookups = lookups_create(SPARSE_PAGES);
	return ret || b->lookups ? ret : -ENOMEM;
}

static void qemus_start(struct bench *b)
{
	b->qemu_why = qemu_find(&b->qemu_program);
	if (b->qemu_why)
		strcpy(b->qemu_program.name, "QEMU");
	for (unsigned int i = 0; !b->qemu_why && i < NR_SIZES; i++) {
		b->qemu[i].bars = sizes[i].n;
		b->qemu[i].moves = sizes[i].qemu_moves;
		if (!b->qemu[i].moves)
			continue;
		fprintf(stderr, "  starting %s with %u devices\n", b->qemu_program.name,
			sizes[i].n);
		b->qemu_why = qemu_start(&b->qemu[i], &b->qemu_program);
	}
}

static void qemus_stop(struct bench *b)
{
	for (unsigned int i = 0; i < NR_SIZES; i++)
		qemu_stop(&b->qemu[i]);
}

/* --- the figures --- */

static struct figure *figure_add(struct bench *b, const char *name, unsigned int n, double goal,
				 bench_measure *measure, void *arg)
{
	struct figure *f = &b->figures[b->nr++];

	*f = (struct figure){ .name = name, .n = n, .goal = goal };
	f->own.measure = measure;
	f->own.arg = arg;
	return f;
}

static void add_moves(struct bench *b)
{
	for (unsigned int i = 0; i < NR_SIZES; i++) {
		const struct size *size = &sizes[i];
		struct figure *f;

		if (size->n == UNICORN_MAX)
			continue;
		f = figure_add(b, "bar_move_us", size->n, size->move_goal, measure_move,
			       &b->moving[i]);
		f->peer_name = b->qemu_program.name;
		f->peer.why = !size->qemu_moves ? QEMU_ENDS : b->qemu_why;
		f->peer.measure = qemu_bar_move;
		f->peer.arg = &b->qemu[i];
	}
}

static void add_maps(struct bench *b, const char *name, bench_measure *measure,
		     struct machine_tree *trees, bench_measure *peer_measure)
{
	for (unsigned int i = 0; i < NR_SIZES; i++) {
		const struct size *size = &sizes[i];
		struct figure *f;

		if (size->n == QEMU_BARS_MAX)
			continue;
		f = figure_add(b, name, size->n, 0, measure, &trees[i]);
		f->peer_name = b->unicorn_name;
		f->peer.why = !size->unicorn_repetitions ? UNICORN_ENDS : NULL;
		f->peer.measure = peer_measure;
		f->peer.arg = &b->unicorn[i];
		f->peer.repetitions = size->unicorn_repetitions;
		b->unicorn[i].n = size->n;
		b->unicorn[i].program = b->unicorn_program;
	}
}

/* Where nobody else does the same, or it can't be seen from outside. */
static void add_alone(struct bench *b)
{
	for (unsigned int i = 0; i < NR_SIZES; i++) {
		if (sizes[i].n == QEMU_BARS_MAX || sizes[i].n == UNICORN_MAX)
			continue;
		figure_add(b, "build_us", sizes[i].n, sizes[i].build_goal, measure_build,
			   &b->building[i]);
		figure_add(b, "bar_move_all_told_us", sizes[i].n, 0, measure_move, &b->nop[i]);
	}
}

static unsigned int size_index(unsigned int n)
{
	unsigned int i = 0;

	while (sizes[i].n != n)
		i++;
	return i;
}

static void add_single(struct bench *b)
{
	struct machine_tree *t = &b->moving[size_index(GROWTH_FROM)];

	b->sparse_pages = SPARSE_PAGES;
	b->counted_bars = COUNTED_BARS;
	figure_add(b, "overlay_toggle_us", t->nr, 0, measure_overlay, t);
	figure_add(b, "hidden_toggle_us", t->nr, 0, measure_hidden, t);
	figure_add(b, "empty_commit_ns", t->nr, 0, measure_empty, t);
	figure_add(b, "eventfds_64_us", t->nr, 0, measure_eventfds, t);
	figure_add(b, "lookup_random_ns", SPARSE_PAGES, 8, measure_random, b->lookups);
	figure_add(b, "lookup_random_chained_ns", SPARSE_PAGES, 0, measure_random_chained,
		   b->lookups);
	figure_add(b, "lookup_recent_ns", SPARSE_PAGES, 2, measure_recent, b->lookups);
	figure_add(b, "lookup_recent_chained_ns", SPARSE_PAGES, 0, measure_recent_chained,
		   b->lookups);
	figure_add(b, "memory_bytes", SPARSE_PAGES, MEMORY_GOAL, measure_memory, &b->sparse_pages);
	figure_add(b, "bar_move_instructions", COUNTED_BARS, 0, measure_instructions,
		   &b->counted_bars)->own.repetitions = 1;
}

static struct figure *figure_find(struct bench *b, const char *name, unsigned int n)
{
	for (unsigned int i = 0; i < b->nr; i++)
		if (b->figures[i].n == n && !strcmp(b->figures[i].name, name))
			return &b->figures[i];
	return NULL;
}

/* A figure made of two others, repetition by repetition. */
static void figure_derive(struct figure *f, const struct bench_side *a, const struct bench_side *b,
			  double (*derive)(double a, double b))
{
	f->own.why = a->why ? a->why : b->why;
	for (unsigned int i = 0; !f->own.why && i < a->series.nr; i++) {
		const struct series *s = &b->series;

		series_add(&f->own.series,
			   derive(a->series.v[i], s->v[i < s->nr ? i : s->nr - 1]));
	}
}

static double divide(double a, double b)
{
	return a / b;
}

static double growth(double from, double to)
{
	return log(to / from) / log((double)GROWTH_TO / GROWTH_FROM);
}

static void add_derived(struct bench *b)
{
	struct figure *from = figure_find(b, "bar_move_us", GROWTH_FROM);
	struct figure *to = figure_find(b, "bar_move_us", GROWTH_TO);
	struct figure *each = figure_find(b, "map_each_us", SPARSE_PAGES);
	struct figure *unicorn = figure_find(b, "map_each_us", UNICORN_MAX);
	struct figure *f = figure_add(b, "bar_move_qemu_ratio", GROWTH_FROM, 1.0 / 500, NULL, NULL);

	figure_derive(f, &from->own, &from->peer, divide);
	f = figure_add(b, "bar_move_growth_exponent", GROWTH_TO, 0.6, NULL, NULL);
	figure_derive(f, &from->own, &to->own, growth);
	f = figure_add(b, "map_each_unicorn_ratio", SPARSE_PAGES, 1.0 / 100, NULL, NULL);
	figure_derive(f, &each->own, &unicorn->peer, divide);
}

static int bench_run(struct bench *b, FILE *out)
{
	int ret;

	fprintf(stderr, "  building trees\n");
	ret = trees_init(b);
	if (ret)
		return ret;
	qemus_start(b);
	add_moves(b);
	add_maps(b, "map_each_us", measure_map_each, b->building, measure_unicorn);
	add_maps(b, "map_last_us", measure_map_last, b->moving, measure_unicorn_last);
	add_alone(b);
	add_single(b);
	figures_take(b->figures, b->nr);
	add_derived(b);
	qemus_stop(b);
	figures_write(b->figures, b->nr, out);
	return 0;
}

static int bench_to(const char *path, char *self)
{
	struct bench *b = calloc(1, sizeof(*b));
	FILE *out = fopen(path, "we");
	int ret = b ? 0 : -ENOMEM;

	if (!out)
		ret = -errno;
	if (!ret) {
		unicorn_find(b, self);
		ret = bench_run(b, out);
	}
	if (out && fclose(out) && !ret)
		ret = -errno;
	if (ret)
		fprintf(stderr, "bench: %s: %s\n", path, strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int status;

	memory_thread_register();
	if (argc == 3 && !strcmp(argv[1], "--moves")) {
		status = count_moves(strtoul(argv[2], NULL, 0));
	} else if (argc == 2) {
		status = bench_to(argv[1], argv[0]);
	} else {
		fprintf(stderr, "usage: memory FILE.json\n       memory --moves N\n");
		status = EXIT_FAILURE;
	}
	memory_thread_unregister();
	return status;
}
