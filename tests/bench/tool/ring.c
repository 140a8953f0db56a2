// SPDX-License-Identifier: GPL-2.0-only
/* --mode ring: records of one size through <ivshmem/ring.h>. */
#include "flow.h"
#include "mode.h"

FLOW_INLINE int ring_send(struct run *run, uint64_t number)
{
	void *to = NULL;
	int ret = ivs_ring_reserve(&run->ring, run->job.block, &to);

	if (!ret)
		run_message_write(run, to, number);
	return ret;
}

FLOW_INLINE int ring_take(struct run *run, uint64_t number)
{
	const void *from = NULL;
	size_t len = 0;
	int ret = ivs_ring_next(&run->ring, &from, &len);

	return ret ? ret : run_message_read(run, from, len, number);
}

FLOW_INLINE void ring_publish(struct run *run)
{
	ivs_ring_publish(&run->ring);
}

FLOW_INLINE bool ring_sleeps(struct run *run)
{
	return ivs_ring_sleep(&run->ring, 0);
}

FLOW_INLINE bool ring_drained(struct run *run)
{
	return ivs_load(&run->ring.peer->position) == run->ring.published;
}

static const struct flow ring_flow = {
	ring_send, ring_take, ring_publish, ring_sleeps, ring_drained,
};

/* Two records fit. */
static int ring_fit(struct run *run)
{
	return flow_fit(run, 2 * ivs_record_size(run->job.block));
}

/* What a run before has left is nobody's. */
static int ring_prepare(struct run *run)
{
	memset(run_data(run), 0, IVS_DATA_OFFSET);
	return ivs_ring_attach(&run->ring, IVS_CONSUMER, IVS_RECORDS, run_data(run),
			       run->job.capacity, run_bell(run));
}

static int ring_lead(struct run *run, uint64_t ns)
{
	int ret = ivs_ring_attach(&run->ring, IVS_PRODUCER, IVS_RECORDS, run_data(run),
				  run->job.capacity, run_bell(run));

	if (ret)
		return ret;
	ret = flow_lead(run, &ring_flow, ns);
	/* wakes a consumer that sleeps, to find that this was all */
	ivs_ring_detach(&run->ring);
	if (ret && ret != -ECANCELED)
		return ret;
	return meeting_conclude(run->meeting, &run->other);
}

static int ring_answer(struct run *run)
{
	return flow_answer(run, &ring_flow);
}

const struct mode mode_ring = {
	.name = "ring", .answered = true, .memory = true,
	.fit = ring_fit, .prepare = ring_prepare, .lead = ring_lead, .answer = ring_answer,
};
