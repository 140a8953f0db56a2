/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The work that is measured: one piece of machine code without a C library, that bare guests run at
 * ring 3 and processes of the host run too, at the same addresses. The host writes a job, the code
 * does it and writes what came out.
 */
#ifndef TESTS_BENCH_NATIVE_PAYLOAD_H
#define TESTS_BENCH_NATIVE_PAYLOAD_H

#include <stdint.h>

#define HUGE		0x200000ull	/* a page */

#define HISTOGRAM_OFFSET 0x1000ull

/* Addresses, in a guest physical ones as well. First what each worker has alone, in huge pages. */
#define OWN_AT		0x40000000ull
#define OWN_SIZE	0x1000000ull
#define JOB_AT		OWN_AT			/* a struct job */
#define HISTOGRAM_AT	(OWN_AT + HISTOGRAM_OFFSET)	/* times in ticks */
#define CODE_AT		(OWN_AT + HUGE)
#define BUFFER_AT	(OWN_AT + 2 * HUGE)	/* a block from or to which is copied */
#define STACK_TOP	(OWN_AT + 4 * HUGE)	/* of a guest; its page tables follow */
#define TABLES_AT	STACK_TOP

/* A guest's doorbell: a register whose stores raise an eventfd. */
#define BELL_AT		0xe0000000ull

/* What all have: the same pages in mappings of 2 MiB, and once more in such of 4 KiB. */
#define REGION_SIZE	0x8000000ull
#define REGION_AT	0x140000000ull
#define REGION_SMALL_AT	0x180000000ull

/* There: a ring; words where two workers meet; and random reads. */
#define MEET_OFFSET	0x3e00000ull
#define CHAIN_OFFSET	0x4000000ull
#define CHAIN_SIZE	0x4000000ull

#define BLOCK_MAX	0x100000ull

enum work {
	WORK_TICK,		/* lets @count ticks pass, notes which others had */
	WORK_PRODUCE,		/* @count records of @block bytes into a ring */
	WORK_CONSUME,		/* and out of it */
	WORK_PING,		/* @count times: store, wait for the answer, note how long */
	WORK_PONG,		/* wait, store the answer */
	WORK_CHASE,		/* @count loads, each from where the one before said */
	WORK_RING,		/* @count stores to the doorbell, note how long each */
	WORK_COPY,		/* @count blocks of @block bytes copied into the ring's data */
};

struct job {
	uint64_t go;		/* the host counts the jobs; last of all */
	uint64_t done;		/* the worker, the jobs that it did */
	uint64_t endless;	/* then wait for the next, as a guest does */

	uint64_t work;		/* an enum work */
	uint64_t round;		/* the same for two who meet, and more each time */
	uint64_t at;		/* of the shared memory, in the mapping that is meant */
	uint64_t capacity;	/* of the ring's data */
	uint64_t block, count;
	uint64_t batch;		/* records that are published at once */
	uint64_t verify;	/* every byte, at the consumer */
	uint64_t drowsy;	/* a consumer who asks for a doorbell when there is nothing */
	uint64_t bell;		/* the doorbell's register; 0: it is counted only */

	int64_t status;		/* 0, or the ring's -errno */
	uint64_t ticks;		/* of the time-stamp counter */
	uint64_t lost;		/* of them, when something else had the CPU */
	uint64_t rung;		/* doorbells, those of the beginning too */
	uint64_t bells;		/* of them, for records */
	uint64_t wrong;		/* records that were not as they were sent */
};

#endif /* TESTS_BENCH_NATIVE_PAYLOAD_H */
