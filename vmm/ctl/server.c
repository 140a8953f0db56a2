// SPDX-License-Identifier: GPL-2.0-only
/* The server: takes clients or sends them away, and gives time to those that have to wait. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ctl/run.h"
#include "ctl/server_internal.h"
#include "util.h"

#define TICK_NS		250000000ULL
/* What a message takes at least of a buffer, of which the kernel gives twice what is asked for. */
#define MESSAGE_BYTES	384
#define MESSAGES_LEAST	6	/* that the kernel's smallest buffer holds */
#define MESSAGES_MOST	42

void server_spare_lend(struct server *s)
{
	if (s->spare >= 0)
		close(s->spare);
	s->spare = -1;
}

void server_spare_take(struct server *s)
{
	if (s->spare < 0)
		s->spare = fcntl(s->spec.memory_fd, F_DUPFD_CLOEXEC, 0);
}

void server_tick_start(struct server *s)
{
	if (!s->ticking)
		run_timer_set(&s->tick, TICK_NS, TICK_NS);
	s->ticking = true;
}

static void server_listen(struct server *s, bool listening)
{
	s->accept.events = listening ? EPOLLIN : 0;
	loop_mod(s->loop, &s->accept);
}

static void server_send_away(struct server *s, const char *why)
{
	log_note(&s->limit, "a client is sent away: %s", why);
}

static void server_admit(struct server *s)
{
	struct error err = {};
	int socket;

	while ((socket = lobby_next(&s->lobby, run_now_ns())) >= 0)
		if (client_create(s, socket, &err))
			server_send_away(s, err.text);
	if (s->lobby.count)
		server_tick_start(s);
}

static void server_tick(struct loop_handler *h, uint32_t events)
{
	struct server *s = container_of(h, struct server, tick);
	struct client *c, *next;
	bool waiting;

	(void)events;
	run_timer_take(h);
	server_admit(s);
	waiting = s->lobby.count;
	for (c = s->clients; c; c = next) {
		next = client_following(c);
		waiting |= client_tick(c);
	}
	server_listen(s, true);
	if (waiting)
		return;
	run_timer_set(h, 0, 0);
	s->ticking = false;
}

/* Who waits may be a client before long: half of them are left to other users. */
static void server_receive(struct server *s, int socket)
{
	struct ucred who = { .uid = -1 };
	socklen_t len = sizeof(who);
	struct error err = {};
	int ret;

	if (s->count + s->lobby.count >= s->spec.max_clients) {
		error_set(&err, -EUSERS, "there are %u already: --max-clients lets more in",
			  s->spec.max_clients);
		server_send_away(s, err.text);
		close(socket);
		return;
	}
	getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &len);
	ret = lobby_enter(&s->lobby, socket, who.uid, (s->spec.max_clients + 1) / 2);
	if (ret) {
		error_set(&err, ret, "user %u: %s", who.uid, ret == -EBUSY ?
			  "too many connections of this user's wait" : strerror(-ret));
		server_send_away(s, err.text);
	}
	server_admit(s);
}

/* Without any descriptor the machine is out of files: clients wait in the queue for the tick. */
static void server_accept(struct loop_handler *h, uint32_t events)
{
	struct server *s = container_of(h, struct server, accept);
	int fd, code;

	(void)events;
	fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		server_spare_lend(s);
		fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		code = errno;
		if (fd >= 0)
			close(fd);
		server_spare_take(s);
		log_note(&s->limit, "a client %s: no descriptor is left: `ulimit -n` sets how many "
			 "there are", fd < 0 ? "has to wait" : "is sent away");
		if (fd >= 0)
			return;
		errno = code;
	}
	if (fd >= 0) {
		server_receive(s, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		server_listen(s, false);
		server_tick_start(s);
	}
}

static int server_watch(struct server *s)
{
	int ret = run_timer_open(&s->tick);

	if (ret)
		return ret;
	s->tick.ready = server_tick;
	ret = loop_add(s->loop, &s->tick);
	if (!ret)
		ret = loop_add(s->loop, &s->accept);
	if (ret)
		close(s->tick.fd);
	return ret;
}

/*
 * The descriptors under way to clients that take nothing count together, and beyond the limit
 * nobody is sent any: each client may have its share.
 */
static int server_share(const struct server_spec *spec)
{
	struct rlimit limit;
	rlim_t share = MESSAGES_MOST;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur / spec->max_clients < share)
		share = limit.rlim_cur / spec->max_clients;
	if (share < MESSAGES_LEAST)
		log_warn(NULL, "%llu descriptors are few for %u clients, which may delay each "
			 "other: raise `ulimit -Hn` to %u, or give a smaller --max-clients",
			 (unsigned long long)limit.rlim_cur, spec->max_clients,
			 MESSAGES_LEAST * spec->max_clients);
	return share * MESSAGE_BYTES;
}

int server_create(struct server **out, struct loop *loop, const struct server_spec *spec)
{
	struct server *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	s->spec = *spec;
	s->loop = loop;
	s->buffer = server_share(spec);
	lobby_init(&s->lobby);
	s->accept = (struct loop_handler){ spec->listener.fd, EPOLLIN, server_accept };
	s->spare = fcntl(spec->memory_fd, F_DUPFD_CLOEXEC, 0);
	if (s->spare < 0) {
		ret = -errno;
		goto free_server;
	}
	ret = server_watch(s);
	if (ret)
		goto close_spare;
	*out = s;
	return 0;

close_spare:
	close(s->spare);
free_server:
	free(s);
	return ret;
}

void server_destroy(struct server *s)
{
	while (s->clients)
		client_destroy(s->clients);
	lobby_fini(&s->lobby);
	loop_del(s->loop, &s->accept);
	loop_del(s->loop, &s->tick);
	close(s->tick.fd);
	server_spare_lend(s);
	free(s);
}
