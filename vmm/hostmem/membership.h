/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A membership of a region from user space: ivshmem_host.ko's JOIN and what follows from it. The
 * kernel ends it with the last close of its descriptor, whatever ended the process.
 */
#ifndef VMM_HOSTMEM_MEMBERSHIP_H
#define VMM_HOSTMEM_MEMBERSHIP_H

#include <linux/ivshmem_host.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct membership {
	int fd;				/* readable when there are events; -1: none */
	uint32_t peer;			/* own id; IVSHMEM_PEER_ANY: an observer */
	uint32_t vectors;		/* own */
	uint64_t serial;
};

/* What somebody who joins wants. */
struct membership_request {
	uint32_t flags;			/* IVSHMEM_JOIN_* */
	uint32_t peer;			/* the id, or IVSHMEM_PEER_ANY */
	uint32_t vectors;
	const int *fds;			/* @vectors eventfds, -1 for one that comes later; NULL: all
					 * come later. They stay the caller's. */
};

/**
 * membership_join() - be a peer of a region, or an observer
 * @m: filled; its descriptor does not block; membership_leave() ends it
 * @region_fd: an open /dev/ivshmem/@name; not needed afterwards
 * @name: for messages
 *
 * Return: 0; -EBUSY the wanted id is taken, -ENOSPC the region is full, -EMFILE a limit of this
 * user's, -EINVAL more vectors than the region lets a peer have, or another -errno; @err filled.
 */
int membership_join(struct membership *m, int region_fd, const char *name,
		    const struct membership_request *req, struct error *err);
/* Nothing if it left already. */
void membership_leave(struct membership *m);

/**
 * membership_read() - what happened, oldest first
 *
 * Return: how many events of @max were read; -EAGAIN there are none, or another -errno.
 */
ssize_t membership_read(const struct membership *m, struct ivshmem_event *events, size_t max);

/**
 * membership_get_doorbell() - what to write to, or give to KVM, to raise a peer's vector
 * @serial: of that peer's membership, 0: whoever has the id
 *
 * Return: a descriptor, or -errno: -ESRCH no such peer, -ENXIO no such vector or nothing attached
 * to it, -EPERM the region is open for reading only, -EMFILE.
 */
int membership_get_doorbell(const struct membership *m, uint32_t peer, uint64_t serial,
			    uint32_t vector);

/* Raise a peer's vector at once. 0, or -errno as above. */
int membership_ring(const struct membership *m, uint32_t peer, uint64_t serial, uint32_t vector);

/**
 * membership_next_peer() - the living peer with the smallest id from info->peer on
 *
 * Return: 0; -ENOENT there is none, or another -errno.
 */
int membership_next_peer(int region_fd, struct ivshmem_peer_info *info);

#endif /* VMM_HOSTMEM_MEMBERSHIP_H */
