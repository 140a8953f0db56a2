/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flow of messages through shared memory, as ring and queue are measured: the leading side sends
 * and looks at the clock, the answering one takes all. First comes a part that does not count, then
 * the memory is empty, both sides begin to count, and at the end it is empty again: so what is
 * counted was sent and taken in the time that is told.
 *
 * Inline, so that a mode's calls are where they are used.
 */
#ifndef TESTS_BENCH_TOOL_FLOW_H
#define TESTS_BENCH_TOOL_FLOW_H

#include "run.h"

#define FLOW_WARM_NS	100000000ull
#define FLOW_LOOK	64		/* idle turns between looks at the other side's words */
#define FLOW_INLINE	static inline __attribute__((always_inline))

/**
 * struct flow - what a mode does
 * @send: message @number, if there is room: 0 or -errno; told to the other side by @publish
 * @take: message @number, if it is there: 0 or -errno; given back by @publish
 * @publish: on the side that it is for
 * @sleeps: asks for a doorbell: whether to wait for it
 * @drained: whether the other side has taken all
 */
struct flow {
	int (*send)(struct run *run, uint64_t number);
	int (*take)(struct run *run, uint64_t number);
	void (*publish)(struct run *run);
	bool (*sleeps)(struct run *run);
	bool (*drained)(struct run *run);
};

/* Nothing could be sent or taken: 0: try again, or -errno. */
FLOW_INLINE int flow_idle(struct run *run, const struct flow *flow, unsigned int *spins)
{
	int ret = run_idle(run, spins);

	if (ret <= 0)
		return ret;
	return flow->sleeps(run) ? run_sleep(run) : 0;
}

FLOW_INLINE int flow_send(struct run *run, const struct flow *flow, uint64_t number)
{
	unsigned int spins = 0;
	int ret;

	while (__builtin_expect(ret = flow->send(run, number), 0)) {
		if (!ivs_waits(ret))
			return ret;
		flow->publish(run);
		ret = flow_idle(run, flow, &spins);
		if (ret)
			return ret;
	}
	return 0;
}

/* Sends for @ns, until all of it is taken. */
FLOW_INLINE int flow_part(struct run *run, const struct flow *flow, uint64_t ns, uint64_t *number)
{
	uint64_t batch = run->job.batch, i;
	unsigned int spins = 0;
	int ret;

	run_part_begin(run, ns);
	while (!(ret = run_step(run))) {
		for (i = 0; i < batch && !ret; i++, ++*number)
			ret = flow_send(run, flow, *number);
		flow->publish(run);
		if (ret)
			return ret;
	}
	while (ret >= 0 && !flow->drained(run))
		ret = run_idle(run, &spins);
	return ret < 0 ? ret : 0;
}

FLOW_INLINE int flow_lead(struct run *run, const struct flow *flow, uint64_t ns)
{
	uint64_t number = 0, first, begin;
	int ret = flow_part(run, flow, ns < FLOW_WARM_NS ? ns : FLOW_WARM_NS, &number);

	if (!ret)
		ret = meeting_mark(run->meeting);
	if (ret)
		return ret;
	first = number;
	run_count_begin(run);
	begin = clock_ns();
	ret = flow_part(run, flow, ns, &number);
	run->elapsed_ns = clock_ns() - begin;
	run_count_end(run);
	run->own.messages = number - first;
	meeting_total_set(run->meeting, number);
	return ret;
}

/* There is nothing to take: 0: try again, 1: nothing will come, or -errno. */
FLOW_INLINE int flow_starved(struct run *run, const struct flow *flow, uint64_t number,
			     unsigned int *spins)
{
	uint64_t total;

	flow->publish(run);
	if (*spins % FLOW_LOOK == 0) {
		if (meeting_marked(run->meeting)) {
			run->own.messages = number;
			run_count_begin(run);
			meeting_mark_answer(run->meeting);
		}
		total = meeting_total(run->meeting);
		if (total && number >= total - 1)
			return 1;
	}
	return flow_idle(run, flow, spins);
}

FLOW_INLINE int flow_answer(struct run *run, const struct flow *flow)
{
	uint64_t batch = run->job.batch, number = 0;
	unsigned int spins = 0;
	int ret = 0;

	while (!ret) {
		ret = flow->take(run, number);
		if (!ret) {
			spins = 0;
			if (++number % batch)
				continue;
			flow->publish(run);
			ret = watch_over(run->watch);
		} else if (ivs_waits(ret) || ret == -ECONNRESET) {
			ret = flow_starved(run, flow, number, &spins);
		}
	}
	run_count_end(run);
	run->own.messages = number - run->own.messages;
	return ret < 0 ? ret : 0;
}

/**
 * flow_fit() - settles how much memory a ring or a queue takes
 * @least: bytes that the block needs of it
 *
 * Return: 0, or -EMSGSIZE.
 */
int flow_fit(struct run *run, uint64_t least);

#endif /* TESTS_BENCH_TOOL_FLOW_H */
