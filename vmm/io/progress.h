/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far something long has come, for who waits at a terminal: a line on stderr that is written
 * over and over and taken away at the end. Nothing is printed where stderr is no terminal.
 */
#ifndef VMM_IO_PROGRESS_H
#define VMM_IO_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;		/* outlives it */
	bool terminal;			/* stderr is one */
	bool shown;			/* there is a line to take away */
	uint64_t next;			/* when it may be written again, ms of CLOCK_MONOTONIC */
};

void progress_init(struct progress *p, const char *what);
void progress_fini(struct progress *p);

/**
 * progress_step() - @done of @all bytes are done
 * @opaque: a struct progress
 *
 * Called as often as one likes, by one thread. Return: whether to go on: false once a signal waits
 * (signals_create()) that is to end the program.
 */
bool progress_step(void *opaque, uint64_t done, uint64_t all);

#endif /* VMM_IO_PROGRESS_H */
