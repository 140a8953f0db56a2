// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of the server: its socket, its membership, and whom of both it waits for. It gets a few
 * messages at a time, so that others get theirs; who takes none, or sends some, is dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ctl/run.h"
#include "ctl/server_internal.h"
#include "util.h"

#define CLIENT_BURST	32

struct client {
	struct server *server;
	struct client *next, **link;	/* in the list of the server */
	struct loop_handler socket;
	struct loop_handler news;	/* of the membership */
	struct membership m;
	struct announcer announcer;
	struct ivshmem_event heard;	/* that the announcer has no memory for yet; type 0: none */
	uint64_t stalled_ns;		/* since when it takes nothing; 0: it does */
	bool later;			/* what it is told next can't be had at the moment */
	struct ucred who;
};

/* What a client waits for. */
enum client_wait { CLIENT_NEWS, CLIENT_SOCKET, CLIENT_TIME };

struct client *client_following(const struct client *c)
{
	return c->next;
}

void client_destroy(struct client *c)
{
	struct server *s = c->server;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	s->count--;
	loop_del(s->loop, &c->news);
	loop_del(s->loop, &c->socket);
	membership_leave(&c->m);
	close(c->socket.fd);
	announcer_fini(&c->announcer);
	free(c);
}

/* Whose fault it is decides whether the log is told: clients come and go by the thousand. */
static void client_drop(struct client *c, bool fault, const char *why)
{
	if (fault)
		log_note(&c->server->limit, "peer %u (pid %d) is dropped: %s", c->m.peer,
			 c->who.pid, why);
	else if (c->server->spec.verbose)
		log_note(NULL, "peer %u (pid %d) is gone", c->m.peer, c->who.pid);
	client_destroy(c);
}

static void handler_want(struct client *c, struct loop_handler *h, uint32_t events)
{
	if (h->events == events)
		return;
	h->events = events;
	loop_mod(c->server->loop, h);
}

static void client_wait(struct client *c, enum client_wait wait)
{
	handler_want(c, &c->news, wait == CLIENT_NEWS ? EPOLLIN : 0);
	handler_want(c, &c->socket,
		     EPOLLIN | EPOLLRDHUP | (wait == CLIENT_SOCKET ? EPOLLOUT : 0));
	c->later = wait == CLIENT_TIME;
	if (c->later || c->stalled_ns)
		server_tick_start(c->server);
}

static void client_stalls(struct client *c)
{
	if (!c->stalled_ns)
		c->stalled_ns = run_now_ns();
}

static int client_send(struct client *c, const struct message *msg)
{
	int ret = message_send(c->socket.fd, msg);

	if (!ret) {
		announcer_done(&c->announcer);
		c->stalled_ns = 0;
	} else if (ret == -EAGAIN) {
		client_stalls(c);
	}
	return ret;
}

/* A message, if there is one. 1; 0 the event is told; -errno. */
static int client_tell(struct client *c)
{
	struct message msg;
	int ret;

	server_spare_lend(c->server);
	ret = announcer_next(&c->announcer, &msg);
	if (ret > 0) {
		ret = client_send(c, &msg) ?: 1;
		if (msg.fd >= 0 && !msg.borrowed)
			close(msg.fd);
	}
	server_spare_take(c->server);
	return ret;
}

/* 0 there is an event in @c->heard, -ENODATA there is no news, or another -errno. */
static int client_read(struct client *c)
{
	ssize_t n = 1;

	if (!c->heard.type)
		n = membership_read(&c->m, &c->heard, 1);
	if (n > 0)
		return 0;
	return n == -EAGAIN || !n ? -ENODATA : n;
}

/* The kernel gives an event once: it is kept until the announcer has it. */
static int client_hear(struct client *c)
{
	int ret = client_read(c);

	if (!ret)
		ret = announcer_hear(&c->announcer, &c->heard);
	if (ret && ret != -EEXIST)
		return ret;
	if (ret)
		log_note(&c->server->limit, "peer %u (pid %d) hears nothing of the new peer %u: it "
			 "knew another by that id, which QEMU does not bear", c->m.peer,
			 c->who.pid, c->heard.peer);
	c->heard.type = 0;
	return 0;
}

static int client_step(struct client *c)
{
	int ret = client_tell(c);

	return ret ? ret : client_hear(c);
}

