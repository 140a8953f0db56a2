// SPDX-License-Identifier: GPL-2.0-only
/* The leading side: proposes the jobs one after the other, and makes figures of what they took. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "mode.h"
#include "sides.h"
#include "size.h"
#include "util.h"

#define BATCH_BYTES	4096
#define BATCH_MOST	64
#define GAP_NS		1000000
#define GIB		((double)(1u << 30))
#define ERRNOS		4096		/* the kernel has none beyond */

struct leading {
	const struct options *o;
	const struct mode *mode;
	struct place place;
	struct meeting meeting;
	struct watch *watch;
	struct progress progress;
	struct figures figures;
	struct histogram *samples;	/* of a run */
	struct histogram *merged;	/* of all */
	uint64_t resolution;		/* of the clock, in ns */
	struct error *err;
};

static const struct {
	enum measure measure;
	unsigned int permille;
} percentiles[] = {
	{ MEASURE_P50, 500 }, { MEASURE_P90, 900 }, { MEASURE_P99, 990 }, { MEASURE_P999, 999 },
	{ MEASURE_MAX, 1000 },
};

/*
 * Figures of a run
 */

/* What goes wrong here is a figure that is missing, not an error. */
static bool figure_resolved(const struct leading *l, const struct run *run, struct figure *f)
{
	if (run->elapsed_ns >= CLOCK_RUN_LEAST * l->resolution && run->own.messages)
		return true;
	figure_fail(f, "a run of %" PRIu64 " ns is too short for a clock that tells %" PRIu64
		    " ns apart: let --seconds be more", run->elapsed_ns, l->resolution);
	return false;
}

static void figure_rate(struct leading *l, const struct run *run, enum measure measure,
			double amount)
{
	struct figure *f = figures_get(&l->figures, measure,
				       l->mode->trips ? 0 : run->job.block);

	if (figure_resolved(l, run, f))
		figure_add(f, amount * (double)NS_PER_S / (double)run->elapsed_ns);
}

static void figures_of_flow(struct leading *l, const struct run *run)
{
	double messages = (double)run->own.messages, bytes = messages * (double)run->job.block;
	double cpu_ms = ((double)run->own.cpu_ns + (double)run->other.cpu_ns) / 1e6;
	struct figure *cpu;

	figure_rate(l, run, MEASURE_BYTES, bytes / 1e6);
	figure_rate(l, run, MEASURE_MESSAGES, messages);
	cpu = figures_get(&l->figures, MEASURE_CPU, run->job.block);
	if (figure_resolved(l, run, cpu))
		figure_add(cpu, cpu_ms / (bytes / GIB));
}

static void figure_percentile(struct leading *l, enum measure measure, unsigned int permille)
{
	struct figure *f = figures_get(&l->figures, measure, 0);

	if (l->samples->samples)
		figure_add(f, (double)histogram_value(l->samples, permille));
	f->merged = (double)histogram_value(l->merged, permille);
	f->why[0] = '\0';
	if (!histogram_resolves(l->merged, permille))
		figure_fail(f, "%" PRIu64 " round trips are too few for it: let --seconds or "
			    "--repeat be more", l->merged->samples);
	else if (f->merged < 2 * (double)l->resolution)
		figure_fail(f, "shorter than the clock can tell, which is %" PRIu64 " ns",
			    l->resolution);
}

static void figures_of_trips(struct leading *l, const struct run *run)
{
	struct figure *mean;
	size_t i;

	if (run->mean_ns > 0) {
		mean = figures_get(&l->figures, MEASURE_MEAN, 0);
		if (figure_resolved(l, run, mean))
			figure_add(mean, run->mean_ns);
	}
	histogram_merge(l->merged, l->samples);
	for (i = 0; i < ARRAY_SIZE(percentiles) && l->merged->samples; i++)
		figure_percentile(l, percentiles[i].measure, percentiles[i].permille);
}

static void figures_of_run(struct leading *l, const struct run *run)
{
	if (l->mode->trips)
		figures_of_trips(l, run);
	else
		figures_of_flow(l, run);
	if (l->place.bell.ops && l->mode->answered && l->o->job.mode != JOB_PINGPONG)
		figure_rate(l, run, MEASURE_DOORBELLS,
			    (double)(run->own.rings + run->other.rings));
}

