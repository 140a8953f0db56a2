// SPDX-License-Identifier: GPL-2.0-only
/* A sorted array: peers come in the order of their ids, mostly, and are few. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/roster.h"

void roster_fini(struct roster *r)
{
	free(r->peers);
	*r = (struct roster){};
}

/* Where the first one is whose id is not below @peer. */
static size_t roster_place(const struct roster *r, uint32_t peer)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->peers[middle].peer < peer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct roster_peer *roster_find(const struct roster *r, uint32_t peer)
{
	size_t i = roster_place(r, peer);

	return i < r->count && r->peers[i].peer == peer ? &r->peers[i] : NULL;
}

static int roster_grow(struct roster *r)
{
	size_t room = r->room ? 2 * r->room : 8;
	struct roster_peer *peers;

	if (r->count < r->room)
		return 0;
	peers = reallocarray(r->peers, room, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	r->peers = peers;
	r->room = room;
	return 0;
}

int roster_add(struct roster *r, uint32_t peer, uint64_t serial)
{
	size_t i = roster_place(r, peer);

	if (roster_grow(r))
		return -ENOMEM;
	memmove(&r->peers[i + 1], &r->peers[i], (r->count - i) * sizeof(*r->peers));
	r->peers[i] = (struct roster_peer){ .peer = peer, .serial = serial };
	r->count++;
	return 0;
}

void roster_del(struct roster *r, struct roster_peer *peer)
{
	size_t i = peer - r->peers;

	r->count--;
	memmove(&r->peers[i], &r->peers[i + 1], (r->count - i) * sizeof(*r->peers));
}

void roster_doubt(struct roster *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		r->peers[i].unseen = true;
}

struct roster_peer *roster_unseen(const struct roster *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->peers[i].unseen)
			return &r->peers[i];
	return NULL;
}
