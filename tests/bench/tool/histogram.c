// SPDX-License-Identifier: GPL-2.0-only
/* Percentiles of a log-linear histogram. */
#include <string.h>

#include "histogram.h"

#define BEYOND	10	/* samples that a percentile leaves out at least */

void histogram_init(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->least = UINT64_MAX;
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
	uint32_t i;

	h->samples += from->samples;
	h->least = from->least < h->least ? from->least : h->least;
	h->most = from->most > h->most ? from->most : h->most;
	for (i = 0; i < HISTOGRAM_COUNTERS; i++)
		h->counters[i] += from->counters[i];
}

/* The middle of what a counter counts. */
static uint64_t counter_value(uint32_t index)
{
	uint32_t shift = index / HISTOGRAM_PART;
	uint64_t first;

	if (shift < 2)
		return index;
	shift--;
	first = (uint64_t)(index - shift * HISTOGRAM_PART) << shift;
	return first + ((uint64_t)1 << shift) / 2;
}

uint64_t histogram_value(const struct histogram *h, unsigned int permille)
{
	uint64_t left = h->samples - h->samples / 1000 * (1000 - permille) -
			h->samples % 1000 * (1000 - permille) / 1000;
	uint64_t value;
	uint32_t i = 0;

	while (h->counters[i] < left)
		left -= h->counters[i++];
	value = counter_value(i);
	if (permille == 1000 || value > h->most)
		return h->most;
	return value < h->least ? h->least : value;
}

int histogram_resolves(const struct histogram *h, unsigned int permille)
{
	if (permille == 1000)
		return h->samples > 0;
	return h->samples / 1000 * (1000 - permille) +
	       h->samples % 1000 * (1000 - permille) / 1000 >= BEYOND;
}
