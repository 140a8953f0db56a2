/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A running shell command: its process group, its three streams or its terminal.
 */
#ifndef LAB_AGENT_COMMAND_H
#define LAB_AGENT_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "frame.h"

struct command {
	pid_t pid; /* leader of its process group, 0: none runs */
	bool terminal;
	int in, out, err; /* our ends, -1: closed; in and out may be one terminal */
};

int command_start(struct command *command, const struct exec_request *request, const char *text)
	__attribute__((warn_unused_result));
bool command_ended(struct command *command, int *status);
void command_set_window(struct command *command, const struct exec_request *request);
void command_kill(struct command *command);
void command_close(struct command *command);
void command_close_input(struct command *command);

#endif
