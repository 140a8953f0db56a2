// SPDX-License-Identifier: GPL-2.0-only
/*
 * --mode doorbell: round trips of a doorbell and the one that answers it. A number is stored to the
 * shared memory before each; who does not listen to doorbells looks there.
 */
#include <time.h>

#include "line.h"
#include "mode.h"

#define TIMEOUTS	20	/* of BELL_WAIT_NS: a doorbell that has not come by then is lost */

/* Waits for the other side's next number by @run's way to hear. 0 or -errno. */
static int doorbell_hear(struct run *run, const struct line *line, uint64_t old, uint64_t *number)
{
	unsigned int timeouts = 0;
	int ret = 0, heard;

	if (run->job.hear == JOB_HEAR_MEMORY)
		return line_await(run, line, old, number);
	do {
		heard = bell_hear(&run->place->bell);
		if (heard && (heard != -ETIMEDOUT || ++timeouts == TIMEOUTS))
			return heard;
		ret = watch_over(run->watch);
		*number = ivs_load(&line->number);
	} while (!ret && (heard || *number == old));
	return ret;
}

static int doorbell_ring(struct run *run, enum meeting_role role, uint64_t number)
{
	line_write(run, line_of(run, role), number);
	return bell_ring(&run->place->bell);
}

static int doorbell_trip(struct run *run, uint64_t number)
{
	const struct timespec gap = { (time_t)(run->gap_ns / NS_PER_S),
				      (long)(run->gap_ns % NS_PER_S) };
	const struct line *other = line_of(run, MEETING_ANSWERER);
	uint64_t begin, got = 0;
	int ret;

	if (run->gap_ns)
		nanosleep(&gap, NULL);
	begin = clock_ns();
	ret = doorbell_ring(run, MEETING_LEADER, number);
	if (!ret)
		ret = doorbell_hear(run, other, number - 1, &got);
	if (ret)
		return ret;
	histogram_add(run->samples, clock_ns() - begin);
	return got == number ? line_check(run, other, number) : run_wrong(run, number, 0);
}

/* Doorbells are all that is wanted of the place. */
static int doorbell_fit(struct run *run)
{
	run->job.block = LINE_BYTES;
	return bell_use(&run->place->bell, (enum job_ring)run->job.ring,
			(enum job_hear)run->job.hear);
}

static int doorbell_prepare(struct run *run)
{
	lines_clear(run);
	return 0;
}

static int doorbell_lead(struct run *run, uint64_t ns)
{
	uint64_t number = 0, begin = clock_ns();
	int ret = 0;

	run_part_begin(run, ns);
	run_count_begin(run);
	while (!ret && !(ret = run_step(run)))
		ret = doorbell_trip(run, ++number);
	run->elapsed_ns = clock_ns() - begin;
	run_count_end(run);
	run->own.messages = number;
	doorbell_ring(run, MEETING_LEADER, LINE_END);
	if (ret < 0 && ret != -ECANCELED)
		return ret;
	return meeting_conclude(run->meeting, &run->other);
}

static int doorbell_answer(struct run *run)
{
	const struct line *other = line_of(run, MEETING_LEADER);
	uint64_t number = 0, old = 0;
	int ret;

	run_count_begin(run);
	for (;;) {
		ret = doorbell_hear(run, other, old, &number);
		if (ret == -ETIMEDOUT && number == old)
			continue;
		if (ret || number == LINE_END)
			break;
		ret = line_check(run, other, number);
		if (!ret)
			ret = doorbell_ring(run, MEETING_ANSWERER, number);
		if (ret)
			break;
		old = number;
		run->own.messages++;
	}
	run_count_end(run);
	return ret;
}

const struct mode mode_doorbell = {
	.name = "doorbell", .answered = true, .memory = true, .trips = true,
	.fit = doorbell_fit, .prepare = doorbell_prepare, .lead = doorbell_lead,
	.answer = doorbell_answer,
};
