// SPDX-License-Identifier: GPL-2.0-only
/* Memberships: the ioctls of ivshmem_host.ko, typed, with what their errors mean. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hostmem/membership.h"
#include "hostmem/region.h"

static int join_explain(const char *name, const struct membership_request *req, int code,
			struct error *err)
{
	switch (code) {
	case -EBUSY:
		return error_arg(err, code, "region '%s': another peer has the id %" PRIu32
				 ": `ivshmemctl peers %s` shows it", name, req->peer, name);
	case -ENOSPC:
		return error_arg(err, code, "region '%s' has as many peers as it may have: end "
				 "one, or create it with a larger --peers", name);
	case -EMFILE:
		return error_arg(err, code, "region '%s': your memberships hold as much kernel "
				 "memory as the region grants a user (--user-kb at its creation), "
				 "or this process has no descriptor left (ulimit -n)", name);
	case -EINVAL:
		return error_arg(err, code, "region '%s' refuses %" PRIu32 " vectors or the id: "
				 "`ivshmemctl list --json` shows its limits", name, req->vectors);
	case -ENOTTY:
		return error_arg(err, code, "region '%s': " REGION_MODULE_OLD, name);
	default:
		return error_arg(err, code, "joining the region '%s': %s", name, strerror(-code));
	}
}

int membership_join(struct membership *m, int region_fd, const char *name,
		    const struct membership_request *req, struct error *err)
{
	struct ivshmem_join join = {
		.flags = req->flags,
		.peer = req->peer,
		.vectors = req->vectors,
		.fds = (uintptr_t)req->fds,
	};
	int fd = ioctl(region_fd, IVSHMEM_JOIN, &join);

	*m = (struct membership){ .fd = -1 };
	if (fd < 0)
		return join_explain(name, req, -errno, err);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		int code = -errno;

		close(fd);
		return join_explain(name, req, code, err);
	}
	*m = (struct membership){ fd, join.peer, join.vectors, join.serial };
	return 0;
}

void membership_leave(struct membership *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

ssize_t membership_read(const struct membership *m, struct ivshmem_event *events, size_t max)
{
	ssize_t n = read(m->fd, events, max * sizeof(*events));

	return n < 0 ? -errno : n / (ssize_t)sizeof(*events);
}

int membership_get_doorbell(const struct membership *m, uint32_t peer, uint64_t serial,
			    uint32_t vector)
{
	struct ivshmem_doorbell req = { .peer = peer, .vector = vector, .serial = serial };
	int fd = ioctl(m->fd, IVSHMEM_GET_DOORBELL, &req);

	return fd < 0 ? -errno : fd;
}

int membership_ring(const struct membership *m, uint32_t peer, uint64_t serial, uint32_t vector)
{
	struct ivshmem_doorbell req = { .peer = peer, .vector = vector, .serial = serial };

	return ioctl(m->fd, IVSHMEM_PEER_RING, &req) < 0 ? -errno : 0;
}

int membership_next_peer(int region_fd, struct ivshmem_peer_info *info)
{
	return ioctl(region_fd, IVSHMEM_PEER_NEXT, info) < 0 ? -errno : 0;
}
