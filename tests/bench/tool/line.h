/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cache line a side, by which round trips are made: seven words that --verify fills, and a
 * number, stored last.
 */
#ifndef TESTS_BENCH_TOOL_LINE_H
#define TESTS_BENCH_TOOL_LINE_H

#include "run.h"

#define LINE_BYTES	64
#define LINE_PAYLOAD	56
#define LINE_APART	2048
#define LINE_END	UINT64_MAX	/* the number that ends a run */

struct line {
	uint64_t payload[LINE_PAYLOAD / 8];
	uint64_t number;
};

static inline struct line *line_of(const struct run *run, enum meeting_role role)
{
	return (struct line *)(void *)(run->place->mem + PLACE_LINES + role * LINE_APART);
}

/* No number is what a run before has left. */
static inline void lines_clear(struct run *run)
{
	ivs_store(&line_of(run, MEETING_LEADER)->number, 0);
	ivs_store(&line_of(run, MEETING_ANSWERER)->number, 0);
}

static inline void line_write(const struct run *run, struct line *line, uint64_t number)
{
	if (run->job.verify)
		pattern_fill(line->payload, LINE_PAYLOAD, run->job.seed, number * LINE_BYTES);
	ivs_store(&line->number, number);
}

/* Once its number is there. */
static inline int line_check(struct run *run, const struct line *line, uint64_t number)
{
	uint64_t wrong = LINE_PAYLOAD;

	if (run->job.verify)
		wrong = pattern_check(line->payload, LINE_PAYLOAD, run->job.seed,
				      number * LINE_BYTES);
	return wrong == LINE_PAYLOAD ? 0 : run_wrong(run, number, wrong);
}

/* Looks until the other side's number is no longer @old. 0 or -errno. */
static inline int line_await(struct run *run, const struct line *line, uint64_t old,
			     uint64_t *number)
{
	unsigned int spins = 0;
	int ret;

	while ((*number = ivs_load(&line->number)) == old) {
		ret = run_idle(run, &spins);
		if (ret < 0)
			return ret;
	}
	return 0;
}

#endif /* TESTS_BENCH_TOOL_LINE_H */
