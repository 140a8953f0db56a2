/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client of QEMU's ivshmem server protocol is to be told, made of the events of the
 * membership that it has in the region. There is no queue: an event is told to its end before the
 * next one is read, and descriptors are had when their message is sent. The kernel keeps the rest.
 */
#ifndef VMM_CTL_ANNOUNCER_H
#define VMM_CTL_ANNOUNCER_H

#include "ctl/roster.h"
#include "hostmem/membership.h"

/* 8 bytes, little-endian on the wire, with a descriptor or none. */
struct message {
	int64_t value;
	int fd;				/* -1: none */
	bool borrowed;			/* @fd is not the receiver's to close */
};

struct announcer {
	const struct membership *m;	/* the client's */
	int memory_fd;			/* of the region, for all clients */
	int greeting;			/* how many of the first three messages it got */
	uint32_t own_told;		/* own vectors that it got */
	struct ivshmem_event event;	/* being told; type 0: none */
	struct roster roster;		/* of peers that it may hear of */
	/* Ids that it was told have left. QEMU takes none of them twice: it would free twice. */
	uint64_t used_up[IVSHMEM_PEERS_MAX / 64];
};

void announcer_init(struct announcer *a, const struct membership *m, int memory_fd);
void announcer_fini(struct announcer *a);

/**
 * announcer_hear() - begin to tell of an event; the one before has been told
 *
 * Return: 0; -EEXIST the client knows the event's peer as another that left, and is told nothing of
 * it; -ENOMEM.
 */
int announcer_hear(struct announcer *a, const struct ivshmem_event *event);

/**
 * announcer_next() - the message that is next
 * @msg: filled; unless borrowed, its descriptor is the caller's to close
 *
 * Return: 1; 0 it is time for the next event; -errno of a descriptor that can't be had now.
 */
int announcer_next(struct announcer *a, struct message *msg);

/* The client got that message: the next one is another. */
void announcer_done(struct announcer *a);

#endif /* VMM_CTL_ANNOUNCER_H */
