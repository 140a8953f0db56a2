/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two sides tell each other: the job that the leading one asks for, and what became of it.
 * Both are words of 64 bits only, as they lie in shared memory and go through sockets.
 */
#ifndef TESTS_BENCH_TOOL_JOB_H
#define TESTS_BENCH_TOOL_JOB_H

#include <stdint.h>

enum job_mode {
	JOB_READ,
	JOB_WRITE,
	JOB_MMAP,
	JOB_RING,
	JOB_QUEUE,
	JOB_PINGPONG,
	JOB_DOORBELL,
	JOB_STREAM,
	JOB_MODES
};

/* How doorbells are rung. */
enum job_ring {
	JOB_RING_CALL,		/* an ioctl */
	JOB_RING_MAPPED,	/* a store to the mapped registers */
};

/* How they are heard. */
enum job_hear {
	JOB_HEAR_WAIT,		/* the ioctl WAIT; on a host read() of an eventfd */
	JOB_HEAR_EVENTFD,	/* poll() and read() of an eventfd */
	JOB_HEAR_MEMORY,	/* not at all: one looks at the shared memory */
};

#define JOB_BLOCK_LEAST	8
#define JOB_BLOCK_MOST	(64u << 20)
#define JOB_BATCH_MOST	4096

/**
 * struct job - what is to be done
 * @mode: of enum job_mode
 * @block: bytes of a message, a multiple of 8
 * @capacity: bytes of a ring or queue; of one-sided modes, how much memory is gone through
 * @batch: messages that are published at once
 * @verify: each byte follows from its position and @seed, and is checked
 * @seed: another one for each run
 * @libc: copies are memcpy()'s
 * @bells: who finds nothing to do sleeps, and is rung
 * @ring: of enum job_ring
 * @hear: of enum job_hear
 * @last: no other follows; told over sockets, where each is a connection
 */
struct job {
	uint64_t mode;
	uint64_t block;
	uint64_t capacity;
	uint64_t batch;
	uint64_t verify;
	uint64_t seed;
	uint64_t libc;
	uint64_t bells;
	uint64_t ring;
	uint64_t hear;
	uint64_t last;
};

/**
 * struct outcome - what one side has done
 * @error: 0, or an errno: why not; EBADMSG: what came was not what was sent
 * @messages: of the part of the run that counts
 * @cpu_ns: processor time for them
 * @rings: doorbells for them
 * @wrong_message: with EBADMSG: the number of the first message that was wrong
 * @wrong_byte: the first wrong byte in it
 */
struct outcome {
	uint64_t error;
	uint64_t messages;
	uint64_t cpu_ns;
	uint64_t rings;
	uint64_t wrong_message;
	uint64_t wrong_byte;
};

#define JOB_WORDS	(sizeof(struct job) / sizeof(uint64_t))
#define OUTCOME_WORDS	(sizeof(struct outcome) / sizeof(uint64_t))

#endif /* TESTS_BENCH_TOOL_JOB_H */
