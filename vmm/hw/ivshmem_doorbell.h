/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device with interrupts has beyond the plain one: vectors of its own, peers to ring, and
 * the extension that tells a guest of them.
 */
#ifndef VMM_HW_IVSHMEM_DOORBELL_H
#define VMM_HW_IVSHMEM_DOORBELL_H

#include "hw/ivshmem.h"
#include "hw/ivshmem_extension.h"
#include "hw/ivshmem_options.h"
#include "hw/ivshmem_peers.h"
#include "pci/msix.h"

struct doorbell_device {
	unsigned int vectors;
	int *fds;			/* eventfds, one a vector: signals are its interrupts */
	struct pci_msix *msix;
	struct ivshmem_extension extension;
	struct ivshmem_peers *peers;
	uint32_t wanted;		/* id, or IVSHMEM_PEER_ANY */
	const char *driver;		/* for messages */
	const char *region;
};

/**
 * doorbell_device_create() - what makes a plain device one with interrupts
 * @dev: on no bus yet
 * @regs: its BAR 0
 *
 * It is a peer from now on, unless @host->restoring: then with its state.
 *
 * Return: 0, or -errno with @err filled.
 */
int doorbell_device_create(struct doorbell_device **out, const struct ivshmem_host *host,
			    const struct ivshmem_options *opts, struct pci_device *dev,
			    struct memory_region *regs, const struct hostmem_backend *backend,
			    struct error *err);
/* @regs is gone. NULL: nothing. */
void doorbell_device_destroy(struct doorbell_device *d);

void doorbell_device_config_written(struct doorbell_device *d, struct pci_device *dev);

/* A word of BAR 0 that the plain device has not, and the same as a store. */
uint32_t doorbell_device_read(struct doorbell_device *d, hwaddr offset);
void doorbell_device_write(struct doorbell_device *d, hwaddr offset, uint32_t value);

void doorbell_device_save(struct doorbell_device *d, struct state *s);
/* Becomes a peer, with the id that it had. */
int doorbell_device_load(struct doorbell_device *d, const struct pci_device *dev,
			  const struct state *s, struct error *err);

#endif /* VMM_HW_IVSHMEM_DOORBELL_H */
