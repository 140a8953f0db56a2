// SPDX-License-Identifier: GPL-2.0-only
/* What all chardevs have in common: reading as the client has room, writing without blocking. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "io/chardev_internal.h"
#include "util.h"

static const struct {
	const char *prefix;
	const struct chardev_kind *kind;
} chardev_kinds[] = {
	{ "none", &chardev_kind_none },
	{ "stdio", &chardev_kind_stdio },
	{ "file:", &chardev_kind_file },
	{ "unix:", &chardev_kind_unix },
};

/*
 * --- output ---
 *
 * Writers leave bytes in the backlog, and the loop's thread sends them soon: so a byte at a time
 * from a guest becomes few system calls. A slow peer stops nobody for long.
 */

static ssize_t chardev_send(const struct chardev *c, const uint8_t *buf, size_t len)
{
	if (c->socket)
		return send(c->out.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(c->out.fd, buf, len);
}

/* A full file system, a gone peer: what can't be sent is lost, and the guest goes on. */
static size_t chardev_try(const struct chardev *c, const uint8_t *buf, size_t len)
{
	ssize_t n = chardev_send(c, buf, len);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : len;
}

/*
 * Sends what it can from the start of the backlog, up to the ring's end. Whether all that was sent.
 */
static bool chardev_drain_once(struct chardev *c)
{
	size_t run = CHARDEV_BACKLOG - c->backlog_start;
	size_t n;

	if (run > c->backlog_len)
		run = c->backlog_len;
	n = chardev_try(c, c->backlog + c->backlog_start, run);
	c->backlog_len -= n;
	c->backlog_start = c->backlog_len ? (c->backlog_start + n) % CHARDEV_BACKLOG : 0;
	if (n)
		c->stalled = false;
	return n == run;
}

static void chardev_drain(struct chardev *c)
{
	while (c->out.fd >= 0 && c->backlog_len && chardev_drain_once(c))
		;
}

/* Whether the peer takes more, within some patience. */
static bool chardev_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, CHARDEV_PATIENCE_MS) > 0;
}

/* The same, and wait for a slow peer as long as it goes on taking some. */
static void chardev_flush(struct chardev *c)
{
	do {
		chardev_drain(c);
	} while (c->backlog_len && !c->stalled && chardev_wait(c->out.fd));
}

static void chardev_set_blocked(struct chardev *c, bool blocked)
{
	if (c->blocked == blocked)
		return;
	if (!blocked)
		loop_del(c->host->loop, &c->out);
	else if (loop_add(c->host->loop, &c->out))
		return;
	c->blocked = blocked;
}

void chardev_wake(struct chardev *c, long delay_ns)
{
	struct itimerspec when = { .it_value.tv_nsec = delay_ns };

	timerfd_settime(c->kick.fd, 0, &when, NULL);
}

static void chardev_service(struct chardev *c)
{
	pthread_mutex_lock(&c->lock);
	c->kicked = false;
	if (c->out.fd >= 0) {
		chardev_drain(c);
		chardev_set_blocked(c, c->backlog_len);
	}
	pthread_mutex_unlock(&c->lock);
}

static void chardev_out_ready(struct loop_handler *h, uint32_t events)
{
	(void)events;
	chardev_service(container_of(h, struct chardev, out));
}

/* Wakes the loop: soon enough for who types, late enough for a few bytes to come together. */
static void chardev_kick(struct chardev *c)
{
	if (c->kicked || c->blocked || !c->backlog_len)
		return;
	c->kicked = true;
	chardev_wake(c, CHARDEV_DELAY_NS);
}

/*
 * Makes room in a full backlog, if the peer lets it. The writer does that itself: a vCPU that
 * waited for the loop would wait for a thread that may just be waiting for vCPUs. The lock is let
 * go meanwhile, and the peer may be another one then, or none.
 */
static bool chardev_make_room(struct chardev *c)
{
	if (c->stalled)
		return false;
	chardev_drain(c);
	if (c->backlog_len == CHARDEV_BACKLOG) {
		int fd = c->out.fd;

		pthread_mutex_unlock(&c->lock);
		chardev_wait(fd);
		pthread_mutex_lock(&c->lock);
		chardev_drain(c);
	}
	c->stalled = c->backlog_len == CHARDEV_BACKLOG;
	return !c->stalled && c->out.fd >= 0;
}

