/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGQUIT, SIGTERM and SIGHUP as events of the loop, but for those that were ignored
 * already; to be made before any thread starts.
 */
#ifndef VMM_IO_SIGNALS_H
#define VMM_IO_SIGNALS_H

#include "io/loop.h"

struct signals;

/**
 * signals_create() - block the signals and watch for them in @loop
 * @raised: called in the loop's thread with the signal's number
 *
 * SIGPIPE and SIGXFSZ are ignored: who writes gets an error. Return: 0 or -errno.
 */
int signals_create(struct signals **out, struct loop *loop,
		   void (*raised)(void *opaque, int signum), void *opaque);
void signals_destroy(struct signals *s);

#endif /* VMM_IO_SIGNALS_H */
