/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the server (server.c) and its clients (client.c). */
#ifndef VMM_CTL_SERVER_INTERNAL_H
#define VMM_CTL_SERVER_INTERNAL_H

#include <sys/socket.h>

#include "ctl/lobby.h"
#include "ctl/server.h"
#include "io/log.h"

struct client;

struct server {
	struct server_spec spec;
	struct loop *loop;
	struct loop_handler accept;
	struct loop_handler tick;	/* a timerfd, at work while somebody waits for time */
	bool ticking;
	int spare;			/* a descriptor kept back to send others with; -1: none */
	int buffer;			/* of a client's socket, as of SO_SNDBUF */
	struct lobby lobby;
	struct client *clients;
	uint32_t count;			/* of them */
	struct log_limit limit;
};

/* Makes a descriptor free for a moment; server_spare_take() keeps it back again. */
void server_spare_lend(struct server *s);
void server_spare_take(struct server *s);

/* Has client_tick() called for all before long. */
void server_tick_start(struct server *s);

/**
 * client_create() - make whoever connected a member of the region, and begin to tell
 * @socket: is the client's then, or closed
 *
 * Return: 0, or -errno with @err filled.
 */
int client_create(struct server *s, int socket, struct error *err);
void client_destroy(struct client *c);

/* Whether it waits for time to pass still. It may be gone afterwards. */
bool client_tick(struct client *c);

struct client *client_following(const struct client *c);

#endif /* VMM_CTL_SERVER_INTERNAL_H */