static void chardev_append(struct chardev *c, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (c->backlog_len == CHARDEV_BACKLOG && !chardev_make_room(c))
			return;
		c->backlog[(c->backlog_start + c->backlog_len++) % CHARDEV_BACKLOG] = buf[i];
	}
}

void chardev_write(struct chardev *c, const void *buf, size_t len)
{
	pthread_mutex_lock(&c->lock);
	if (c->out.fd >= 0 && !c->backlog)
		c->backlog = malloc(CHARDEV_BACKLOG);
	if (c->out.fd >= 0 && c->backlog) {
		chardev_append(c, buf, len);
		chardev_kick(c);
	}
	pthread_mutex_unlock(&c->lock);
}

/*
 * --- input ---
 *
 * What the client has no room for is kept, and while nothing more can be kept nothing more is read:
 * the peer waits. But a terminal's keys are read on, for those that are ivmm's own have to be found
 * even if a guest takes nothing any more; the others are lost then.
 */

/* Where peers come and go, one that goes away is noticed even while nothing is read. */
static void chardev_pause_reading(struct chardev *c)
{
	if (c->kind->reconnects) {
		c->in.events = 0;
		loop_mod(c->host->loop, &c->in);
	} else {
		loop_del(c->host->loop, &c->in);
	}
	c->reading = false;
}

static void chardev_resume_reading(struct chardev *c)
{
	int ret;

	c->in.events = EPOLLIN;
	if (c->kind->reconnects)
		ret = loop_mod(c->host->loop, &c->in);
	else
		ret = loop_add(c->host->loop, &c->in);
	c->reading = !ret;
}

static void chardev_set_reading(struct chardev *c, bool reading)
{
	pthread_mutex_lock(&c->lock);
	if (c->in.fd >= 0 && c->reading && !reading)
		chardev_pause_reading(c);
	else if (c->in.fd >= 0 && !c->reading && reading)
		chardev_resume_reading(c);
	pthread_mutex_unlock(&c->lock);
}

static void chardev_deliver(struct chardev *c)
{
	size_t n;

	while (c->input_len && (n = c->client.can_read(c->client.opaque))) {
		if (n > c->input_len)
			n = c->input_len;
		if (n > CHARDEV_INPUT - c->input_start)
			n = CHARDEV_INPUT - c->input_start;
		c->client.read(c->client.opaque, c->input + c->input_start, n);
		c->input_start = (c->input_start + n) % CHARDEV_INPUT;
		c->input_len -= n;
	}
}

static void chardev_set_starved(struct chardev *c, bool starved)
{
	pthread_mutex_lock(&c->lock);
	c->starved = starved;
	pthread_mutex_unlock(&c->lock);
}

/*
 * The client may make room between its "no" and the word that somebody waits: it is asked once
 * more.
 */
static void chardev_feed(struct chardev *c)
{
	chardev_deliver(c);
	if (c->input_len) {
		chardev_set_starved(c, true);
		chardev_deliver(c);
	}
	if (!c->input_len)
		chardev_set_starved(c, false);
	chardev_set_reading(c, c->input_len < CHARDEV_INPUT || c->keys);
}

void chardev_accept_input(struct chardev *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->starved)
		chardev_wake(c, 1);
	pthread_mutex_unlock(&c->lock);
}

static void chardev_kick_ready(struct loop_handler *h, uint32_t events)
{
	struct chardev *c = container_of(h, struct chardev, kick);
	uint64_t count;

	(void)events;
	if (read(h->fd, &count, sizeof(count)) < 0)
		return;
	chardev_service(c);
	if (c->input_len || c->starved)
		chardev_feed(c);
	if (c->kind->woken)
		c->kind->woken(c);
}

static void chardev_keep(struct chardev *c, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len && c->input_len < CHARDEV_INPUT; i++)
		c->input[(c->input_start + c->input_len++) % CHARDEV_INPUT] = buf[i];
}

static ssize_t chardev_receive(struct chardev *c, uint8_t *buf, size_t len)
{
	size_t room = CHARDEV_INPUT - c->input_len;

	return read(c->in.fd, buf, c->keys || len < room ? len : room);
}

/*
 * A peer that has only said all that it has to say may wait for an answer, as that of "echo … |
 * socat - UNIX:…" does: while the client takes nothing it stays, until it goes itself.
 */
