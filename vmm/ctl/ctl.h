/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of ivshmemctl, and how they end. */
#ifndef VMM_CTL_CTL_H
#define VMM_CTL_CTL_H

#include "error.h"

/* Exit statuses of ivshmemctl. */
enum ctl_status {
	CTL_OK = 0,
	CTL_FAILED = 1,		/* the system said no */
	CTL_USAGE = 2,		/* the command line is wrong */
	CTL_TIMEOUT = 3,	/* what was waited for did not come in time */
};

/**
 * struct ctl_command - a word on the command line
 * @name: the word
 * @synopsis: what follows it, for the usage
 * @summary: what it does, in a line
 * @help: its options and details
 * @run: does it; argv[0] is the word. Fills the error unless it returns CTL_OK.
 */
struct ctl_command {
	const char *name, *synopsis, *summary, *help;
	enum ctl_status (*run)(int argc, char **argv, struct error *err);
};

extern const struct ctl_command ctl_create, ctl_destroy, ctl_list, ctl_peers, ctl_ring, ctl_serve,
	ctl_wait;

/* Prints a message to standard error, behind the program's name. */
void ctl_complain(const struct error *err);

/* Where the values of long options begin, out of the way of letters: no command has short ones. */
#define CTL_LONG_OPTION	256

/* What getopt_long() answered '?' or ':' to; CTL_USAGE with @err filled. */
enum ctl_status ctl_bad_option(int answer, char **argv, struct error *err);

#endif /* VMM_CTL_CTL_H */
