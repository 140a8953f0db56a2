// SPDX-License-Identifier: GPL-2.0-only
/* The histogram against all samples, sorted: random ones of any size, and those at its edges. */
#include <stdbool.h>

#include "histogram.h"
#include "ktap.h"
#include "random.h"

#define SAMPLES	20000

static uint64_t samples[SAMPLES];
static struct histogram histogram;

static const unsigned int permilles[] = { 1, 10, 500, 900, 990, 999, 1000 };

static int less(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Within 0.05 %, and exact where each value has a counter of its own. */
static bool close_to(uint64_t value, uint64_t truth)
{
	uint64_t apart = value > truth ? value - truth : truth - value;

	return apart <= truth / 2000;
}

/* The least of the samples that @permille of all do not exceed. */
static uint64_t truth_of(size_t count, unsigned int permille)
{
	return samples[(count * permille + 999) / 1000 - 1];
}

static int compare(size_t count)
{
	size_t i;

	qsort(samples, count, sizeof(samples[0]), less);
	EXPECT(histogram.samples == count);
	EXPECT(histogram.least == samples[0] && histogram.most == samples[count - 1]);
	for (i = 0; i < sizeof(permilles) / sizeof(permilles[0]); i++) {
		uint64_t value = histogram_value(&histogram, permilles[i]);
		uint64_t truth = truth_of(count, permilles[i]);

		if (!close_to(value, truth))
			return ktap_fail("%u of 1000, of %zu: %llu, but it is %llu", permilles[i],
					 count, (unsigned long long)value,
					 (unsigned long long)truth);
	}
	return 0;
}

/* Of all magnitudes alike. */
static uint64_t any_value(uint64_t *state)
{
	return random_next(state) >> random_below(state, 64);
}

static int against_sorting(void)
{
	uint64_t state = random_begin(random_seed());
	size_t count, i;
	int round;

	for (round = 0; round < 30; round++) {
		count = 1 + random_below(&state, SAMPLES);
		histogram_init(&histogram);
		for (i = 0; i < count; i++) {
			samples[i] = any_value(&state);
			histogram_add(&histogram, samples[i]);
		}
		EXPECT_PASS(compare(count));
	}
	return 0;
}

static int small_exact(void)
{
	uint64_t value;

	for (value = 0; value < 2 * HISTOGRAM_PART; value++) {
		histogram_init(&histogram);
		histogram_add(&histogram, 0);
		histogram_add(&histogram, value);
		histogram_add(&histogram, UINT64_MAX);
		EXPECT(histogram_value(&histogram, 500) == value);
	}
	return 0;
}

/* The index grows by one at most, and stays within the table. */
static int edges(void)
{
	unsigned int bit, i;

	for (bit = HISTOGRAM_BITS; bit < 64; bit++) {
		for (i = 0; i < HISTOGRAM_PART; i++) {
			uint64_t step = bit > HISTOGRAM_BITS ? 1ull << (bit - HISTOGRAM_BITS) : 1;
			uint64_t first = (1ull << bit) + i * step;

			EXPECT(histogram_index(first) == histogram_index(first + step - 1));
			EXPECT(histogram_index(first) == histogram_index(first - 1) + 1);
		}
	}
	EXPECT(histogram_index(UINT64_MAX) == HISTOGRAM_COUNTERS - 1);
	return 0;
}

static int merged(void)
{
	static struct histogram half;
	uint64_t state = random_begin(random_seed());
	size_t i;

	histogram_init(&histogram);
	histogram_init(&half);
	for (i = 0; i < SAMPLES; i++) {
		samples[i] = any_value(&state);
		histogram_add(i % 3 ? &histogram : &half, samples[i]);
	}
	histogram_merge(&histogram, &half);
	return compare(SAMPLES);
}

static int few_samples(void)
{
	int i;

	histogram_init(&histogram);
	EXPECT(!histogram_resolves(&histogram, 1000));
	for (i = 0; i < 9999; i++)
		histogram_add(&histogram, 5);
	EXPECT(histogram_resolves(&histogram, 990) && histogram_resolves(&histogram, 1000));
	EXPECT(!histogram_resolves(&histogram, 999));
	histogram_add(&histogram, 5);
	EXPECT(histogram_resolves(&histogram, 999));
	return 0;
}

static const struct ktap_case cases[] = {
	{ "percentiles are those of the sorted samples", against_sorting },
	{ "below 2048 each value is told exactly", small_exact },
	{ "each counter begins where the one before ends", edges },
	{ "two histograms merged are one of all samples", merged },
	{ "a percentile wants ten samples beyond it", few_samples },
};

KTAP_MAIN(cases)
