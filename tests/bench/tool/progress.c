// SPDX-License-Identifier: GPL-2.0-only
/* The line on standard error. */
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define TERMINAL_NS	(NS_PER_S / 5)
#define LINE_NS		(2 * NS_PER_S)

void progress_begin(struct progress *p, uint64_t expected_ns)
{
	p->terminal = isatty(STDERR_FILENO);
	p->begin = clock_ns();
	p->expected_ns = expected_ns;
	p->next = p->begin;
}

void progress_show(struct progress *p, uint64_t now)
{
	unsigned int percent;

	if (now < p->next)
		return;
	p->next = now + (p->terminal ? TERMINAL_NS : LINE_NS);
	percent = (unsigned int)((now - p->begin) * 100 / (p->expected_ns + 1));
	fprintf(stderr, p->terminal ? "\r%3u %% %s\033[K" : "progress %u %s\n",
		percent < 99 ? percent : 99, p->what);
	fflush(stderr);
	p->shown = p->terminal;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
