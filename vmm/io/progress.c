// SPDX-License-Identifier: GPL-2.0-only
/* The line on stderr that says how far something has come. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "io/progress.h"
#include "size.h"

#define PROGRESS_MS	100

void progress_init(struct progress *p, const char *what)
{
	*p = (struct progress){ .what = what, .terminal = isatty(STDERR_FILENO) };
}

void progress_fini(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void progress_print(struct progress *p, uint64_t done, uint64_t all)
{
	fprintf(stderr, "\r%s: %s: %d %% of %s\033[K", program_invocation_short_name, p->what,
		(int)(100.0 * done / all), size_text(all).text);
	fflush(stderr);
	p->shown = true;
	p->next = now_ms() + PROGRESS_MS;
}

/* Those of signals_create(), which are blocked and wait for the loop. */
static bool signal_waits(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGQUIT) ||
		sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP));
}

bool progress_step(void *opaque, uint64_t done, uint64_t all)
{
	struct progress *p = opaque;

	if (p->terminal && all && now_ms() >= p->next)
		progress_print(p, done, all);
	return !signal_waits();
}