/* Of all that a run was, with the part that does not count. */
static void figure_of_exits(struct leading *l, const struct run *run, uint64_t exits, uint64_t ns)
{
	struct figure *f = figures_get(&l->figures, MEASURE_EXITS,
				       l->mode->trips ? 0 : run->job.block);

	if (figure_resolved(l, run, f))
		figure_add(f, (double)exits * (double)NS_PER_S / (double)ns);
}

/*
 * A run
 */

static int explain_wrong(const struct leading *l, const struct run *run, struct outcome wrong)
{
	return error_set(l->err, -EBADMSG, "--mode %s, block %s: what was received is not what was "
			 "sent: message %" PRIu64 ", from byte %" PRIu64 " on", l->mode->name,
			 size_text(run->job.block).text, wrong.wrong_message, wrong.wrong_byte);
}

static int explain_run(const struct leading *l, const struct run *run, int code)
{
	const char *path = l->place.path;

	switch (code) {
	case -EBADMSG:
		return explain_wrong(l, run, run->own);
	case -EINTR:
		return error_set(l->err, code, "ended by a signal; there are no figures");
	case -ECONNRESET:
		return error_set(l->err, code, "who answered at %s is gone", path);
	case -EBUSY:
		return error_set(l->err, code, "somebody else has begun to measure at %s", path);
	case -EOPNOTSUPP:
		return error_arg(l->err, code, "%s has no doorbells, or not in this way: a device "
				 "with interrupts or a region that may be written has them, "
				 "registers that can be mapped only a device (--ring call)", path);
	case -EACCES:
		return error_arg(l->err, code, "%s may only be read by you: --mode read and mmap "
				 "without --verify can do with that", path);
	case -ETIMEDOUT:
		return error_set(l->err, code, "no doorbell has come from the other side of %s for "
				 "2 seconds", path);
	default:
		return error_set(l->err, code, "--mode %s at %s: %s", l->mode->name, path,
				 strerror(-code));
	}
}

/* What the answering side said. */
static int explain_other(const struct leading *l, const struct run *run)
{
	int code = run->other.error < ERRNOS ? -(int)run->other.error : -EPROTO;

	if (code == -EBADMSG)
		return explain_wrong(l, run, run->other);
	/* a signal has ended it */
	if (code == -EINTR)
		return explain_run(l, run, -ECONNRESET);
	return error_set(l->err, code, "the answering side of %s can't do --mode %s: %s",
			 l->place.path, l->mode->name, strerror(-code));
}

static void run_settle(struct leading *l, struct run *run, uint64_t block)
{
	const struct options *o = l->o;
	int peer = l->mode->answered && l->place.mem ? meeting_peer(&l->meeting) : -1;

	run->job.block = block;
	run->job.seed = clock_ns() * PATTERN_STEP;
	if (!run->job.batch)
		run->job.batch = BATCH_BYTES / block < 1 ? 1 : BATCH_BYTES / block;
	if (!o->job.batch && run->job.batch > BATCH_MOST)
		run->job.batch = BATCH_MOST;
	l->place.bell.peer = (uint32_t)(o->peer >= 0 ? o->peer : peer);
	run->job.bells = !o->spin && !l->mode->trips && l->place.bell.ops && peer >= 0;
	run->gap_ns = o->job.hear == JOB_HEAR_MEMORY ? 0 : GAP_NS;
	if (o->gap_ns >= 0)
		run->gap_ns = (uint64_t)o->gap_ns;
}

/* Asks the other side, if there is one, and measures: 0 or -errno. */
static int run_lead(struct leading *l, struct run *run)
{
	int ret = 0;

	if (!l->mode->answered)
		return l->mode->lead(run, l->o->ns);
	if (run->meeting)
		ret = meeting_propose(run->meeting, &run->job, &run->other);
	else
		ret = socket_propose(run->socket, &run->job, &run->other, l->watch);
	if (!ret && !run->other.error)
		ret = l->mode->lead(run, l->o->ns);
	return ret;
}

static int run_measure(struct leading *l, struct run *run)
{
	uint64_t before, after, begin = clock_ns();
	int ret = exits_read(&l->o->kvm, &before);

	if (ret)
		return error_arg(l->err, ret, "--kvm: /sys/kernel/debug/kvm has no exits of such a "
				 "process, or you may not read it");
	histogram_init(l->samples);
	ret = run_lead(l, run);
	if (ret)
		return explain_run(l, run, watch_reason(l->watch, ret));
	if (run->other.error)
		return explain_other(l, run);
	figures_of_run(l, run);
	if (l->o->kvm.count && !exits_read(&l->o->kvm, &after))
		figure_of_exits(l, run, after - before, clock_ns() - begin);
	return 0;
}

