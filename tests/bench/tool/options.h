/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. */
#ifndef TESTS_BENCH_TOOL_OPTIONS_H
#define TESTS_BENCH_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "exits.h"
#include "job.h"

#define OPTIONS_BLOCKS		32
#define OPTIONS_REPEAT_MOST	100

enum options_do {
	OPTIONS_LEAD,
	OPTIONS_ANSWER,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

/**
 * struct options - what is wanted
 * @what: is to be done
 * @job: as far as it is the same for all blocks; without a batch: by the block
 * @blocks: bytes, @block_count of them
 * @ns: of a run
 * @repeat: runs of each block
 * @gap_ns: before a round trip of doorbells; -1: what suits the way to hear
 * @patience_ns: how long to wait for somebody who answers
 * @peer: whom to ring, -1: who answers
 * @pin: CPU to run on, -1: any
 * @spin: never sleep, though the place has doorbells
 * @once: answer one leading side only
 */
struct options {
	enum options_do what;
	struct job job;
	uint64_t blocks[OPTIONS_BLOCKS];
	unsigned int block_count;
	uint64_t ns;
	unsigned int repeat;
	int64_t gap_ns;
	uint64_t patience_ns;
	int peer;
	int pin;
	bool spin;
	bool once;
	bool json;
	bool progress;
	struct exits kvm;
	const char *place;
};

/* 0, or -EINVAL with @err filled. */
int options_parse(struct options *o, int argc, char **argv, struct error *err);

void options_help(void);

#endif /* TESTS_BENCH_TOOL_OPTIONS_H */
