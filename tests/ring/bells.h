/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a test program waits and rings: eventfds between processes and threads, the guest driver's
 * ioctls, a membership of the host module, or nothing but polling.
 */
#ifndef TESTS_RING_BELLS_H
#define TESTS_RING_BELLS_H

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/ivshmem.h>
#include <linux/ivshmem_host.h>

struct bells;

struct bells_ops {
	void (*ring)(struct bells *b, unsigned int number);
	void (*wait)(struct bells *b);
};

/* What is not of the kind that @ops are for is unused. */
struct bells {
	const struct bells_ops *ops;
	int own;		/* eventfd; the device in a guest */
	const int *peers;	/* eventfds, by number */
	int membership;
	uint32_t peer;
	uint32_t vector;
	uint64_t rings;
	uint64_t waits;
};

static inline void bells_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline void bells_raise(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		bells_die("eventfd");
}

static inline void bells_eventfd_ring(struct bells *b, unsigned int number)
{
	bells_raise(b->peers[number]);
}

static inline void bells_eventfd_wait(struct bells *b)
{
	uint64_t count;

	if (read(b->own, &count, sizeof(count)) != sizeof(count))
		bells_die("eventfd");
}

static inline void bells_guest_ring(struct bells *b, unsigned int number)
{
	struct ivshmem_ring ring = { .peer = b->peer, .vector = b->vector };

	(void)number;
	if (ioctl(b->own, IVSHMEM_RING, &ring))
		bells_die("IVSHMEM_RING");
}

static inline void bells_guest_wait(struct bells *b)
{
	struct ivshmem_wait wait = {
		.vector = b->vector, .timeout_ns = IVSHMEM_WAIT_FOREVER,
	};

	if (ioctl(b->own, IVSHMEM_WAIT, &wait))
		bells_die("IVSHMEM_WAIT");
}

/* Nobody there yet, or any more: it looks when it comes. */
static inline void bells_host_ring(struct bells *b, unsigned int number)
{
	struct ivshmem_doorbell bell = { .peer = b->peer, .vector = b->vector };

	(void)number;
	if (ioctl(b->membership, IVSHMEM_PEER_RING, &bell) && errno != ESRCH && errno != ENXIO)
		bells_die("IVSHMEM_PEER_RING");
}

static inline void bells_no_ring(struct bells *b, unsigned int number)
{
	(void)b;
	(void)number;
}

static inline void bells_no_wait(struct bells *b)
{
	(void)b;
	sched_yield();
}

static const struct bells_ops bells_eventfd = { bells_eventfd_ring, bells_eventfd_wait };
static const struct bells_ops bells_guest = { bells_guest_ring, bells_guest_wait };
static const struct bells_ops bells_host = { bells_host_ring, bells_eventfd_wait };
static const struct bells_ops bells_none = { bells_no_ring, bells_no_wait };

static inline void bells_ring(void *opaque, unsigned int number)
{
	struct bells *b = opaque;

	b->rings++;
	b->ops->ring(b, number);
}

static inline void bells_wait(struct bells *b)
{
	b->waits++;
	b->ops->wait(b);
}

static inline int bells_fd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		bells_die("eventfd");
	return fd;
}

#endif /* TESTS_RING_BELLS_H */
