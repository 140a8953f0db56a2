/* SPDX-License-Identifier: GPL-2.0-only */
/* How often virtual machines of this host came out of their guests, by KVM's statistics. */
#ifndef TESTS_BENCH_TOOL_EXITS_H
#define TESTS_BENCH_TOOL_EXITS_H

#include <stdint.h>

#define EXITS_MACHINES	8

/* The processes whose machines are meant. */
struct exits {
	uint32_t pids[EXITS_MACHINES];
	unsigned int count;
};

/* Of all of them up to now: 0, or -errno. */
int exits_read(const struct exits *e, uint64_t *exits);

#endif /* TESTS_BENCH_TOOL_EXITS_H */
