/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The monitor: commands in, a line each, and answers out. An answer is lines without an empty one
 * among them, and then one empty line, so that a program knows its end; there is no prompt.
 */
#ifndef VMM_MONITOR_MONITOR_H
#define VMM_MONITOR_MONITOR_H

#include <stddef.h>

#include "error.h"

struct machine;
struct monitor;

/**
 * monitor_create() - take commands from now on
 * @m: the machine that they are about; m->chardev_host is used, the rest when a command comes
 * @spec: a chardev's: "unix:PATH"; one client at a time, the next one waits
 *
 * All its work is done in the loop's thread.
 *
 * Return: 0, or -errno with @err filled.
 */
int monitor_create(struct monitor **out, struct machine *m, const char *spec, struct error *err);
void monitor_destroy(struct monitor *mon);

/* For the command that is being carried out: its answer comes later, and no other line before. */
void monitor_defer(struct monitor *mon);

/* That answer; nobody gets it if who asked has gone meanwhile. @text is changed. */
void monitor_answer(struct monitor *mon, char *text, size_t len);

#endif /* VMM_MONITOR_MONITOR_H */
