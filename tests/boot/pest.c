// SPDX-License-Identifier: GPL-2.0-only
// On the host: a peer that rings all others on each of their vectors, over and over, until somebody
// kills it.

#include "peer.h"

#define VECTORS 4
#define PAUSE_US 20000

/* Somebody may leave meanwhile. */
static void ring_peer(const struct peer *p, const struct ivshmem_peer_info *info)
{
	struct ivshmem_doorbell bell = { .peer = info->peer, .serial = info->serial };

	for (bell.vector = 0; bell.vector < info->vectors; bell.vector++)
		if (ioctl(p->membership, IVSHMEM_PEER_RING, &bell) && errno != ESRCH)
			peer_die("PEER_RING");
}

static void ring_all(const struct peer *p)
{
	struct ivshmem_peer_info info = { .peer = 0 };

	while (ioctl(p->fd, IVSHMEM_PEER_NEXT, &info) == 0) {
		ring_peer(p, &info);
		info = (struct ivshmem_peer_info){ .peer = info.peer + 1 };
	}
	if (errno != ENOENT)
		peer_die("PEER_NEXT");
}

int main(int argc, char **argv)
{
	struct peer peer;

	if (argc != 2)
		return fprintf(stderr, "usage: pest REGION\n"), 2;
	peer_join(&peer, argv[1], VECTORS, PEER_EVENTFD);
	for (;;) {
		ring_all(&peer);
		usleep(PAUSE_US);
	}
}
