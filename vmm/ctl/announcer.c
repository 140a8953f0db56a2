// SPDX-License-Identifier: GPL-2.0-only
/*
 * From events to messages: version, id and memory first, then who is there, then one's own
 * descriptors, then news. docs/specs/ivshmem-spec of QEMU says in which order and why.
 */
#include <errno.h>

#include "ctl/announcer.h"

#define PROTOCOL_VERSION	0
#define MEMORY_FOLLOWS		(-1)
#define GREETINGS		3

void announcer_init(struct announcer *a, const struct membership *m, int memory_fd)
{
	*a = (struct announcer){ .m = m, .memory_fd = memory_fd };
}

void announcer_fini(struct announcer *a)
{
	roster_fini(&a->roster);
}

static bool is_used_up(const struct announcer *a, uint32_t peer)
{
	return a->used_up[peer / 64] >> peer % 64 & 1;
}

static void use_up(struct announcer *a, uint32_t peer)
{
	a->used_up[peer / 64] |= 1ULL << peer % 64;
}

/*
 * After a RESYNC the id may be another's: announcer_next() tells that the old one left then, and
 * nothing of the new one.
 */
static int hear_joined(struct announcer *a, const struct ivshmem_event *event)
{
	struct roster_peer *p = roster_find(&a->roster, event->peer);

	if (!p && is_used_up(a, event->peer))
		return -EEXIST;
	if (!p && roster_add(&a->roster, event->peer, event->serial))
		return -ENOMEM;
	a->event = *event;
	if (!p)
		return 0;
	if (p->serial != event->serial && p->told)
		return -EEXIST;
	p->serial = event->serial;
	p->unseen = false;
	return 0;
}

int announcer_hear(struct announcer *a, const struct ivshmem_event *event)
{
	switch (event->type) {
	case IVSHMEM_EVENT_RESYNC:
		roster_doubt(&a->roster);
		return 0;
	case IVSHMEM_EVENT_JOINED:
		return hear_joined(a, event);
	case IVSHMEM_EVENT_SYNCED:
	case IVSHMEM_EVENT_VECTORS:
	case IVSHMEM_EVENT_LEFT:
		a->event = *event;
		return 0;
	default:		/* of a newer module */
		return 0;
	}
}

static int next_greeting(const struct announcer *a, struct message *msg)
{
	const struct message greetings[GREETINGS] = {
		{ PROTOCOL_VERSION, -1, false },
		{ a->m->peer, -1, false },
		{ MEMORY_FOLLOWS, a->memory_fd, true },
	};

	*msg = greetings[a->greeting];
	return 1;
}

/*
 * A client counts the messages of a peer to know the vector: one without an eventfd holds back
 * those behind it until it has one. 0: that is so, or there are no more, or the peer is gone.
 */
static int next_vector(const struct announcer *a, uint32_t peer, uint64_t serial, uint32_t vector,
		       struct message *msg)
{
	int fd = membership_get_doorbell(a->m, peer, serial, vector);

	if (fd == -ENXIO || fd == -ESRCH)
		return 0;
	*msg = (struct message){ peer, fd, false };
	return fd < 0 ? fd : 1;
}

/* A peer of which a client never heard does not leave it. */
static int next_left(struct announcer *a, struct roster_peer *p, struct message *msg)
{
	if (p->told) {
		*msg = (struct message){ p->peer, -1, false };
		return 1;
	}
	roster_del(&a->roster, p);
	return 0;
}

/* Else the event is of vectors that the peer has. */
static bool tells_left(const struct announcer *a, const struct roster_peer *p)
{
	return a->event.type == IVSHMEM_EVENT_LEFT || p->serial != a->event.serial;
}

/* Nothing of a peer that took over another's id. */
static int next_of_peer(struct announcer *a, struct message *msg)
{
	struct roster_peer *p = roster_find(&a->roster, a->event.peer);

	if (!p)
		return 0;
	if (tells_left(a, p))
		return next_left(a, p, msg);
	return next_vector(a, p->peer, p->serial, p->told, msg);
}

static int next_synced(struct announcer *a, struct message *msg)
{
	struct roster_peer *p;
	int ret;

	if (a->own_told < a->m->vectors)
		return next_vector(a, a->m->peer, a->m->serial, a->own_told, msg);
	while ((p = roster_unseen(&a->roster))) {
		ret = next_left(a, p, msg);
		if (ret)
			return ret;
	}
	return 0;
}

int announcer_next(struct announcer *a, struct message *msg)
{
	int ret = 0;

	if (a->greeting < GREETINGS)
		return next_greeting(a, msg);
	if (a->event.type == IVSHMEM_EVENT_SYNCED)
		ret = next_synced(a, msg);
	else if (a->event.type)
		ret = next_of_peer(a, msg);
	if (!ret)
		a->event.type = 0;
	return ret;
}

static void done_left(struct announcer *a, struct roster_peer *p)
{
	use_up(a, p->peer);
	roster_del(&a->roster, p);
}

static void done_of_peer(struct announcer *a)
{
	struct roster_peer *p = roster_find(&a->roster, a->event.peer);

	if (tells_left(a, p))
		done_left(a, p);
	else
		p->told++;
}

void announcer_done(struct announcer *a)
{
	if (a->greeting < GREETINGS)
		a->greeting++;
	else if (a->event.type != IVSHMEM_EVENT_SYNCED)
		done_of_peer(a);
	else if (a->own_told < a->m->vectors)
		a->own_told++;
	else
		done_left(a, roster_unseen(&a->roster));
}
