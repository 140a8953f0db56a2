/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our extension of the doorbell device (ivshmem_regs.h): a vendor-specific capability, registers
 * from IVSHMEM_EXT_ABI on, and the peers' page. Until a driver has found and enabled it, all of it
 * reads 0.
 */
#ifndef VMM_HW_IVSHMEM_EXTENSION_H
#define VMM_HW_IVSHMEM_EXTENSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ivshmem_regs.h"
#include "memory/memory.h"
#include "pci/pci.h"

struct ivshmem_extension_config {
	const char *region;		/* its name */
	uint32_t max_peers;
	unsigned int vectors;		/* one's own */
	void (*raise)(void *opaque, unsigned int vector);
	void *opaque;
};

/* Embedded; all zero: none. */
struct ivshmem_extension {
	struct ivshmem_extension_config config;
	char name[IVSHMEM_EXT_NAME_SIZE];
	struct memory_region page;	/* what a guest sees of @words */

	pthread_mutex_t lock;		/* guards the rest */
	bool enabled;			/* this and @vector as the capability has them */
	bool unsignalled;		/* changes that nobody was told of */
	uint16_t vector;		/* to be raised with changes */
	uint32_t changes;
	uint32_t *words;		/* by id, as IVSHMEM_PEER_* */
	uint32_t end;			/* all 0 from this id on */
};

/* Capability and BAR of @dev, which is on no bus yet. 0 or -errno. */
int ivshmem_extension_init(struct ivshmem_extension *x, struct pci_device *dev, struct memory *mem,
			   const struct ivshmem_extension_config *config);
/* The device is on no bus any more. */
void ivshmem_extension_fini(struct ivshmem_extension *x);

/* A word at @offset of BAR 0, from IVSHMEM_EXT_ABI on; none can be written. */
uint32_t ivshmem_extension_read(struct ivshmem_extension *x, hwaddr offset);

/* From the device's config_written(). */
void ivshmem_extension_config_written(struct ivshmem_extension *x, const struct pci_device *dev);

/* As config of ivshmem_peers.h wants them: word, then counter, then signal. */
void ivshmem_extension_peer(struct ivshmem_extension *x, uint32_t peer, bool joined);
void ivshmem_extension_signal(struct ivshmem_extension *x);

/*
 * From the device's save() and load(). What was loaded has no peers any more: they are told anew,
 * as others than before.
 */
void ivshmem_extension_save(struct ivshmem_extension *x, struct state *s);
int ivshmem_extension_load(struct ivshmem_extension *x, const struct pci_device *dev,
			   const struct state *s, struct error *err);

#endif /* VMM_HW_IVSHMEM_EXTENSION_H */