static int run_of_block(struct leading *l, uint64_t block, bool last)
{
	struct run run = {
		.job = l->o->job, .place = &l->place, .socket = -1, .watch = l->watch,
		.meeting = l->mode->answered && l->place.mem ? &l->meeting : NULL,
		.progress = l->o->progress || l->progress.terminal ? &l->progress : NULL,
		.samples = l->samples,
	};
	int ret;

	run_settle(l, &run, block);
	run.job.last = last;
	ret = run_init(&run);
	if (ret == -EMSGSIZE) {
		figure_fail(figures_get(&l->figures, MEASURE_BYTES, block), "a block of %s does "
			    "not fit into %s%s", size_text(block).text, l->place.path,
			    l->o->job.capacity ? " with this --size" : "");
		return 0;
	}
	if (ret)
		return explain_run(l, &run, ret);
	if (!l->place.mem) {
		run.socket = socket_connect(l->place.path, l->o->patience_ns, l->watch, l->err);
		ret = run.socket < 0 ? run.socket : 0;
	}
	if (!ret)
		ret = run_measure(l, &run);
	if (run.socket >= 0)
		close(run.socket);
	run_fini(&run);
	return ret;
}

/*
 * All runs
 */

/* By turns, so that what comes and goes on this machine is in the figures of all blocks. */
static int runs(struct leading *l)
{
	unsigned int blocks = l->mode->trips ? 1 : l->o->block_count, i, repetition;
	int ret = 0;

	progress_begin(&l->progress, l->o->ns * blocks * l->o->repeat);
	for (repetition = 0; repetition < l->o->repeat && !ret; repetition++) {
		for (i = 0; i < blocks && !ret; i++) {
			snprintf(l->progress.what, sizeof(l->progress.what),
				 "%s %s, run %u of %u", l->mode->name,
				 l->mode->trips ? "" : size_text(l->o->blocks[i]).text,
				 repetition + 1, l->o->repeat);
			ret = run_of_block(l, l->o->blocks[i], i + 1 == blocks &&
					   repetition + 1 == l->o->repeat);
		}
	}
	progress_end(&l->progress);
	return ret;
}

static int runs_met(struct leading *l)
{
	int ret;

	if (!l->mode->answered || !l->place.mem)
		return runs(l);
	if (!l->place.writable)
		return explain_run(l, NULL, -EACCES);
	if (l->o->job.mode == JOB_DOORBELL && !l->place.bell.ops)
		return explain_run(l, NULL, -EOPNOTSUPP);
	ret = meeting_join(&l->meeting, MEETING_LEADER, &l->place, l->watch, l->err);
	if (ret)
		return ret;
	ret = meeting_find(&l->meeting, l->o->patience_ns, l->err);
	if (!ret)
		ret = runs(l);
	meeting_leave(&l->meeting);
	return ret;
}

static int figures_print(const struct leading *l, const char *command)
{
	if (l->o->json)
		figures_json(&l->figures, command, stdout);
	else
		figures_table(&l->figures, stdout);
	if (figures_any(&l->figures))
		return 0;
	return error_set(l->err, -ERANGE, "no figure could be taken");
}

int lead(const struct options *o, struct watch *watch, const char *command, struct error *err)
{
	struct leading l = { .o = o, .mode = modes[o->job.mode], .watch = watch, .err = err };
	int ret = place_open(&l.place, o->place, l.mode->answered, err);

	if (ret)
		return ret;
	l.samples = malloc(sizeof(*l.samples));
	l.merged = malloc(sizeof(*l.merged));
	if (l.samples && l.merged) {
		histogram_init(l.merged);
		l.resolution = clock_resolution();
		figures_init(&l.figures, l.mode->name);
		ret = runs_met(&l);
		if (!ret)
			ret = figures_print(&l, command);
		figures_fini(&l.figures);
	} else {
		ret = error_set(err, -ENOMEM, "no memory");
	}
	free(l.samples);
	free(l.merged);
	place_close(&l.place);
	return ret;
}
