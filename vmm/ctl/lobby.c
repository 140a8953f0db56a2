// SPDX-License-Identifier: GPL-2.0-only
/* A queue, out of which each user's callers come in their order and at their pace. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/lobby.h"

struct caller {
	struct caller *next;
	struct lobby_user *user;
	int socket;
};

struct lobby_user {
	struct lobby_user *next;
	uid_t uid;
	uint32_t callers;		/* that wait */
	uint64_t full_ns;		/* when the whole burst is to be had again */
};

void lobby_init(struct lobby *l)
{
	*l = (struct lobby){ .end = &l->first };
}

/* Behind @link is a caller, who goes; the socket stays open. */
static void caller_del(struct lobby *l, struct caller **link)
{
	struct caller *c = *link;

	*link = c->next;
	if (!c->next)
		l->end = link;
	c->user->callers--;
	l->count--;
	free(c);
}

void lobby_fini(struct lobby *l)
{
	struct lobby_user *u;

	while (l->first) {
		close(l->first->socket);
		caller_del(l, &l->first);
	}
	while ((u = l->users)) {
		l->users = u->next;
		free(u);
	}
}

static struct lobby_user *user_get(struct lobby *l, uid_t uid)
{
	struct lobby_user *u;

	for (u = l->users; u; u = u->next)
		if (u->uid == uid)
			return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->next = l->users;
	l->users = u;
	return u;
}

/* Those of whom nothing is to be remembered. */
static void users_forget(struct lobby *l, uint64_t now_ns)
{
	struct lobby_user **link = &l->users, *u;

	while ((u = *link)) {
		if (u->callers || u->full_ns > now_ns) {
			link = &u->next;
		} else {
			*link = u->next;
			free(u);
		}
	}
}

int lobby_enter(struct lobby *l, int socket, uid_t uid, uint32_t most)
{
	struct lobby_user *u = user_get(l, uid);
	struct caller *c;
	int ret = -ENOMEM;

	if (!u)
		goto close_socket;
	ret = -EBUSY;
	if (u->callers >= most)
		goto close_socket;
	ret = -ENOMEM;
	c = malloc(sizeof(*c));
	if (!c)
		goto close_socket;
	*c = (struct caller){ NULL, u, socket };
	*l->end = c;
	l->end = &c->next;
	u->callers++;
	l->count++;
	return 0;

close_socket:
	close(socket);
	return ret;
}

/* The protocol goes one way: whatever comes is the end. */
static bool caller_is_gone(const struct caller *c)
{
	struct pollfd socket = { c->socket, POLLIN | POLLRDHUP, 0 };

	return poll(&socket, 1, 0) > 0;
}

static bool user_pays(struct lobby_user *u, uint64_t now_ns)
{
	uint64_t full_ns = u->full_ns > now_ns ? u->full_ns : now_ns;

	if (full_ns - now_ns > (LOBBY_BURST - 1) * LOBBY_INTERVAL_NS)
		return false;
	u->full_ns = full_ns + LOBBY_INTERVAL_NS;
	return true;
}

int lobby_next(struct lobby *l, uint64_t now_ns)
{
	struct caller **link = &l->first, *c;
	int socket;

	while ((c = *link)) {
		socket = c->socket;
		if (caller_is_gone(c)) {
			close(socket);
			caller_del(l, link);
		} else if (user_pays(c->user, now_ns)) {
			caller_del(l, link);
			return socket;
		} else {
			link = &c->next;
		}
	}
	users_forget(l, now_ns);
	return -1;
}
