// SPDX-License-Identifier: GPL-2.0-only
/* Devices of the guest driver ivshmem.ko. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/device.h"

bool device_is_path(const char *operand)
{
	return strchr(operand, '/');
}

static int open_explain(const char *path, int code, struct error *err)
{
	switch (code) {
	case -ENOENT:
		return error_set(err, code, "%s is not there: `ivshmemctl list` shows the ivshmem "
				 "devices of this machine, and `modprobe ivshmem` loads their "
				 "driver", path);
	case -EACCES:
		return error_set(err, code, "no permission to open %s: root can grant it with "
				 "chmod or chgrp", path);
	default:
		return error_set(err, code, "%s: %s", path, strerror(-code));
	}
}

int device_open(struct device *d, const char *path, bool writable, struct error *err)
{
	*d = (struct device){ .path = path };
	d->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0)
		return open_explain(path, -errno, err);
	if (!ioctl(d->fd, IVSHMEM_INFO, &d->info))
		return 0;
	close(d->fd);
	return error_set(err, -EINVAL, "%s is not a device of the guest driver ivshmem (of this "
			 "version); a region of a host is named without its folder", path);
}

void device_close(struct device *d)
{
	close(d->fd);
}

int device_ring(const struct device *d, uint32_t peer, uint32_t vector, struct error *err)
{
	struct ivshmem_ring ring = { .peer = peer, .vector = vector };

	if (!ioctl(d->fd, IVSHMEM_RING, &ring))
		return 0;
	return error_set(err, -errno, "%s: ringing peer %u, vector %u: %s", d->path, peer, vector,
			 strerror(errno));
}

int device_take(const struct device *d, struct ivshmem_wait *wait)
{
	*wait = (struct ivshmem_wait){ .vector = IVSHMEM_VECTOR_ANY };
	return ioctl(d->fd, IVSHMEM_WAIT, wait) < 0 ? -errno : 0;
}

int device_peer(const struct device *d, struct ivshmem_peers *peers)
{
	return ioctl(d->fd, IVSHMEM_PEERS, peers) < 0 ? -errno : 0;
}

/* Appends the peer from @from on; -ENOENT behind the last one. */
static int peers_append(struct device_peers *peers, const struct device *d, uint32_t from)
{
	struct ivshmem_peers next = { .next = from };
	struct device_peer_id *grown;
	int ret = device_peer(d, &next);

	if (ret && ret != -ENOENT)
		return ret;
	peers->known = true;
	memcpy(peers->region, next.region, sizeof(peers->region));
	peers->region[sizeof(peers->region) - 1] = '\0';
	if (ret)
		return ret;
	grown = reallocarray(peers->list, peers->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[peers->count++] = (struct device_peer_id){ next.next, next.generation };
	peers->list = grown;
	return 0;
}

int device_peers_read(struct device_peers *peers, const struct device *d, struct error *err)
{
	int ret;

	*peers = (struct device_peers){};
	do
		ret = peers_append(peers, d,
				   peers->count ? peers->list[peers->count - 1].peer + 1 : 0);
	while (!ret);
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		return 0;
	device_peers_free(peers);
	return error_set(err, ret, "%s: who its peers are: %s", d->path, strerror(-ret));
}

void device_peers_free(struct device_peers *peers)
{
	free(peers->list);
	*peers = (struct device_peers){};
}
