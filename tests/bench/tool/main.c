// SPDX-License-Identifier: GPL-2.0-only
/* ivshmem-bench: how fast memory is that virtual machines and processes share. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "output.h"
#include "sides.h"

static int pin(int cpu, struct error *err)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ?
	       error_arg(err, -errno, "--pin %d: %s", cpu, strerror(errno)) : 0;
}

/* The words of the command line, for free(); NULL: no memory. */
static char *command_text(int argc, char **argv)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		return NULL;
	fputs("ivshmem-bench", out);
	for (i = 1; i < argc; i++)
		fprintf(out, " %s", argv[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int sides_run(const struct options *o, const char *command, struct error *err)
{
	struct watch watch;
	int ret = pin(o->pin, err);

	if (ret)
		return ret;
	ret = watch_init(&watch);
	if (ret)
		return error_set(err, ret, "a thread: %s", strerror(-ret));
	ret = o->what == OPTIONS_ANSWER ? answer(o, &watch, err) : lead(o, &watch, command, err);
	watch_fini(&watch);
	return ret;
}

static int run(int argc, char **argv, struct error *err)
{
	struct options o;
	char *command;
	int ret = options_parse(&o, argc, argv, err);

	if (ret)
		return ret;
	if (o.what == OPTIONS_HELP) {
		options_help();
		return 0;
	}
	if (o.what == OPTIONS_VERSION) {
		puts("ivshmem-bench " IVSHMEM_VERSION);
		return 0;
	}
	command = command_text(argc, argv);
	if (!command)
		return error_set(err, -ENOMEM, "no memory");
	ret = sides_run(&o, command, err);
	free(command);
	return ret;
}

int main(int argc, char **argv)
{
	struct error err = { .arg = false };
	int ret = run(argc, argv, &err);

	if (!ret)
		ret = output_finish(&err);
	if (!ret)
		return 0;
	fprintf(stderr, "ivshmem-bench: %s\n", err.text);
	return error_status(&err);
}
