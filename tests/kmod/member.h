/* SPDX-License-Identifier: GPL-2.0-only */
/* Memberships for the programs of this tier: joining, hearing of others, ringing. */
#ifndef TESTS_KMOD_MEMBER_H
#define TESTS_KMOD_MEMBER_H

#include <poll.h>
#include <sys/eventfd.h>

#include "host.h"

/* A new region with these limits, 0 for the module's, open for reading and writing. */
static inline int region_limited(const char *name, uint32_t peers, uint32_t vectors,
				 uint32_t user_kb, uint32_t mode)
{
	struct ivshmem_region_create req = {
		.size = PAGE, .uid = IVSHMEM_ID_CALLER, .gid = IVSHMEM_ID_CALLER, .mode = mode,
		.max_peers = peers, .max_vectors = vectors, .max_user_kb = user_kb,
	};

	host_name(req.name, name);
	return host_ioctl(IVSHMEM_REGION_CREATE, &req) ? -1 : host_open(name, O_RDWR);
}

/* Joins with eventfds; the descriptor, or -1. */
static inline int member_join_with(int region, uint32_t peer, const int *fds, uint32_t vectors)
{
	struct ivshmem_join join = { .peer = peer, .vectors = vectors };

	join.fds = vectors ? (uintptr_t)fds : 0;
	return ioctl(region, IVSHMEM_JOIN, &join);
}

static inline int member_join(int region, uint32_t peer, uint32_t vectors)
{
	return member_join_with(region, peer, NULL, vectors);
}

static inline int member_join_any(int region, uint32_t *peer)
{
	struct ivshmem_join join = { .peer = IVSHMEM_PEER_ANY };
	int fd = ioctl(region, IVSHMEM_JOIN, &join);

	*peer = join.peer;
	return fd;
}

static inline int member_observe(int region)
{
	struct ivshmem_join join = { .flags = IVSHMEM_JOIN_OBSERVE, .peer = IVSHMEM_PEER_ANY };

	return ioctl(region, IVSHMEM_JOIN, &join);
}

static inline bool member_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 && p.revents == POLLIN;
}

/* The next event, if there is one. */
static inline bool member_event(int fd, struct ivshmem_event *event)
{
	memset(event, 0, sizeof(*event));
	return member_readable(fd, 0) && read(fd, event, sizeof(*event)) == sizeof(*event);
}

/* Is the next event this one? */
static inline bool member_hears(int fd, uint32_t type, uint32_t peer)
{
	struct ivshmem_event event;
	bool there = member_event(fd, &event);

	if (there && event.type == type && event.peer == peer)
		return true;
	ktap_fail("event %u of peer %u%s, expected %u of %u", event.type, event.peer,
		  there ? "" : " (none)", type, peer);
	return false;
}

static inline bool member_hears_vectors(int fd, uint32_t peer, uint32_t first, uint32_t count)
{
	struct ivshmem_event event;

	if (member_event(fd, &event) && event.type == IVSHMEM_EVENT_VECTORS &&
	    event.peer == peer && event.first == first && event.count == count)
		return true;
	ktap_fail("event %u of peer %u, %u vectors from %u; expected %u from %u of %u", event.type,
		  event.peer, event.count, event.first, count, first, peer);
	return false;
}

/* Reads until the list is complete. */
static inline bool member_synced(int fd)
{
	struct ivshmem_event event;

	while (member_event(fd, &event))
		if (event.type == IVSHMEM_EVENT_SYNCED)
			return true;
	return false;
}

/* Reads all there is. */
static inline void member_drain(int fd)
{
	struct ivshmem_event event;

	while (member_event(fd, &event))
		;
}

static inline int member_set_vector(int fd, uint32_t vector, int eventfd)
{
	struct ivshmem_vector req = { .vector = vector, .fd = eventfd };

	return ioctl(fd, IVSHMEM_SET_VECTOR, &req);
}

static inline int member_doorbell(int fd, uint32_t peer, uint32_t vector)
{
	struct ivshmem_doorbell req = { .peer = peer, .vector = vector };

	return ioctl(fd, IVSHMEM_GET_DOORBELL, &req);
}

static inline int member_ring(int fd, uint32_t peer, uint32_t vector)
{
	struct ivshmem_doorbell req = { .peer = peer, .vector = vector };

	return ioctl(fd, IVSHMEM_PEER_RING, &req);
}

/* The living peer with the smallest id from @from on. */
static inline int member_next(int region, uint32_t from, struct ivshmem_peer_info *info)
{
	*info = (struct ivshmem_peer_info){ .peer = from };
	return ioctl(region, IVSHMEM_PEER_NEXT, info);
}

static inline unsigned int member_count(int region)
{
	struct ivshmem_region_info info;

	return host_info(region, &info) ? ~0u : info.peers;
}

static inline int eventfd_new(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* What an eventfd has counted since the last look. */
static inline uint64_t eventfd_count(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

#endif /* TESTS_KMOD_MEMBER_H */
