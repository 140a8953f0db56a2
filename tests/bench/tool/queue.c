// SPDX-License-Identifier: GPL-2.0-only
/* --mode queue: slots of one size through <ivshmem/queue.h>, from one producer. */
#include "flow.h"
#include "mode.h"

#define OWNER	1

FLOW_INLINE int queue_send(struct run *run, uint64_t number)
{
	void *to = NULL;
	int ret = ivs_queue_reserve(&run->producer, &to);

	if (ret)
		return ret;
	run_message_write(run, to, number);
	return ivs_queue_commit(&run->producer, run->job.block);
}

FLOW_INLINE int queue_take(struct run *run, uint64_t number)
{
	const void *from = NULL;
	uint32_t owner;
	size_t len = 0;
	int ret = ivs_queue_next(&run->consumer, &from, &len, &owner);

	return ret ? ret : run_message_read(run, from, len, number);
}

FLOW_INLINE void queue_give_back(struct run *run)
{
	ivs_queue_publish(&run->consumer);
}

/* Each commit has published. */
FLOW_INLINE void queue_published(struct run *run)
{
	(void)run;
}

FLOW_INLINE bool queue_sleeps_for_room(struct run *run)
{
	return ivs_queue_sleep_for_room(&run->producer);
}

FLOW_INLINE bool queue_sleeps(struct run *run)
{
	return ivs_queue_sleep(&run->consumer);
}

FLOW_INLINE bool queue_drained(struct run *run)
{
	return ivs_load(&run->producer.map.words->position) == run->producer.position + 1;
}

static const struct flow queue_producer_flow = {
	.send = queue_send, .publish = queue_published, .sleeps = queue_sleeps_for_room,
	.drained = queue_drained,
};

static const struct flow queue_consumer_flow = {
	.take = queue_take, .publish = queue_give_back, .sleeps = queue_sleeps,
};

static uint64_t queue_slot_size(const struct run *run)
{
	uint64_t size = IVS_SLOT_SIZE_MIN;

	while (size < run->job.block + sizeof(struct ivs_slot))
		size *= 2;
	return size;
}

/* Two slots fit. */
static int queue_fit(struct run *run)
{
	return flow_fit(run, 2 * queue_slot_size(run));
}

static int queue_prepare(struct run *run)
{
	memset(run_data(run), 0, IVS_DATA_OFFSET);
	return ivs_queue_consumer_attach(&run->consumer, run_data(run), run->job.capacity,
					 queue_slot_size(run), run_bell(run));
}

static int queue_lead(struct run *run, uint64_t ns)
{
	int ret = ivs_queue_producer_attach(&run->producer, run_data(run), run->job.capacity,
					    queue_slot_size(run), OWNER, run_bell(run));

	if (ret)
		return ret;
	ret = flow_lead(run, &queue_producer_flow, ns);
	/* a consumer that sleeps finds that this was all */
	run->producer.bell.ring(run->producer.bell.opaque, 0);
	if (ret && ret != -ECANCELED)
		return ret;
	return meeting_conclude(run->meeting, &run->other);
}

static int queue_answer(struct run *run)
{
	return flow_answer(run, &queue_consumer_flow);
}

const struct mode mode_queue = {
	.name = "queue", .answered = true, .memory = true,
	.fit = queue_fit, .prepare = queue_prepare, .lead = queue_lead, .answer = queue_answer,
};
