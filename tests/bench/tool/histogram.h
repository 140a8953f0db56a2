/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram of times: below 2048 ns each has a counter of its own, beyond each power
 * of two is divided into 1024, so that what is told differs from the truth by 0.05 % at most. No
 * sample is kept, none dropped, whatever it is.
 */
#ifndef TESTS_BENCH_TOOL_HISTOGRAM_H
#define TESTS_BENCH_TOOL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS		10
#define HISTOGRAM_PART		(1u << HISTOGRAM_BITS)
#define HISTOGRAM_COUNTERS	((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_PART)

struct histogram {
	uint64_t samples;
	uint64_t least, most;		/* exact; without samples UINT64_MAX and 0 */
	uint64_t counters[HISTOGRAM_COUNTERS];
};

void histogram_init(struct histogram *h);

/* Which counter a value belongs to: itself, or its upper bits in its power of two. */
static inline uint32_t histogram_index(uint64_t value)
{
	uint32_t shift;

	if (value < HISTOGRAM_PART)
		return (uint32_t)value;
	shift = 63 - HISTOGRAM_BITS - (uint32_t)__builtin_clzll(value);
	return shift * HISTOGRAM_PART + (uint32_t)(value >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
	h->samples++;
	h->counters[histogram_index(value)]++;
	if (value < h->least)
		h->least = value;
	if (value > h->most)
		h->most = value;
}

/* Adds all samples of another one. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/**
 * histogram_value() - what @permille of the samples do not exceed
 * @h: one with a sample at least
 * @permille: 1 to 1000; 1000 is the greatest sample, exactly
 *
 * Return: the middle of the counter that the sample of that rank is in.
 */
uint64_t histogram_value(const struct histogram *h, unsigned int permille);

/* Whether there are enough samples for that: ten beyond it; for the greatest one, any. */
int histogram_resolves(const struct histogram *h, unsigned int permille);

#endif /* TESTS_BENCH_TOOL_HISTOGRAM_H */
