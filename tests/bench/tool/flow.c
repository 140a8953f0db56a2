// SPDX-License-Identifier: GPL-2.0-only
/* How large a ring or a queue is. */
#include "flow.h"

/* Some of it stays in a second-level cache, as it would in use. */
#define CAPACITY	(2ull << 20)
#define BLOCKS		4

int flow_fit(struct run *run, uint64_t least)
{
	uint64_t room = run->place->size - PLACE_DATA - IVS_DATA_OFFSET;
	uint64_t wanted = run->job.capacity, capacity = IVS_CAPACITY_MIN;

	if (!wanted)
		wanted = BLOCKS * least > CAPACITY ? BLOCKS * least : CAPACITY;
	while (capacity < wanted && capacity * 2 <= room)
		capacity *= 2;
	run->job.capacity = capacity;
	return least > capacity ? -EMSGSIZE : 0;
}
