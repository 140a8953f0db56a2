// SPDX-License-Identifier: GPL-2.0-only
/* ivmm: a virtual machine from a command line. The only place that prints errors and exits. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"
#include "machine.h"
#include "options.h"
#include "output.h"

/* A descriptor of the machine that got such a number would be taken for what it is not. */
static void standard_fds_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR); /* takes the lowest number that is free: fd */
}

/*
 * What all messages begin with: the C library's word for the program, which log.c prints too, and
 * behind it the machine's name, kept in @prefix.
 */
static void messages_name(char *prefix, size_t size, const char *name)
{
	snprintf(prefix, size, "ivmm%s%s", name ? " " : "", name ? name : "");
	program_invocation_short_name = prefix;
}

static void message_print(const struct error *err)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
}

static int fail(const struct error *err)
{
	message_print(err);
	return error_status(err);
}

static int run(const struct options *opts)
{
	struct error err;
	struct machine *m;
	int ret = machine_create(&m, opts, &err);

	if (ret)
		return fail(&err);
	ret = machine_run(m, &err);
	machine_destroy(m);
	if (ret == EXIT_FAILURE)
		message_print(&err);
	return ret;
}

static int printed(void)
{
	struct error err;

	return output_finish(&err) ? fail(&err) : EXIT_SUCCESS;
}

static int act(const struct options *opts)
{
	switch (opts->action) {
	case OPTIONS_HELP:
		options_help(stdout);
		return printed();
	case OPTIONS_VERSION:
		printf("ivmm %s\n", IVSHMEM_VERSION);
		return printed();
	default:
		return run(opts);
	}
}

#define HEAP_TABLE	(32 * 1024)	/* bytes: from here on, pages of its own */

/*
 * Threads hardly allocate: a heap each would be memory for nothing. So would a reserve at the end
 * of the heap, or large tables in it: what calloc() takes there it clears by hand, so that all of a
 * table is in memory, used or not; fresh pages are zero, and come as they are used.
 */
static void heap_settle(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_MMAP_THRESHOLD, HEAP_TABLE);
}

int main(int argc, char **argv)
{
	struct options opts;
	struct error err;
	char prefix[128];
	int ret;

	standard_fds_open();
	descriptors_raise();
	heap_settle();
	ret = options_parse(&opts, argc, argv, &err);
	messages_name(prefix, sizeof(prefix), opts.name);
	ret = ret ? fail(&err) : act(&opts);
	options_fini(&opts);
	return ret;
}
