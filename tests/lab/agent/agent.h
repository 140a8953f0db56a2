/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent can do, one function a word of its command line; each returns an exit status.
 */
#ifndef LAB_AGENT_H
#define LAB_AGENT_H

#define EXIT_TIMEOUT 124
#define EXIT_LINK 125

enum agent_input {
	INPUT_NONE, /* the command gets an empty standard input */
	INPUT_PIPE, /* it gets ours */
	INPUT_TERMINAL, /* it runs on a terminal that is ours */
};

int agent_serve(const char *path);
int agent_exec(const char *socket, unsigned int timeout_s, const char *text,
	       enum agent_input input);

#endif
