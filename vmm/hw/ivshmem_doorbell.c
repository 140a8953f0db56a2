// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts, peers and the extension: put together, taken apart, saved and loaded. */
#include "hw/ivshmem_doorbell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util.h"

#define MSIX_BAR_SIZE	4096u

/* --- one's own vectors --- */

static int vector_open(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fd < ivshmem_peers_fds_end())
		return fd;
	close(fd);
	return -EMFILE;
}

static int vectors_open(struct doorbell_device *d, unsigned int vectors, struct error *err)
{
	d->fds = calloc(vectors, sizeof(d->fds[0]));
	if (!d->fds)
		return error_set(err, -ENOMEM, "-device %s: out of memory", d->driver);
	for (; d->vectors < vectors; d->vectors++) {
		int fd = vector_open();

		if (fd < 0)
			return error_arg(err, fd, "-device %s: vectors=%u: no eventfd for each "
					 "of them (%s): take fewer, or raise the limit of "
					 "descriptors (ulimit -n)", d->driver, vectors,
					 strerror(-fd));
		d->fds[d->vectors] = fd;
	}
	return 0;
}

static void vectors_close(struct doorbell_device *d)
{
	while (d->vectors)
		close(d->fds[--d->vectors]);
	free(d->fds);
}

/* --- parts --- */

static int msix_create(struct doorbell_device *d, const struct ivshmem_host *host,
		       struct pci_device *dev, struct error *err)
{
	static const struct pci_msix_layout layout = {
		.cap = IVSHMEM_MSIX_CAP,
		.bar = IVSHMEM_BAR_MSIX,
		.table = IVSHMEM_MSIX_TABLE,
		.pba = IVSHMEM_MSIX_PBA,
		.bar_size = MSIX_BAR_SIZE,
	};
	int ret = pci_msix_create(&d->msix, dev, host->mem, &layout, d->vectors, d->fds, host->msi,
				  err);
	char what[64];

	snprintf(what, sizeof(what), "-device %s", d->driver);
	return ret ? error_prefix(err, ret, what) : 0;
}

static void raise_own(void *opaque, unsigned int vector)
{
	const struct doorbell_device *d = opaque;

	ivshmem_peers_raise(d->peers, vector);
}

static int extension_create(struct doorbell_device *d, const struct ivshmem_host *host,
			    struct pci_device *dev, const struct hostmem_backend *backend,
			    struct error *err)
{
	const struct ivshmem_extension_config config = {
		.region = backend->region,
		.max_peers = backend->max_peers,
		.vectors = d->vectors,
		.raise = raise_own,
		.opaque = d,
	};
	int ret = ivshmem_extension_init(&d->extension, dev, host->mem, &config);

	return ret ? error_set(err, ret, "-device %s: the peers' page: %s", d->driver,
			       strerror(-ret)) : 0;
}

static void peer_changed(void *opaque, uint32_t peer, bool joined)
{
	struct doorbell_device *d = opaque;

	ivshmem_extension_peer(&d->extension, peer, joined);
}

static void peers_settled(void *opaque)
{
	struct doorbell_device *d = opaque;

	ivshmem_extension_signal(&d->extension);
}

static int peers_create(struct doorbell_device *d, const struct ivshmem_host *host,
			struct memory_region *regs, const struct hostmem_backend *backend,
			struct error *err)
{
	const struct ivshmem_peers_config config = {
		.loop = host->loop,
		.regs = regs,
		.region_fd = backend->region_fd,
		.region = backend->region,
		.max_peers = backend->max_peers,
		.readonly = backend->readonly,
		.fds = d->fds,
		.vectors = d->vectors,
		.changed = peer_changed,
		.settled = peers_settled,
		.opaque = d,
	};
	int ret = ivshmem_peers_create(&d->peers, &config);

	return ret ? error_set(err, ret, "-device %s: peers: %s", d->driver, strerror(-ret)) : 0;
}

static int join(struct doorbell_device *d, uint32_t wanted, struct error *err)
{
	int ret = ivshmem_peers_join(d->peers, wanted, err);
	char what[64];

	snprintf(what, sizeof(what), "-device %s", d->driver);
	return ret ? error_prefix(err, ret, what) : 0;
}

