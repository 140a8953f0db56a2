// SPDX-License-Identifier: GPL-2.0-only
/* A server on a UNIX socket: clients come and go, one at a time; the next one waits. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/chardev_internal.h"
#include "util.h"

#define UNIX_BACKLOG	1

static int unix_address(struct sockaddr_un *addr, const char *path, struct error *err)
{
	if (!*path)
		return error_arg(err, -EINVAL, "'unix:' names no socket: give unix:PATH");
	if (strlen(path) >= sizeof(addr->sun_path))
		return error_arg(err, -EINVAL,
				 "'unix:%s': the path is longer than the %zu bytes that a socket's "
				 "name may have: use a shorter one",
				 path, sizeof(addr->sun_path) - 1);
	addr->sun_family = AF_UNIX;
	strcpy(addr->sun_path, path);
	return 0;
}

/* A socket that refuses connections, as any other file does, is left over from a killed program. */
static bool unix_is_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(addr->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int unix_bind(int fd, const struct sockaddr_un *addr)
{
	if (!bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (!unix_is_stale(addr) || unlink(addr->sun_path) < 0)
		return -EADDRINUSE;
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;
}

static int unix_listen(const char *path, struct error *err)
{
	struct sockaddr_un addr = { 0 };
	int ret = unix_address(&addr, path, err);
	int fd;

	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, -errno, "can't make a socket: %s", strerror(errno));
	ret = unix_bind(fd, &addr);
	if (!ret && listen(fd, UNIX_BACKLOG) < 0)
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return error_arg(err, ret, "can't listen at '%s': %s%s", path, strerror(-ret),
			 ret == -EADDRINUSE ? "; another program uses it, or it is no socket" : "");
}

static void unix_set_listening(struct chardev *c, bool listening)
{
	c->listener.events = listening ? EPOLLIN : 0;
	loop_mod(c->host->loop, &c->listener);
}

static void unix_hangup(struct chardev *c)
{
	chardev_detach(c);
	if (c->client.event)
		c->client.event(c->client.opaque, CHARDEV_CLOSED);
	unix_set_listening(c, true);
}

/* No descriptor or no memory is left: the client waits in the queue, and the loop does not spin. */
static void unix_accept_later(struct chardev *c, int error)
{
	log_warn(&c->limit, "a client of '%s' has to wait: %s", c->path, strerror(error));
	unix_set_listening(c, false);
	chardev_wake(c, CHARDEV_RETRY_NS);
}

static void unix_woken(struct chardev *c)
{
	if (c->in.fd < 0)
		unix_set_listening(c, true);
}

static void unix_accept(struct loop_handler *h, uint32_t events)
{
	struct chardev *c = container_of(h, struct chardev, listener);
	int in, out, ret;

	(void)events;
	in = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (in < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return;
	out = in < 0 ? -1 : fcntl(in, F_DUPFD_CLOEXEC, 0);
	if (out < 0) {
		unix_accept_later(c, errno);
		close(in);
		return;
	}
	unix_set_listening(c, false);
	chardev_attach(c, in, out, true);
	if (c->client.event)
		c->client.event(c->client.opaque, CHARDEV_OPENED);
	ret = chardev_watch(c);
	if (ret) {
		log_warn(&c->limit, "a client of '%s' is sent away: %s", c->path, strerror(-ret));
		unix_hangup(c);
	}
}

static int unix_open(struct chardev *c, const char *path, struct error *err)
{
	int fd = unix_listen(path, err);
	struct stat st;

	if (fd < 0)
		return fd;
	c->path = strdup(path);
	if (!c->path) {
		unlink(path);
		close(fd);
		return error_arg(err, -ENOMEM, "no memory for the socket '%s'", path);
	}
	if (!lstat(path, &st)) {
		c->path_dev = st.st_dev;
		c->path_ino = st.st_ino;
	}
	c->listener = (struct loop_handler){ fd, EPOLLIN, unix_accept };
	return 0;
}

static int unix_start(struct chardev *c)
{
	return loop_add(c->host->loop, &c->listener);
}

/* The name may be another program's by now; ours can't be anybody else's while we listen. */
static bool unix_is_ours(const struct chardev *c)
{
	struct stat st;

	return !lstat(c->path, &st) && st.st_dev == c->path_dev && st.st_ino == c->path_ino;
}

static void unix_close(struct chardev *c)
{
	if (unix_is_ours(c))
		unlink(c->path);
	loop_del(c->host->loop, &c->listener);
	close(c->listener.fd);
}

const struct chardev_kind chardev_kind_unix = {
	.reconnects = true,
	.open = unix_open,
	.start = unix_start,
	.hangup = unix_hangup,
	.woken = unix_woken,
	.close = unix_close,
};
