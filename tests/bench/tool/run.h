/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run: one job that is carried out once, and what the modes' loops need for it, on either side.
 */
#ifndef TESTS_BENCH_TOOL_RUN_H
#define TESTS_BENCH_TOOL_RUN_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#include <ivshmem/queue.h>
#include <ivshmem/ring.h>

#include "clock.h"
#include "copy.h"
#include "histogram.h"
#include "job.h"
#include "meeting.h"
#include "place.h"
#include "progress.h"
#include "socket.h"

/*
 * A loop that finds nothing to do looks so often at full speed, which is best for the next message
 * to come; then it pauses, gives way now and then, and sleeps if it can be rung.
 */
#define RUN_SPINS_BARE	1000
#define RUN_SPINS_LOOK	1024
#define RUN_SPINS_SLEEP	(8 * RUN_SPINS_LOOK)

/**
 * struct run - one of a job
 * @job: that is carried out; of one size with the place's memory, whoever has asked for it
 * @place: where
 * @meeting: with the other side, by memory
 * @socket: or by a socket
 * @watch: for signals, and the other side's end
 * @progress: to be shown; NULL: not
 * @buffer: own memory of a block, aligned to a page
 * @ring: and @consumer, @producer: what the mode has
 * @until: when the present part is over
 * @looked: at the clock, the last time
 * @every: so many steps before the next look
 * @left: of them
 * @gap_ns: pause before a round trip
 * @elapsed_ns: of the part that counts
 * @mean_ns: of a round trip, by many that were measured together; 0: not known
 * @samples: times of round trips
 * @own: what this side has done
 * @other: what the other side has done
 */
struct run {
	struct job job;
	struct place *place;
	struct meeting *meeting;
	int socket;
	struct watch *watch;
	struct progress *progress;
	unsigned char *buffer;
	union {
		struct ivs_ring ring;
		struct ivs_queue_consumer consumer;
		struct ivs_queue_producer producer;
	};
	uint64_t until;
	uint64_t looked;
	uint32_t every;
	uint32_t left;
	uint64_t gap_ns;
	uint64_t elapsed_ns;
	double mean_ns;
	struct histogram *samples;
	struct outcome own;
	struct outcome other;
};

/*
 * Begins a part of the run: of @ns from here on, and of one step at least. Who takes its time does
 * so before this, for there may be a wait for the CPU anywhere.
 */
void run_part_begin(struct run *run, uint64_t ns);

/* The slow half of run_step(). */
int run_look(struct run *run);

/*
 * Once a step of a loop: 0: go on, 1: the part is over, or -errno. The clock is looked at each half
 * millisecond or so.
 */
static inline int run_step(struct run *run)
{
	return __builtin_expect(--run->left, 1) ? 0 : run_look(run);
}

/* The slow half of run_idle(). */
int run_idle_look(const struct run *run, unsigned int spins);

/**
 * run_idle() - a loop found nothing to do
 * @spins: how often in a row, counted here
 *
 * Return: 0: try again; 1: one may sleep for a doorbell; -ECANCELED the other side has given up, or
 * another -errno.
 */
static inline int run_idle(struct run *run, unsigned int *spins)
{
	if (++*spins < RUN_SPINS_BARE)
		return 0;
	__builtin_ia32_pause();
	return *spins % RUN_SPINS_LOOK ? 0 : run_idle_look(run, *spins);
}

/* Sleeps until rung, or for a while. 0 or -errno. */
int run_sleep(struct run *run);

/* The peer's doorbell for a ring or a queue; one that does nothing if it is not to be used. */
struct ivs_bell run_bell(struct run *run);

/* CPU time and doorbells count from here on. */
void run_count_begin(struct run *run);
void run_count_end(struct run *run);

/* Message @number was wrong at @byte: what to return. */
int run_wrong(struct run *run, uint64_t number, uint64_t byte);

/* Memory that is shared, behind what the sides' meeting takes. */
static inline unsigned char *run_data(const struct run *run)
{
	return run->place->mem + PLACE_DATA;
}

/* Makes message @number at @to. */
static inline void run_message_write(struct run *run, void *to, uint64_t number)
{
	uint64_t block = run->job.block;

	if (run->job.verify) {
		pattern_fill(to, block, run->job.seed, number * block);
		return;
	}
	copy_bytes(to, run->buffer, block, (int)run->job.libc);
	*(uint64_t *)to = number;
}

/* Takes message @number at @from: copied first, since who wrote it could alter it. 0 or -errno. */
static inline int run_message_read(struct run *run, const void *from, size_t len, uint64_t number)
{
	uint64_t block = run->job.block, wrong;

	if (len != block)
		return run_wrong(run, number, 0);
	copy_bytes(run->buffer, from, block, (int)run->job.libc);
	if (!run->job.verify)
		return *(const uint64_t *)(const void *)run->buffer == number ?
		       0 : run_wrong(run, number, 0);
	wrong = pattern_check(run->buffer, block, run->job.seed, number * block);
	return wrong == block ? 0 : run_wrong(run, number, wrong);
}

#endif /* TESTS_BENCH_TOOL_RUN_H */
