/* SPDX-License-Identifier: GPL-2.0-only */
/* The user's terminal: raw while a guest has it, and back as it was on every way out. */
#ifndef VMM_IO_TERMINAL_H
#define VMM_IO_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd;
	bool raw;		/* saved is to be restored */
	struct termios saved;
};

/*
 * Each key goes to the guest at once, ^C too. Nothing is done if @fd is no terminal. 0 or -errno.
 */
int terminal_set_raw(struct terminal *t, int fd);

/* Safe in a signal handler. */
void terminal_restore(struct terminal *t);

#endif /* VMM_IO_TERMINAL_H */
