// SPDX-License-Identifier: GPL-2.0-only
/* Doorbells by the guest driver and by the host module. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ivshmem_regs.h>

#include "bell.h"

#define VECTOR	0
#define MS	1000000
#define EVENTS	16

/*
 * Eventfds
 */

static int event_wait(struct bell *b)
{
	struct pollfd fd = { .fd = b->event, .events = POLLIN };
	uint64_t count;
	int n = poll(&fd, 1, BELL_WAIT_NS / MS);

	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	return read(b->event, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;
}

/*
 * The guest driver
 */

static int device_ring(struct bell *b)
{
	struct ivshmem_ring ring = { .peer = b->peer, .vector = VECTOR };

	return ioctl(b->device, IVSHMEM_RING, &ring) ? -errno : 0;
}

static int device_wait(struct bell *b)
{
	struct ivshmem_wait wait = { .vector = VECTOR, .timeout_ns = BELL_WAIT_NS };

	return ioctl(b->device, IVSHMEM_WAIT, &wait) ? -errno : 0;
}

static const struct bell_ops device_ops = { device_ring, device_wait };

static int device_event(struct bell *b)
{
	struct ivshmem_eventfd link = { .vector = VECTOR };
	int ret;

	if (b->event >= 0)
		return 0;
	link.fd = eventfd(0, EFD_CLOEXEC);
	if (link.fd < 0)
		return -errno;
	if (!ioctl(b->device, IVSHMEM_SET_EVENTFD, &link)) {
		b->event = link.fd;
		return 0;
	}
	ret = -errno;
	close(link.fd);
	return ret;
}

int bell_init_device(struct bell *b, int fd, const struct ivshmem_info *info, struct error *err)
{
	void *regs = MAP_FAILED;

	*b = (struct bell){ .device = fd, .membership.fd = -1, .event = -1 };
	b->own = info->position;
	if (!info->interrupts)
		return 0;
	b->ops = &device_ops;
	if (!info->regs_size)
		return 0;
	regs = mmap(NULL, info->regs_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)info->regs_offset);
	if (regs == MAP_FAILED)
		return error_set(err, -errno, "mapping the registers: %s", strerror(errno));
	b->registers = regs;
	b->registers_size = info->regs_size;
	return 0;
}

/*
 * The host module
 */

static int region_ring(struct bell *b)
{
	int ret = membership_ring(&b->membership, b->peer, 0, VECTOR);

	return ret == -ESRCH || ret == -ENXIO ? 0 : ret;
}

static const struct bell_ops region_ops = { region_ring, event_wait };

int bell_init_region(struct bell *b, int fd, const char *name, struct error *err)
{
	struct membership_request req = { .peer = IVSHMEM_PEER_ANY, .vectors = 1 };
	int ret;

	*b = (struct bell){ .device = -1, .membership.fd = -1 };
	b->event = eventfd(0, EFD_CLOEXEC);
	if (b->event < 0)
		return error_set(err, -errno, "eventfd: %s", strerror(errno));
	req.fds = &b->event;
	ret = membership_join(&b->membership, fd, name, &req, err);
	if (ret) {
		close(b->event);
		return ret;
	}
	b->own = b->membership.peer;
	b->ops = &region_ops;
	return 0;
}

void bell_fini(struct bell *b)
{
	if (!b->ops)
		return;
	membership_leave(&b->membership);
	if (b->registers)
		munmap((void *)b->registers, b->registers_size);
	if (b->event >= 0)
		close(b->event);
}

int bell_use(struct bell *b, enum job_ring how, enum job_hear hear)
{
	if (!b->ops || (how == JOB_RING_MAPPED && !b->registers))
		return -EOPNOTSUPP;
	b->how = how;
	b->hear = hear;
	return hear == JOB_HEAR_EVENTFD && b->ops == &device_ops ? device_event(b) : 0;
}

int bell_ring(struct bell *b)
{
	b->rings++;
	if (b->how == JOB_RING_CALL)
		return b->ops->ring(b);
	b->registers[IVSHMEM_DOORBELL / 4] = b->peer << IVSHMEM_DOORBELL_PEER_SHIFT | VECTOR;
	return 0;
}

int bell_hear(struct bell *b)
{
	return b->hear == JOB_HEAR_EVENTFD ? event_wait(b) : b->ops->wait(b);
}

void bell_news_drop(struct bell *b)
{
	struct ivshmem_event some[EVENTS];

	while (b->ops && b->membership.fd >= 0 && membership_read(&b->membership, some, EVENTS) > 0)
		;
}
