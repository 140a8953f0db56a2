// SPDX-License-Identifier: GPL-2.0-only
/* What the clock can tell. */
#include <stddef.h>

#include "clock.h"

#define STEPS_LEAST	10		/* who has to wait for a CPU takes that for one of them */
#define STEPS		1000
#define MOST_NS		(10 * 1000 * 1000)

uint64_t clock_resolution(void)
{
	uint64_t begin = clock_ns(), last = begin, now, least = UINT64_MAX, steps = 0;

	do {
		now = clock_ns();
		if (now == last)
			continue;
		if (now - last < least)
			least = now - last;
		last = now;
		steps++;
	} while (steps < STEPS_LEAST || (steps < STEPS && now - begin < MOST_NS));
	return least;
}

uint64_t clock_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}
