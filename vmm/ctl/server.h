/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's ivshmem server protocol on a UNIX socket: every client is a member of the region in its
 * own right, and is told what the kernel tells that membership.
 */
#ifndef VMM_CTL_SERVER_H
#define VMM_CTL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/wire.h"
#include "io/loop.h"

struct server;

/* What a server serves, and how; valid as long as the server. */
struct server_spec {
	const char *name;		/* of the region */
	int region_fd;			/* the region, open for reading and writing */
	int memory_fd;			/* its pages as a plain file, for the clients */
	struct listener listener;	/* stays the caller's */
	uint32_t vectors;		/* of each client */
	uint32_t max_clients;
	uint64_t patience_ns;		/* with a client that takes nothing */
	bool verbose;			/* tell of clients that come and go */
};

/* Begins to take clients in @loop; 0 or -errno. */
int server_create(struct server **out, struct loop *loop, const struct server_spec *spec);

/* All clients are gone from the region afterwards. */
void server_destroy(struct server *s);

#endif /* VMM_CTL_SERVER_H */