/* What can't be had now is tried again; only the client's own faults end it. */
static void client_pump(struct client *c)
{
	int ret = 1, i;

	for (i = 0; i < CLIENT_BURST && ret >= 0; i++)
		ret = client_step(c);
	switch (ret) {
	case -ENODATA:
		c->stalled_ns = 0;
		client_wait(c, CLIENT_NEWS);
		break;
	case -EAGAIN:
		client_wait(c, CLIENT_SOCKET);
		break;
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOBUFS:
	case -ETOOMANYREFS:
		c->stalled_ns = 0;
		client_wait(c, CLIENT_TIME);
		break;
	default:
		if (ret < 0) {
			client_drop(c, ret != -EPIPE && ret != -ECONNRESET, strerror(-ret));
			break;
		}
		/* a buffer can be too full to be waited for before a message does not fit */
		client_stalls(c);
		client_wait(c, CLIENT_SOCKET);
	}
}

bool client_tick(struct client *c)
{
	if (c->stalled_ns && run_now_ns() - c->stalled_ns > c->server->spec.patience_ns) {
		client_drop(c, true, "it takes no messages");
		return false;
	}
	if (!c->later)
		return c->stalled_ns;
	client_pump(c);
	return true;
}

/* The protocol goes one way: whatever comes from a client is its end, or a fault. */
static void client_socket_ready(struct loop_handler *h, uint32_t events)
{
	struct client *c = container_of(h, struct client, socket);
	char byte;

	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		client_pump(c);
	else if (recv(h->fd, &byte, 1, MSG_DONTWAIT) > 0)
		client_drop(c, true, "it sends, and clients of this protocol only listen");
	else
		client_drop(c, false, NULL);
}

static void client_news_ready(struct loop_handler *h, uint32_t events)
{
	(void)events;
	client_pump(container_of(h, struct client, news));
}

/* The kernel keeps the eventfds; they are asked back when they are to be sent. */
static int client_join(struct client *c, struct error *err)
{
	const struct server_spec *spec = &c->server->spec;
	struct membership_request req = { .peer = IVSHMEM_PEER_ANY, .vectors = spec->vectors };
	int *fds = calloc(spec->vectors, sizeof(*fds)), ret = 0;
	uint32_t n;

	if (!fds)
		return error_set(err, -ENOMEM, "no memory for its eventfds");
	for (n = 0; n < spec->vectors && !ret; n++) {
		fds[n] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fds[n] < 0)
			ret = error_set(err, -errno, "%u eventfds for it: %s; `ulimit -n` sets how "
					"many descriptors there are", spec->vectors,
					strerror(errno));
	}
	req.fds = fds;
	if (!ret)
		ret = membership_join(&c->m, spec->region_fd, spec->name, &req, err);
	while (n--)
		if (fds[n] >= 0)
			close(fds[n]);
	free(fds);
	return ret;
}

static int client_watch(struct client *c, struct error *err)
{
	int ret = loop_add(c->server->loop, &c->socket);

	if (!ret) {
		ret = loop_add(c->server->loop, &c->news);
		if (ret)
			loop_del(c->server->loop, &c->socket);
	}
	return ret ? error_set(err, ret, "watching it: %s", strerror(-ret)) : 0;
}

static void client_publish(struct client *c)
{
	struct server *s = c->server;
	socklen_t len = sizeof(c->who);

	c->next = s->clients;
	c->link = &s->clients;
	if (c->next)
		c->next->link = &c->next;
	s->clients = c;
	s->count++;
	setsockopt(c->socket.fd, SOL_SOCKET, SO_SNDBUF, &s->buffer,
		   sizeof(s->buffer));
	getsockopt(c->socket.fd, SOL_SOCKET, SO_PEERCRED, &c->who, &len);
	if (s->spec.verbose)
		log_note(NULL, "pid %d (user %u) is peer %u", c->who.pid, c->who.uid, c->m.peer);
	client_pump(c);
}

int client_create(struct server *s, int socket, struct error *err)
{
	struct client *c = calloc(1, sizeof(*c));
	int ret;

	if (!c) {
		ret = error_set(err, -ENOMEM, "no memory for it");
		goto close_socket;
	}
	c->server = s;
	c->socket = (struct loop_handler){ socket, EPOLLIN | EPOLLRDHUP, client_socket_ready };
	ret = client_join(c, err);
	if (ret)
		goto free_client;
	c->news = (struct loop_handler){ c->m.fd, EPOLLIN, client_news_ready };
	announcer_init(&c->announcer, &c->m, s->spec.memory_fd);
	ret = client_watch(c, err);
	if (ret)
		goto leave;
	client_publish(c);
	return 0;

leave:
	membership_leave(&c->m);
free_client:
	free(c);
close_socket:
	close(socket);
	return ret;
}
