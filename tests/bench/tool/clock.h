/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock, and how fine it is: what is shorter than it can tell is no figure. */
#ifndef TESTS_BENCH_TOOL_CLOCK_H
#define TESTS_BENCH_TOOL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S	1000000000ull

/* A run takes this many times the clock's resolution at least. */
#define CLOCK_RUN_LEAST	1000

/* What reading the clock is worth and costs, both in ns. */
struct clock_quality {
	uint64_t resolution;	/* the least step that two reads show */
	uint64_t overhead;	/* of one read */
};

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Takes some 10 ms, or as long as some steps of a coarse clock do. */
struct clock_quality clock_measure(void);

/* CPU time of this process, user's and kernel's, in ns. */
uint64_t clock_cpu_ns(void);

#endif /* TESTS_BENCH_TOOL_CLOCK_H */
