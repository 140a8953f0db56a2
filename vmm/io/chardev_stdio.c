// SPDX-License-Identifier: GPL-2.0-only
/* The user's terminal, or whatever stdin and stdout are, with Ctrl-a as the key for ivmm itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/chardev_internal.h"
#include "io/terminal.h"

#define KEY_CTRL_A	0x01

static const char stdio_help[] =
	"\r\n"
	"Ctrl-a x       quit\r\n"
	"Ctrl-a h       this help\r\n"
	"Ctrl-a Ctrl-a  send Ctrl-a to the guest\r\n";

/*
 * O_NONBLOCK belongs to the open file, which a shell and others share with us: a terminal or pipe
 * is opened anew. What has no such need is shared.
 */
static int stdio_reopen(int fd, mode_t type, int flags)
{
	char path[32];

	if (type != S_IFCHR && type != S_IFIFO)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static mode_t stdio_type(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_mode & S_IFMT;
}

/* Is read only when there is something to read. */
static int stdio_open_in(void)
{
	int fd = stdio_reopen(STDIN_FILENO, stdio_type(STDIN_FILENO), O_RDONLY);

	return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
}

/*
 * Must not block. A file needs its position kept, and never does; a socket is asked each time not
 * to. What else can't be opened anew, such as another user's terminal, is changed until the end.
 */
static int stdio_open_out(struct chardev *c, mode_t type)
{
	int fd = stdio_reopen(STDOUT_FILENO, type, O_WRONLY);

	if (fd >= 0)
		return fd;
	if (type != S_IFREG && type != S_IFSOCK) {
		c->out_flags = fcntl(STDOUT_FILENO, F_GETFL);
		fcntl(STDOUT_FILENO, F_SETFL, c->out_flags | O_NONBLOCK);
	}
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

static int stdio_open(struct chardev *c, const char *arg, struct error *err)
{
	mode_t type = stdio_type(STDOUT_FILENO);
	int ret = terminal_set_raw(c->host->terminal, STDIN_FILENO);

	(void)arg;
	if (ret)
		return error_set(err, ret, "can't set the terminal to raw mode: %s",
				 strerror(-ret));
	c->keys = isatty(STDIN_FILENO);
	c->out_flags = -1;
	chardev_attach(c, stdio_open_in(), stdio_open_out(c, type), type == S_IFSOCK);
	return 0;
}

/* /dev/null and files can't be waited for (-EPERM): there is no input then. */
static int stdio_start(struct chardev *c)
{
	int ret = chardev_watch(c);

	return ret == -EPERM ? 0 : ret;
}

/* The end of input is not the end of output. */
static void stdio_hangup(struct chardev *c)
{
	pthread_mutex_lock(&c->lock);
	loop_del(c->host->loop, &c->in);
	c->reading = false;
	close(c->in.fd);
	c->in.fd = -1;
	pthread_mutex_unlock(&c->lock);
}

/* The key after Ctrl-a. Returns whether it goes to the guest. */
static bool stdio_command(struct chardev *c, uint8_t key)
{
	switch (key) {
	case KEY_CTRL_A:
		return true;
	case 'x':
		c->host->quit(c->host->opaque);
		return false;
	case 'h':
		chardev_write(c, stdio_help, sizeof(stdio_help) - 1);
		return false;
	default:
		return false;
	}
}

static bool stdio_key(struct chardev *c, uint8_t key)
{
	if (c->escape) {
		c->escape = false;
		return stdio_command(c, key);
	}
	c->escape = key == KEY_CTRL_A;
	return !c->escape;
}

static size_t stdio_filter(struct chardev *c, uint8_t *buf, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (stdio_key(c, buf[i]))
			buf[kept++] = buf[i];
	}
	return kept;
}

static void stdio_close(struct chardev *c)
{
	if (c->out_flags >= 0)
		fcntl(STDOUT_FILENO, F_SETFL, c->out_flags);
	terminal_restore(c->host->terminal);
}

const struct chardev_kind chardev_kind_stdio = {
	.open = stdio_open,
	.start = stdio_start,
	.hangup = stdio_hangup,
	.filter = stdio_filter,
	.close = stdio_close,
};
