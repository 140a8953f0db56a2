// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivshmemctl: regions of ivshmem_host.ko, the ivshmem PCI devices of a guest, and the peers and
 * doorbells of both.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "output.h"
#include "util.h"

static const struct ctl_command *const commands[] = {
	&ctl_create, &ctl_destroy, &ctl_list, &ctl_peers, &ctl_ring, &ctl_wait, &ctl_serve,
};

void ctl_complain(const struct error *err)
{
	fprintf(stderr, "ivshmemctl: %s\n", err->text);
}

/*
 * getopt_long() has gone past a long option when it complains of it, but not past a word of
 * letters; it tells them apart by optopt: a letter, the value of a known long option, or 0.
 */
enum ctl_status ctl_bad_option(int answer, char **argv, struct error *err)
{
	const char *word = argv[optind - 1];

	if (answer == ':')
		error_set(err, 0,
			  "%s: the option %s wants a value; `ivshmemctl %s --help` tells more",
			  argv[0], word, argv[0]);
	else if (optopt >= CTL_LONG_OPTION)
		error_set(err, 0, "%s: the option %.*s takes no value; leave '%s' out", argv[0],
			  (int)strcspn(word, "="), word, strchrnul(word, '='));
	else if (optopt)
		error_set(err, 0,
			  "%s: the option -%c is not known; `ivshmemctl %s --help` lists them",
			  argv[0], optopt, argv[0]);
	else
		error_set(err, 0,
			  "%s: the option %s is not known; `ivshmemctl %s --help` lists them",
			  argv[0], word, argv[0]);
	return CTL_USAGE;
}

static int usage(void)
{
	size_t i;

	puts("Named regions of shared memory for virtual machines.\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("%s ivshmemctl %s %s\n             %s\n", i ? "      " : "usage:",
		       commands[i]->name, commands[i]->synopsis, commands[i]->summary);
	puts("       ivshmemctl COMMAND --help\n       ivshmemctl --version");
	return CTL_OK;
}

static int version(void)
{
	puts("ivshmemctl " IVSHMEM_VERSION);
	return CTL_OK;
}

static int command_help(const struct ctl_command *command)
{
	printf("usage: ivshmemctl %s %s\n\n%s.\n\n%s", command->name, command->synopsis,
	       command->summary, command->help);
	return CTL_OK;
}

static int command_run(const struct ctl_command *command, int argc, char **argv)
{
	enum ctl_status status;
	struct error err = {};
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return command_help(command);
	opterr = 0;
	status = command->run(argc, argv, &err);
	if (status != CTL_OK)
		ctl_complain(&err);
	return status;
}

static int complain_usage(const char *fmt, const char *word)
{
	struct error err;

	snprintf(err.text, sizeof(err.text), fmt, word);
	ctl_complain(&err);
	return CTL_USAGE;
}

static int run(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return complain_usage("%s is missing; `ivshmemctl --help` lists the commands",
				      "the command");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage();
	if (!strcmp(argv[1], "--version"))
		return version();
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i]->name))
			return command_run(commands[i], argc - 1, argv + 1);
	return complain_usage("'%s' is not a command; `ivshmemctl --help` lists them", argv[1]);
}

/* What is opened later and printed into would be a region else. Writing to this one fails. */
static void standard_fds_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDONLY); /* takes the lowest that is free: fd */
}

int main(int argc, char **argv)
{
	struct error err;
	int status;

	standard_fds_open();
	status = run(argc, argv);

	if (!output_finish(&err))
		return status;
	ctl_complain(&err);
	return status ? status : CTL_FAILED;
}
