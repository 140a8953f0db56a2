// SPDX-License-Identifier: GPL-2.0-only
/* Warnings and notes on stderr. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "io/log.h"

/* The number of this message in its window, from 1. */
static uint32_t log_count(struct log_limit *limit)
{
	struct timespec now;
	uint32_t window;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	window = now.tv_sec / LOG_LIMIT_SECONDS;
	if (atomic_exchange(&limit->window, window) != window)
		atomic_store(&limit->count, 0);
	return atomic_fetch_add(&limit->count, 1) + 1;
}

static void log_print(struct log_limit *limit, const char *kind, const char *fmt, va_list ap)
{
	uint32_t count = limit ? log_count(limit) : 1;
	char text[512];

	if (count > LOG_LIMIT_BURST)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(stderr, "%s: %s: %s%s\n", program_invocation_short_name, kind, text,
		count == LOG_LIMIT_BURST ? " (further ones are left out)" : "");
}

void log_warn(struct log_limit *limit, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_print(limit, "warning", fmt, ap);
	va_end(ap);
}

void log_note(struct log_limit *limit, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_print(limit, "note", fmt, ap);
	va_end(ap);
}
