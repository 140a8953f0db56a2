/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock, and how fine it is: what is shorter than it can tell is no figure. */
#ifndef TESTS_BENCH_TOOL_CLOCK_H
#define TESTS_BENCH_TOOL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S	1000000000ull

/* A run takes this many times the clock's resolution at least. */
#define CLOCK_RUN_LEAST	1000

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* The least step that two reads show, in ns. Takes 10 ms, or ten steps of a coarse clock. */
uint64_t clock_resolution(void);

/* CPU time of this process, user's and kernel's, in ns. */
uint64_t clock_cpu_ns(void);

#endif /* TESTS_BENCH_TOOL_CLOCK_H */
