// SPDX-License-Identifier: GPL-2.0-only
/* Medians, spreads, and how figures are printed. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../series.h"
#include "figures.h"
#include "json.h"
#include "size.h"
#include "util.h"

#define DIGITS	6	/* of a number in JSON */

static const struct {
	const char *suffix;	/* of its name in JSON */
	const char *title;
	const char *unit;
} measures[] = {
	[MEASURE_BYTES] = { "mb_s", "throughput", "MB/s" },
	[MEASURE_MESSAGES] = { "messages_s", "messages", "/s" },
	[MEASURE_CPU] = { "cpu_ms_per_gib", "CPU time", "ms/GiB" },
	[MEASURE_DOORBELLS] = { "doorbells_s", "doorbells", "/s" },
	[MEASURE_EXITS] = { "exits_s", "exits", "/s" },
	[MEASURE_MEAN] = { "mean_ns", "mean", "ns" },
	[MEASURE_P50] = { "p50_ns", "p50", "ns" },
	[MEASURE_P90] = { "p90_ns", "p90", "ns" },
	[MEASURE_P99] = { "p99_ns", "p99", "ns" },
	[MEASURE_P999] = { "p999_ns", "p99.9", "ns" },
	[MEASURE_MAX] = { "max_ns", "greatest", "ns" },
};

void figures_init(struct figures *f, const char *mode)
{
	*f = (struct figures){ .mode = mode };
}

void figures_fini(struct figures *f)
{
	free(f->list);
}

struct figure *figures_get(struct figures *f, enum measure measure, uint64_t n)
{
	struct figure *grown;
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->list[i].measure == measure && f->list[i].n == n)
			return &f->list[i];
	grown = reallocarray(f->list, f->count + 1, sizeof(*grown));
	if (!grown) {
		fputs("ivshmem-bench: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	f->list = grown;
	grown += f->count++;
	*grown = (struct figure){ .measure = measure, .n = n, .merged = NAN };
	return grown;
}

void figure_add(struct figure *f, double value)
{
	f->values[f->count++] = value;
}

/* One that failed once has no number: a median of some repetitions would look like one of all. */
void figure_fail(struct figure *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
}

/* With its values sorted. */
static struct figure figure_sorted(const struct figure *f)
{
	struct figure sorted = *f;

	doubles_sort(sorted.values, sorted.count);
	return sorted;
}

static double figure_value(const struct figure *sorted)
{
	if (!isnan(sorted->merged))
		return sorted->merged;
	return doubles_median(sorted->values, sorted->count);
}

static int figure_has_value(const struct figure *f)
{
	return !f->why[0] && f->count;
}

int figures_any(const struct figures *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		if (figure_has_value(&f->list[i]))
			return 1;
	return 0;
}

/* As many digits as mean something. */
static void print_number(FILE *out, double value, int width)
{
	fprintf(out, "%*.*f", width, value < 10 ? 2 : value < 100 ? 1 : 0, value);
}

static void table_line(const struct figures *all, const struct figure *f, FILE *out)
{
	struct figure sorted = figure_sorted(f);
	const char *unit = measures[f->measure].unit;

	fprintf(out, "%-9s %8s  %-11s", all->mode, f->n ? size_text(f->n).text : "",
		measures[f->measure].title);
	if (!figure_has_value(f)) {
		fprintf(out, " %13s  %s\n", "-", f->why);
		return;
	}
	print_number(out, figure_value(&sorted), 14);
	fprintf(out, " %-7s (", unit);
	print_number(out, sorted.values[0], 0);
	fputs(" to ", out);
	print_number(out, sorted.values[sorted.count - 1], 0);
	fprintf(out, " %s in %u run%s)\n", unit, sorted.count, sorted.count == 1 ? "" : "s");
}

void figures_table(const struct figures *f, FILE *out)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		table_line(f, &f->list[i], out);
}

static void json_value(const struct figure *f, FILE *out)
{
	struct figure sorted = figure_sorted(f);

	if (!figure_has_value(f)) {
		fputs(", \"value\": null, \"spread\": null, \"repetitions\": 0", out);
		return;
	}
	fprintf(out, ", \"value\": %.*g, \"spread\": [%.*g, %.*g], \"repetitions\": %u", DIGITS,
		figure_value(&sorted), DIGITS, sorted.values[0], DIGITS,
		sorted.values[sorted.count - 1], sorted.count);
}

static void json_figure(const struct figures *all, const struct figure *f, const char *command,
			FILE *out)
{
	fprintf(out, "{\"name\": \"%s_%s\", \"n\": ", all->mode, measures[f->measure].suffix);
	fprintf(out, f->n ? "%" PRIu64 : "null", f->n);
	json_value(f, out);
	fputs(", \"peer\": null, \"peer_value\": null, \"ratio\": null, \"goal\": null, "
	      "\"holds\": null, \"command\": ", out);
	json_string(out, command);
	if (!figure_has_value(f)) {
		fputs(", \"why\": ", out);
		json_string(out, f->why);
	}
	fputc('}', out);
}

void figures_json(const struct figures *f, const char *command, FILE *out)
{
	size_t i;

	fputc('[', out);
	for (i = 0; i < f->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		json_figure(f, &f->list[i], command, out);
	}
	fputs("\n]\n", out);
}
