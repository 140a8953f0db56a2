/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of values, log-linear: each is kept to three significant digits, whatever its size, and no
 * sample is stored or dropped. Without a C library, for code that runs in bare guests.
 */
#ifndef TESTS_BENCH_NATIVE_HISTOGRAM_H
#define TESTS_BENCH_NATIVE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS	10				/* of a value that count */
#define HISTOGRAM_HALF	(1u << HISTOGRAM_BITS)
#define HISTOGRAM_OCTAVES 26				/* above them; what is beyond is clipped */
#define HISTOGRAM_NR	((HISTOGRAM_OCTAVES + 2) * HISTOGRAM_HALF)

struct histogram {
	uint64_t total;
	uint64_t max;
	uint32_t counts[HISTOGRAM_NR];
};

/* Values below 2 * HISTOGRAM_HALF have a place each; above, HISTOGRAM_HALF share an octave. */
static inline unsigned int histogram_place(uint64_t value)
{
	unsigned int shift = value < 2 * HISTOGRAM_HALF ? 0 :
			     63 - __builtin_clzll(value) - HISTOGRAM_BITS;
	uint64_t place = ((uint64_t)shift << HISTOGRAM_BITS) + (value >> shift);

	return place < HISTOGRAM_NR ? (unsigned int)place : HISTOGRAM_NR - 1;
}

/* The middle of the values that share a place. */
static inline double histogram_value(unsigned int place)
{
	unsigned int shift = place < 2 * HISTOGRAM_HALF ? 0 : (place >> HISTOGRAM_BITS) - 1;
	uint64_t first = (uint64_t)(place - (shift << HISTOGRAM_BITS)) << shift;

	return first + ((1ull << shift) - 1) / 2.0;
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
	h->total++;
	h->max = value > h->max ? value : h->max;
	h->counts[histogram_place(value)]++;
}

/* The value that @part of all, from 0 to 1, do not exceed. */
static inline double histogram_quantile(const struct histogram *h, double part)
{
	uint64_t below = 0;

	for (unsigned int place = 0; place < HISTOGRAM_NR; place++) {
		below += h->counts[place];
		if (below && below >= part * h->total)
			return histogram_value(place);
	}
	return h->max;
}

#endif /* TESTS_BENCH_NATIVE_HISTOGRAM_H */