int doorbell_device_create(struct doorbell_device **out, const struct ivshmem_host *host,
			    const struct ivshmem_options *opts, struct pci_device *dev,
			    struct memory_region *regs, const struct hostmem_backend *backend,
			    struct error *err)
{
	struct doorbell_device *d = calloc(1, sizeof(*d));
	int ret;

	if (!d)
		return error_set(err, -ENOMEM, "-device %s: out of memory", opts->driver);
	*out = d;
	d->wanted = opts->peer;
	d->driver = opts->driver;
	d->region = backend->region;
	ret = vectors_open(d, opts->vectors, err);
	if (!ret)
		ret = msix_create(d, host, dev, err);
	if (!ret)
		ret = extension_create(d, host, dev, backend, err);
	if (!ret)
		ret = peers_create(d, host, regs, backend, err);
	if (!ret && !host->restoring)
		ret = join(d, d->wanted, err);
	return ret;
}

void doorbell_device_destroy(struct doorbell_device *d)
{
	if (!d)
		return;
	if (d->peers)
		ivshmem_peers_destroy(d->peers);
	if (d->extension.config.region)
		ivshmem_extension_fini(&d->extension);
	if (d->msix)
		pci_msix_destroy(d->msix);
	vectors_close(d);
	free(d);
}

/* --- what a guest does --- */

void doorbell_device_config_written(struct doorbell_device *d, struct pci_device *dev)
{
	pci_msix_config_written(d->msix);
	ivshmem_extension_config_written(&d->extension, dev);
}

uint32_t doorbell_device_read(struct doorbell_device *d, hwaddr offset)
{
	if (offset == IVSHMEM_IV_POSITION)
		return ivshmem_peers_self(d->peers);
	return offset < IVSHMEM_EXT_ABI ? 0 : ivshmem_extension_read(&d->extension, offset);
}

void doorbell_device_write(struct doorbell_device *d, hwaddr offset, uint32_t value)
{
	if (offset == IVSHMEM_DOORBELL)
		ivshmem_peers_ring(d->peers, value);
}

/* --- state --- */

struct doorbell_state {
	uint32_t peer;
};

static const struct state_field doorbell_fields[] = {
	STATE_FIELD_MAX(struct doorbell_state, peer, IVSHMEM_PEERS_MAX - 1),
};

void doorbell_device_save(struct doorbell_device *d, struct state *s)
{
	const struct doorbell_state state = { .peer = ivshmem_peers_self(d->peers) };

	state_put_fields(s, doorbell_fields, ARRAY_SIZE(doorbell_fields), &state);
	ivshmem_extension_save(&d->extension, s);
	pci_msix_save(d->msix, s);
}

/* A guest knows its id, and its peers know it by that. */
static int rejoin(struct doorbell_device *d, uint32_t peer, struct error *err)
{
	int ret;

	if (d->wanted != IVSHMEM_PEER_ANY && d->wanted != peer)
		return error_arg(err, -EINVAL, "-device %s: peer=%" PRIu32 ", but it has the id %"
				 PRIu32 " in the snapshot: leave peer= out", d->driver, d->wanted,
				 peer);
	ret = join(d, peer, err);
	if (ret == -EBUSY)
		return error_arg(err, ret, "-device %s: it has the id %" PRIu32 " in the snapshot, "
				 "and another peer of the region '%s' has that now: end that one "
				 "(`ivshmemctl peers %s` shows it), and try again", d->driver, peer,
				 d->region, d->region);
	return ret;
}

int doorbell_device_load(struct doorbell_device *d, const struct pci_device *dev,
			  const struct state *s, struct error *err)
{
	struct doorbell_state state;
	int ret = state_get_fields(s, doorbell_fields, ARRAY_SIZE(doorbell_fields), &state, err);

	if (!ret)
		ret = ivshmem_extension_load(&d->extension, dev, s, err);
	if (!ret)
		ret = pci_msix_load(d->msix, s, err);
	return ret ? ret : rejoin(d, state.peer, err);
}
