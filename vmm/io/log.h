/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is worth telling while the machine runs: warnings and notes on stderr, a line each. What a
 * guest can provoke is limited by the caller's own struct log_limit.
 */
#ifndef VMM_IO_LOG_H
#define VMM_IO_LOG_H

#include <stdatomic.h>
#include <stdint.h>

#define LOG_LIMIT_BURST		10	/* messages… */
#define LOG_LIMIT_SECONDS	5	/* …in so much time */

/* One a device or cause; all zero is ready for use. */
struct log_limit {
	_Atomic uint32_t window;	/* seconds of CLOCK_MONOTONIC / LOG_LIMIT_SECONDS */
	_Atomic uint32_t count;		/* messages in that window */
};

/**
 * log_warn() - print "PROGRAM: warning: …" unless @limit says that it was enough
 * @limit: NULL for what can happen only a few times in a run
 * @fmt: names the thing and the value, without a newline
 *
 * The last message of a window says that further ones are left out. Any thread.
 */
void log_warn(struct log_limit *limit, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what is no fault: "PROGRAM: note: …". */
void log_note(struct log_limit *limit, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* VMM_IO_LOG_H */
