/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured: two teams of two workers over the same pages, by turns. */
#ifndef TESTS_BENCH_NATIVE_RIG_H
#define TESTS_BENCH_NATIVE_RIG_H

#include <stdbool.h>
#include <time.h>

#include "figures.h"
#include "worker.h"

enum team {
	TEAM_GUESTS,
	TEAM_PROCESSES,
	TEAMS
};

#define STREAM_BLOCKS	8	/* sizes of records */

/* Whom guests are compared with. */
#define PROCESS		"a process of this host, the same code and pages"
#define PROCESSES	"two processes of this host, the same code and pages"

struct rig {
	struct shared shared;
	struct guest_worker guests[2];
	struct process_worker processes[2];
	struct worker *teams[TEAMS][2];
	struct job jobs[2];		/* of those at work */
	int cpus[2];
	unsigned int repetitions;
	double seconds;			/* that one measurement takes */
	double ticks_per_ns;		/* of the time-stamp counter */
	uint64_t round;			/* jobs so far */
	uint64_t stream_counts[STREAM_BLOCKS];	/* records in a measurement, once known */
	struct figures figures;
};

/* The team that has its turn @turn-th in repetition @repetition: nobody is always the first. */
static inline enum team rig_turn(unsigned int repetition, unsigned int turn)
{
	return (repetition + turn) % TEAMS;
}

/* Of a clock that nobody sets. */
static inline uint64_t rig_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Somebody wants it to end: what is there until then is written. */
bool rig_interrupted(void);

/* The team's members do rig->jobs[]: the first alone, or both. 0, or -errno, printed. */
int rig_do(struct rig *rig, enum team team, unsigned int nr);

/*
 * Each takes a repetition's numbers, 0 or -errno with the reason printed; and when there are all,
 * makes of them what is asked.
 */
int streams_measure(struct rig *rig, unsigned int repetition);
void streams_end(struct rig *rig);
int pingpong_measure(struct rig *rig, unsigned int repetition);
void pingpong_end(struct rig *rig);
int reads_measure(struct rig *rig, unsigned int repetition);
void reads_end(struct rig *rig);
int clocks_measure(struct rig *rig, unsigned int repetition);
void clocks_end(struct rig *rig);

/* Before the first of all, and before the first reads. */
int clocks_compare(struct rig *rig);
int reads_begin(struct rig *rig);

/* Every byte of records of all sizes, from guest to guest; 0, or -errno with the reason printed. */
int streams_verify(struct rig *rig);

int stores_measure(struct rig *rig);

/* Doorbells, all of their own guests. Without them the rest stands. */
int doorbells_measure(struct rig *rig);
void doorbells_end(struct rig *rig);

#endif /* TESTS_BENCH_NATIVE_RIG_H */
