// SPDX-License-Identifier: GPL-2.0-only
/* What the clock can tell. */
#include <stddef.h>

#include "clock.h"

#define STEPS	1000
#define MOST_NS	(10 * 1000 * 1000)

/* The least difference that is not 0, of reads for 10 ms and for one step at least. */
struct clock_quality clock_measure(void)
{
	uint64_t begin = clock_ns(), last = begin, now, least = UINT64_MAX, reads = 0;

	do {
		now = clock_ns();
		reads++;
		if (now != last && now - last < least)
			least = now - last;
		last = now;
	} while (least == UINT64_MAX || (reads < STEPS && now - begin < MOST_NS));
	return (struct clock_quality){ least, (now - begin) / reads };
}

uint64_t clock_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}
