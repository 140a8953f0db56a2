/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands; for the files of this folder. */
#ifndef VMM_MONITOR_COMMAND_H
#define VMM_MONITOR_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#define COMMAND_LINE_MAX	255	/* characters */

struct machine;

/**
 * command_run() - do what a line says
 * @line: cut into words, in place
 * @too_long: there was more of it than COMMAND_LINE_MAX
 * @out: takes the answer, "error: …" if the line makes no sense, or {"error": "…"} if it asks for
 *	JSON; nothing for a line without a word
 */
void command_run(struct machine *m, char *line, bool too_long, FILE *out);

#endif /* VMM_MONITOR_COMMAND_H */
