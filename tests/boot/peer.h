/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer of a region, the same for a process of the host (/dev/ivshmem/NAME, which it joins) and
 * for one in a guest (/dev/ivshmemN, whose VMM has joined): it rings others, and hears who rings.
 */
#ifndef TESTS_BOOT_PEER_H
#define TESTS_BOOT_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/ivshmem.h>
#include <linux/ivshmem_host.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ivshmem_regs.h"

#define PEER_VECTORS_MAX 16

/* How a peer in a guest hears; a process of the host has eventfds. */
enum peer_ear { PEER_WAIT, PEER_POLL, PEER_EVENTFD };

static inline int peer_ear_of(const char *word, int *ear)
{
	static const char *const words[] = { "wait", "poll", "eventfd" };

	for (*ear = 0; *ear < 3; ++*ear)
		if (!strcmp(words[*ear], word))
			return 1;
	return 0;
}

struct peer {
	uint32_t id;
	uint32_t vectors;
	uint8_t *memory;
	size_t size;
	int fd;				/* of the region, or of the device */
	int membership;			/* -1 in a guest */
	volatile uint32_t *doorbell;	/* in a guest: the register, mapped */
	int ear;			/* of enum peer_ear */
	struct pollfd ears[PEER_VECTORS_MAX];	/* eventfds, one a vector */
};

static inline void peer_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline int peer_on_host(const char *path)
{
	return strncmp(path, "/dev/ivshmem/", strlen("/dev/ivshmem/")) == 0;
}

static inline void *peer_map(const struct peer *p, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, offset);

	if (at == MAP_FAILED)
		peer_die("mmap");
	return at;
}

static inline void peer_make_eventfds(struct peer *p)
{
	for (uint32_t v = 0; v < p->vectors; v++) {
		p->ears[v].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		p->ears[v].events = POLLIN;
		if (p->ears[v].fd < 0)
			peer_die("eventfd");
	}
}

static inline void peer_join_on_host(struct peer *p, uint32_t vectors)
{
	struct ivshmem_region_info info = { .id = 0 };
	struct ivshmem_join join = { .peer = IVSHMEM_PEER_ANY, .vectors = vectors };
	int32_t fds[PEER_VECTORS_MAX];

	p->vectors = vectors;
	p->ear = PEER_EVENTFD;
	peer_make_eventfds(p);
	for (uint32_t v = 0; v < vectors; v++)
		fds[v] = p->ears[v].fd;
	join.fds = (uintptr_t)fds;
	if (ioctl(p->fd, IVSHMEM_REGION_INFO, &info))
		peer_die("REGION_INFO");
	p->membership = ioctl(p->fd, IVSHMEM_JOIN, &join);
	if (p->membership < 0)
		peer_die("JOIN");
	p->id = join.peer;
	p->size = info.size;
}

/* A device that knows its peers tells of them by its last vector, where rings can't be counted. */
static inline void peer_join_in_guest(struct peer *p)
{
	struct ivshmem_info info = { .flags = 0 };

	if (ioctl(p->fd, IVSHMEM_INFO, &info))
		peer_die("INFO");
	p->id = info.position;
	p->vectors = info.interrupts - (info.max_peers ? 1 : 0);
	if (p->vectors > PEER_VECTORS_MAX)
		p->vectors = PEER_VECTORS_MAX;
	p->size = info.size;
	p->doorbell = (volatile uint32_t *)((uint8_t *)peer_map(p, info.regs_size,
								  info.regs_offset) +
					    IVSHMEM_DOORBELL);
	if (p->ear != PEER_EVENTFD)
		return;
	peer_make_eventfds(p);
	for (uint32_t v = 0; v < p->vectors; v++) {
		struct ivshmem_eventfd set = { .vector = v, .fd = p->ears[v].fd };

		if (ioctl(p->fd, IVSHMEM_SET_EVENTFD, &set))
			peer_die("SET_EVENTFD");
	}
}

/* Any failure ends the program. @vectors is for the host: a guest has what its device has. */
static inline void peer_join(struct peer *p, const char *path, uint32_t vectors, int ear)
{
	*p = (struct peer){ .membership = -1, .ear = ear };
	p->fd = open(path, O_RDWR | O_CLOEXEC);
	if (p->fd < 0)
		peer_die(path);
	if (peer_on_host(path))
		peer_join_on_host(p, vectors);
	else
		peer_join_in_guest(p);
	p->memory = peer_map(p, p->size, 0);
}

/* By the other's eventfd, as KVM does it. */
static inline void peer_ring_eventfd(const struct peer *p, uint32_t peer, uint32_t vector)
{
	struct ivshmem_doorbell bell = { .peer = peer, .vector = vector };
	int fd = ioctl(p->membership, IVSHMEM_GET_DOORBELL, &bell);

	if (fd < 0 || eventfd_write(fd, 1))
		peer_die("GET_DOORBELL");
	close(fd);
}

/* By system call, or without one if @directly. */
static inline void peer_ring(const struct peer *p, uint32_t peer, uint32_t vector, int directly)
{
	struct ivshmem_doorbell bell = { .peer = peer, .vector = vector };
	struct ivshmem_ring ring = { .peer = peer, .vector = vector };

	if (p->membership >= 0 && directly)
		peer_ring_eventfd(p, peer, vector);
	else if (p->membership >= 0 && ioctl(p->membership, IVSHMEM_PEER_RING, &bell))
		peer_die("PEER_RING");
	else if (p->membership < 0 && directly)
		*p->doorbell = peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector;
	else if (p->membership < 0 && ioctl(p->fd, IVSHMEM_RING, &ring))
		peer_die("RING");
}

/* Adds to @counts what came on each vector, waiting @ms for the first. */
static inline void peer_hear_eventfds(struct peer *p, uint64_t *counts, int ms)
{
	eventfd_t more;

	if (poll(p->ears, p->vectors, ms) < 0)
		peer_die("poll");
	for (uint32_t v = 0; v < p->vectors; v++)
		if (eventfd_read(p->ears[v].fd, &more) == 0)
			counts[v] += more;
}

static inline int peer_wait(struct peer *p, uint64_t *counts, int64_t timeout_ns)
{
	struct ivshmem_wait wait = { .vector = IVSHMEM_VECTOR_ANY, .timeout_ns = timeout_ns };

	if (ioctl(p->fd, IVSHMEM_WAIT, &wait) == 0)
		counts[wait.vector] += wait.count;
	else if (errno == ETIMEDOUT)
		return 0;
	else
		peer_die("WAIT");
	return 1;
}

static inline void peer_hear_poll(struct peer *p, uint64_t *counts, int ms)
{
	struct pollfd pollfd = { .fd = p->fd, .events = POLLIN };

	if (poll(&pollfd, 1, ms) < 0)
		peer_die("poll");
	while (peer_wait(p, counts, 0))
		continue;
}

/* As the peer's ear is. */
static inline void peer_hear(struct peer *p, uint64_t *counts, int ms)
{
	if (p->ear == PEER_EVENTFD)
		peer_hear_eventfds(p, counts, ms);
	else if (p->ear == PEER_POLL)
		peer_hear_poll(p, counts, ms);
	else
		peer_wait(p, counts, ms * 1000000ll);
}

#endif
