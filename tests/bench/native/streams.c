// SPDX-License-Identifier: GPL-2.0-only
/* Records through a ring, from one worker to the other; and what one of them copies alone. */
#include <errno.h>
#include <ivshmem/words.h>
#include <sys/eventfd.h>

#include "rig.h"

#define BATCH_BYTES	0x2000u		/* records of less are published together */
#define CAPACITY_MIN	0x100000u	/* stays in a core's cache, and bridges 60 us */

#define FIRST_BYTES	0x1000000u	/* are sent to see how fast that is */
#define FIRST_TRIES	3u
#define VERIFY_BYTES	0x1000000u
#define COPY_FAST_MB_S	10000

#define BELL_BLOCK	64u
#define BELL_BATCH	1000u
#define BELL_BATCHES	1000u

#define COPY_NAME	"native_memcpy_mb_s"
#define AWAKE_NAME	"native_awake_doorbells"
#define DROWSY_NAME	"native_drowsy_doorbells"

static const uint64_t blocks[STREAM_BLOCKS] = {
	64, 256, 1024, 4096, 16384, 65536, 262144, BLOCK_MAX,
};

static const char *const ring_names[TEAMS] = {
	[TEAM_GUESTS] = "native_guest_ring_mb_s", [TEAM_PROCESSES] = "native_process_ring_mb_s",
};

static const char *const message_names[TEAMS] = {
	[TEAM_GUESTS] = "native_guest_ring_messages_s",
	[TEAM_PROCESSES] = "native_process_ring_messages_s",
};

/* Two records fit, and some more. */
static uint64_t capacity_for(uint64_t block)
{
	return 4 * block > CAPACITY_MIN ? 4 * block : CAPACITY_MIN;
}

static struct job stream_job(enum work work, uint64_t block, uint64_t count)
{
	return (struct job){
		.work = work, .at = REGION_AT, .capacity = capacity_for(block), .block = block,
		.count = count, .batch = block < BATCH_BYTES ? BATCH_BYTES / block : 1,
	};
}

static double mb_s(const struct rig *rig, const struct job *job)
{
	double ns = job->ticks / rig->ticks_per_ns;

	return job->count * job->block * 1e3 / ns;
}

/* The consumer's time counts: it has all that was sent. */
static int stream(struct rig *rig, enum team team, uint64_t block, uint64_t count)
{
	rig->jobs[0] = stream_job(WORK_PRODUCE, block, count);
	rig->jobs[1] = stream_job(WORK_CONSUME, block, count);
	return rig_do(rig, team, 2);
}

/*
 * How many records take as long as a measurement should: the same for all. The best of some tries
 * counts, as something may have come in between.
 */
static int count_for(struct rig *rig, uint64_t block, uint64_t *count)
{
	int ret = 0;

	if (*count)
		return 0;
	for (unsigned int i = 0; i < FIRST_TRIES && !ret; i++) {
		uint64_t most;

		ret = stream(rig, TEAM_PROCESSES, block, FIRST_BYTES / block);
		most = mb_s(rig, &rig->jobs[1]) * rig->seconds * 1e6 / block + 1;
		*count = most > *count ? most : *count;
	}
	return ret;
}

static int measure_copy(struct rig *rig, uint64_t block, uint64_t count)
{
	int ret;

	rig->jobs[0] = stream_job(WORK_COPY, block, count);
	ret = rig_do(rig, TEAM_PROCESSES, 1);
	if (!ret)
		figure_add(&rig->figures, COPY_NAME, block, mb_s(rig, &rig->jobs[0]));
	return ret;
}

/* A repetition's number, of bytes and of records. */
static void add_stream(struct rig *rig, enum team team, uint64_t block)
{
	double value = mb_s(rig, &rig->jobs[1]);

	figure_add(&rig->figures, ring_names[team], block, value);
	figure_add(&rig->figures, message_names[team], block, value * 1e6 / block);
}

static int measure_block(struct rig *rig, unsigned int repetition, unsigned int i)
{
	int ret = count_for(rig, blocks[i], &rig->stream_counts[i]);

	for (unsigned int turn = 0; turn < TEAMS && !ret; turn++) {
		enum team team = rig_turn(repetition, turn);

		ret = stream(rig, team, blocks[i], rig->stream_counts[i]);
		if (!ret)
			add_stream(rig, team, blocks[i]);
	}
	return ret ? ret : measure_copy(rig, blocks[i], rig->stream_counts[i]);
}

