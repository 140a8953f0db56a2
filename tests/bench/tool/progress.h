/* SPDX-License-Identifier: GPL-2.0-only */
/* How far all runs have come, on standard error: a line that is written over on a terminal. */
#ifndef TESTS_BENCH_TOOL_PROGRESS_H
#define TESTS_BENCH_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	char what[64];			/* that is measured now */
	bool terminal;			/* else a line each time */
	bool shown;			/* there is a line to take away */
	uint64_t begin, expected_ns;	/* of all runs */
	uint64_t next;			/* time of the next line */
};

void progress_begin(struct progress *p, uint64_t expected_ns);
void progress_show(struct progress *p, uint64_t now);
void progress_end(struct progress *p);

#endif /* TESTS_BENCH_TOOL_PROGRESS_H */
