/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who somebody believes to be a peer, kept up by the events of a membership: what the kernel says
 * again after a RESYNC is compared with it.
 */
#ifndef VMM_CTL_ROSTER_H
#define VMM_CTL_ROSTER_H

#include <linux/ivshmem_host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roster_peer {
	uint32_t peer;			/* its id */
	uint32_t told;			/* vectors that were passed on, from 0; the user's own */
	uint64_t serial;		/* of its membership */
	bool unseen;			/* since the last RESYNC */
};

struct roster {
	struct roster_peer *peers;	/* by id */
	size_t count, room;		/* entries that are in use, that there is memory for */
};

/* All zero is empty. */
void roster_fini(struct roster *r);

/* NULL where there is none; valid until the next roster_add() or roster_del(). */
struct roster_peer *roster_find(const struct roster *r, uint32_t peer);

/* Adds one that is not there yet. 0 or -ENOMEM. */
int roster_add(struct roster *r, uint32_t peer, uint64_t serial);
void roster_del(struct roster *r, struct roster_peer *peer);

/* All may be gone: roster_unseen() gives those that nobody found again, NULL at the end. */
void roster_doubt(struct roster *r);
struct roster_peer *roster_unseen(const struct roster *r);

#endif /* VMM_CTL_ROSTER_H */
