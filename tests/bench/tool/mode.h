/* SPDX-License-Identifier: GPL-2.0-only */
/* The modes: what is measured, a file each. */
#ifndef TESTS_BENCH_TOOL_MODE_H
#define TESTS_BENCH_TOOL_MODE_H

#include <stdbool.h>

#include "run.h"

/**
 * struct mode - one of them
 * @name: as in --mode and in the figures' names
 * @answered: there are two sides
 * @memory: it can be measured where memory is shared
 * @sockets: and over sockets
 * @trips: round trips are measured, else a flow of blocks
 * @fit: settles @run's capacity by block and place; 0, or -errno: -EMSGSIZE the block does not fit,
 *	-EOPNOTSUPP the place has not what it takes. Asked on both sides: nothing of the job is
 *	believed before
 * @prepare: on the answering side, before it says that it is ready; may be NULL
 * @lead: measures; of modes that are answered until meeting_conclude() is to be called
 * @answer: the other side's part
 */
struct mode {
	const char *name;
	bool answered;
	bool memory;
	bool sockets;
	bool trips;
	int (*fit)(struct run *run);
	int (*prepare)(struct run *run);
	int (*lead)(struct run *run, uint64_t ns);
	int (*answer)(struct run *run);
};

/* By enum job_mode. */
extern const struct mode *const modes[JOB_MODES];

/* Whether the job can be done here, whoever asks for it, and memory for it. 0 or -errno. */
int run_init(struct run *run);
void run_fini(struct run *run);

extern const struct mode mode_read, mode_write, mode_mmap, mode_ring, mode_queue, mode_pingpong,
	mode_doorbell, mode_stream;

#endif /* TESTS_BENCH_TOOL_MODE_H */