static bool chardev_linger(struct chardev *c, uint32_t events)
{
	if (!c->kind->reconnects || events & (EPOLLHUP | EPOLLERR))
		return false;
	chardev_set_starved(c, true);
	if (c->client.can_read(c->client.opaque)) {
		chardev_set_starved(c, c->input_len);
		return false;
	}
	chardev_set_reading(c, false);
	return true;
}

static void chardev_in_ready(struct loop_handler *h, uint32_t events)
{
	struct chardev *c = container_of(h, struct chardev, in);
	uint8_t buf[CHARDEV_CHUNK];
	ssize_t n;

	n = h->events & EPOLLIN ? chardev_receive(c, buf, sizeof(buf)) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (n || !chardev_linger(c, events))
			c->kind->hangup(c);
		return;
	}
	if (c->kind->filter)
		n = c->kind->filter(c, buf, n);
	chardev_keep(c, buf, n);
	chardev_feed(c);
}

int chardev_watch(struct chardev *c)
{
	int ret = 0;

	if (!c->input)
		c->input = malloc(CHARDEV_INPUT);
	if (!c->input)
		return -ENOMEM;
	pthread_mutex_lock(&c->lock);
	if (c->in.fd >= 0 && !c->reading) {
		c->in.events = EPOLLIN;
		ret = loop_add(c->host->loop, &c->in);
		c->reading = !ret;
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

/* --- connections --- */

void chardev_attach(struct chardev *c, int in, int out, bool socket)
{
	pthread_mutex_lock(&c->lock);
	c->in.fd = in;
	c->out.fd = out;
	c->socket = socket;
	c->stalled = false;
	pthread_mutex_unlock(&c->lock);
}

static void chardev_end(struct chardev *c, struct loop_handler *h)
{
	if (h->fd < 0)
		return;
	loop_del(c->host->loop, h);
	close(h->fd);
	h->fd = -1;
}

/* What has come in is the client's, though its sender may have gone. */
void chardev_detach(struct chardev *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->out.fd >= 0)
		chardev_flush(c);
	c->backlog_len = 0;
	chardev_end(c, &c->in);
	chardev_end(c, &c->out);
	c->reading = false;
	c->blocked = false;
	pthread_mutex_unlock(&c->lock);
}

static int chardev_open(struct chardev *c, const char *spec, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(chardev_kinds); i++) {
		const char *prefix = chardev_kinds[i].prefix;
		size_t len = strlen(prefix);

		if (strncmp(spec, prefix, len) || (prefix[len - 1] != ':' && spec[len]))
			continue;
		c->kind = chardev_kinds[i].kind;
		return c->kind->open(c, spec + len, err);
	}
	return error_arg(err, -EINVAL,
			 "'%s' is no character device: give stdio, file:PATH, unix:PATH or none",
			 spec);
}

static void chardev_init(struct chardev *c, const struct chardev_host *host)
{
	c->host = host;
	c->in = (struct loop_handler){ -1, EPOLLIN, chardev_in_ready };
	c->out = (struct loop_handler){ -1, EPOLLOUT, chardev_out_ready };
	c->kick = (struct loop_handler){ -1, EPOLLIN, chardev_kick_ready };
	c->listener.fd = -1;
	pthread_mutex_init(&c->lock, NULL);
}

static void chardev_fini(struct chardev *c)
{
	if (c->kick.fd >= 0)
		close(c->kick.fd);	/* leaves the loop by that */
	pthread_mutex_destroy(&c->lock);
	free(c->input);
	free(c->backlog);
	free(c->path);
	free(c);
}

static int chardev_init_kick(struct chardev *c)
{
	c->kick.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return c->kick.fd < 0 ? -errno : loop_add(c->host->loop, &c->kick);
}

int chardev_create(struct chardev **out, const struct chardev_host *host, const char *spec,
		   struct error *err)
{
	struct chardev *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return error_set(err, -ENOMEM, "no memory for the character device '%s'", spec);
	chardev_init(c, host);
	ret = chardev_init_kick(c);
	if (ret)
		error_set(err, ret, "can't make a timer for '%s': %s", spec, strerror(-ret));
	else
		ret = chardev_open(c, spec, err);
	if (ret) {
		chardev_fini(c);
		return ret;
	}
	*out = c;
	return 0;
}

int chardev_set_client(struct chardev *c, const struct chardev_client *client)
{
	c->client = *client;
	return c->kind->start(c);
}

void chardev_destroy(struct chardev *c)
{
	chardev_detach(c);
	c->kind->close(c);
	chardev_fini(c);
}
