// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subregions of a container in painting order: the lowest priority, and of those the oldest,
 * first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

static bool painted_before(const struct memory_region *a, const struct memory_region *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->sequence < b->sequence;
}

/* How many subregions are painted before @sub. */
static unsigned int subregions_search(const struct memory_region *container,
				      const struct memory_region *sub)
{
	unsigned int low = 0, high = container->nr_subregions;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (painted_before(container->subregions[mid], sub))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int subregions_grow(struct memory_region *container)
{
	unsigned int max = container->max_subregions ? 2 * container->max_subregions : 8;
	struct memory_region **v = reallocarray(container->subregions, max, sizeof(*v));

	if (!v)
		return -ENOMEM;
	container->subregions = v;
	container->max_subregions = max;
	return 0;
}

int subregions_add(struct memory_region *container, struct memory_region *sub)
{
	unsigned int i;

	if (container->nr_subregions == container->max_subregions && subregions_grow(container))
		return -ENOMEM;
	sub->sequence = ++container->mem->sequence;
	i = subregions_search(container, sub);
	memmove(&container->subregions[i + 1], &container->subregions[i],
		(container->nr_subregions - i) * sizeof(sub));
	container->subregions[i] = sub;
	container->nr_subregions++;
	sub->container = container;
	return 0;
}

void subregions_del(struct memory_region *container, struct memory_region *sub)
{
	unsigned int i = subregions_search(container, sub);

	container->nr_subregions--;
	memmove(&container->subregions[i], &container->subregions[i + 1],
		(container->nr_subregions - i) * sizeof(sub));
	sub->container = NULL;
}
