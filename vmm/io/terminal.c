// SPDX-License-Identifier: GPL-2.0-only
/* Raw mode of the user's terminal. */
#include <errno.h>
#include <unistd.h>

#include "io/terminal.h"

int terminal_set_raw(struct terminal *t, int fd)
{
	struct termios raw;

	if (!isatty(fd))
		return 0;
	if (tcgetattr(fd, &t->saved) < 0)
		return -errno;
	raw = t->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;	/* our own messages end in a bare newline */
	t->fd = fd;
	t->raw = true;
	if (tcsetattr(fd, TCSANOW, &raw) < 0) {
		t->raw = false;
		return -errno;
	}
	return 0;
}

void terminal_restore(struct terminal *t)
{
	if (t->raw)
		tcsetattr(t->fd, TCSANOW, &t->saved);
	t->raw = false;
}
