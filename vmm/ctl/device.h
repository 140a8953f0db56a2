/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/ivshmemN of the guest driver: its ioctls, and what their errors mean to a person. */
#ifndef VMM_CTL_DEVICE_H
#define VMM_CTL_DEVICE_H

#include <linux/ivshmem.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct device {
	const char *path;		/* the caller's */
	int fd;
	struct ivshmem_info info;
};

/* What to say of a path whose device has none of our extension. */
#define DEVICE_UNKNOWING	"%s does not know its peers: devices of ivmm do, QEMU's do not"

/* Is @operand a device, rather than the name of a region? Such a name has no slash. */
bool device_is_path(const char *operand);

/**
 * device_open() - open a device of the guest driver
 * @writable: to ring
 *
 * Return: 0; -EINVAL something else is there, or another -errno; @err filled.
 */
int device_open(struct device *d, const char *path, bool writable, struct error *err);
void device_close(struct device *d);

/* Raise a vector of a peer; who is nobody is not heard of. 0, or -errno with @err filled. */
int device_ring(const struct device *d, uint32_t peer, uint32_t vector, struct error *err);

/**
 * device_take() - a vector that fired and was not told yet
 * @wait: filled
 *
 * Return: 0; -ETIMEDOUT there is none, or another -errno.
 */
int device_take(const struct device *d, struct ivshmem_wait *wait);

/**
 * device_peer() - the living peer with the smallest id from @peers->next on, oneself too
 *
 * Return: 0; -ENOENT there is none (the region's name is there still), -EOPNOTSUPP the device does
 * not know its peers, or another -errno.
 */
int device_peer(const struct device *d, struct ivshmem_peers *peers);

/* What a device knows of its region. */
struct device_peers {
	bool known;			/* else it knows nothing of it */
	char region[IVSHMEM_REGION_SIZE];
	struct device_peer_id {
		uint32_t peer, generation;
	} *list;
	size_t count;
};

/* All living peers. 0, or -errno with @err filled. */
int device_peers_read(struct device_peers *peers, const struct device *d, struct error *err);
void device_peers_free(struct device_peers *peers);

#endif /* VMM_CTL_DEVICE_H */