/* What KVM made of the guests' doorbells since the last time. */
static uint64_t bells_heard(struct rig *rig)
{
	uint64_t heard = 0;

	for (unsigned int i = 0; i < 2; i++) {
		eventfd_t n;

		if (!eventfd_read(rig->guests[i].bell_fd, &n))
			heard += n;
	}
	return heard;
}

/* Rung for records between guests, of whom one asks for it whenever there is nothing, or not. */
static int measure_bells(struct rig *rig, const char *name, bool drowsy)
{
	uint64_t rung, heard;
	int ret;

	for (unsigned int i = 0; i < 2; i++) {
		rig->jobs[i] = stream_job(i ? WORK_CONSUME : WORK_PRODUCE, BELL_BLOCK,
					  BELL_BATCH * BELL_BATCHES);
		rig->jobs[i].batch = BELL_BATCH;
		rig->jobs[i].drowsy = drowsy;
		rig->jobs[i].bell = BELL_AT;
	}
	ret = rig_do(rig, TEAM_GUESTS, 2);
	if (ret)
		return ret;
	rung = rig->jobs[0].rung + rig->jobs[1].rung;
	heard = bells_heard(rig);
	if (!rung || heard != rung) {
		fprintf(stderr, "native: %lu doorbells were rung, %lu heard\n", rung, heard);
		return -EIO;
	}
	figure_add(&rig->figures, name, BELL_BATCH,
		   (rig->jobs[0].bells + rig->jobs[1].bells) / (double)BELL_BATCHES);
	return 0;
}

int streams_measure(struct rig *rig, unsigned int repetition)
{
	int ret = 0;

	for (unsigned int i = 0; i < STREAM_BLOCKS && !ret; i++)
		ret = measure_block(rig, repetition, i);
	ret = ret ? ret : measure_bells(rig, AWAKE_NAME, false);
	return ret ? ret : measure_bells(rig, DROWSY_NAME, true);
}

int streams_verify(struct rig *rig)
{
	int ret = 0;

	for (unsigned int i = 0; i < STREAM_BLOCKS && !ret; i++) {
		for (unsigned int side = 0; side < 2; side++) {
			rig->jobs[side] = stream_job(side ? WORK_CONSUME : WORK_PRODUCE, blocks[i],
						     VERIFY_BYTES / blocks[i]);
			rig->jobs[side].verify = 1;
		}
		ret = rig_do(rig, TEAM_GUESTS, 2);
	}
	return ret;
}

static void goal_ratio(struct figures *all, const char *name, uint64_t block, double bound)
{
	figure_add_ratio(all, &(struct figure_ratio){
		.name = name,
		.above = figure_of(all, ring_names[TEAM_GUESTS], block),
		.below = figure_of(all, ring_names[TEAM_PROCESSES], block),
		.peer_name = PROCESSES, .goal = GOAL_LEAST, .bound = bound,
	});
}

/* A goal where the machine is as fast as the one it was set for. */
static void goal_records(struct figures *all)
{
	struct figure *f = figure_of(all, "native_ring_64b_mrecords_s", 64);
	const struct figure *guests = figure_of(all, ring_names[TEAM_GUESTS], 64);
	const struct figure *processes = figure_of(all, ring_names[TEAM_PROCESSES], 64);
	double copied = series_median(&figure_of(all, COPY_NAME, 65536)->own);

	for (unsigned int i = 0; i < guests->own.nr; i++)
		series_add(&f->own, guests->own.v[i] / 64);
	for (unsigned int i = 0; i < processes->own.nr; i++)
		series_add(&f->peer, processes->own.v[i] / 64);
	f->peer_name = PROCESSES;
	if (copied >= COPY_FAST_MB_S)
		figure_set_goal(f, GOAL_LEAST, 20);
	else
		f->why = "no goal: a core of this machine copies less than 10 GB/s";
}

void streams_end(struct rig *rig)
{
	struct figures *all = &rig->figures;

	for (unsigned int i = 0; i < STREAM_BLOCKS; i++) {
		figure_set_peer(figure_of(all, ring_names[TEAM_GUESTS], blocks[i]), PROCESSES,
				figure_of(all, ring_names[TEAM_PROCESSES], blocks[i]));
		figure_set_peer(figure_of(all, message_names[TEAM_GUESTS], blocks[i]), PROCESSES,
				figure_of(all, message_names[TEAM_PROCESSES], blocks[i]));
	}
	goal_ratio(all, "native_ring_64k_ratio", 65536, 0.97);
	goal_ratio(all, "native_ring_64b_ratio", 64, 0.9);
	goal_records(all);
	figure_set_goal(figure_of(all, AWAKE_NAME, BELL_BATCH), GOAL_MOST, 0);
}
