/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X of a PCI device: the capability, the table and the pending bits in a BAR. Each vector has
 * an eventfd whose signals are its interrupts. While a vector is masked they stay in the eventfd,
 * where the pending bit is read from; nothing runs here when an interrupt comes.
 *
 * A mutex of its own guards it, since a guest gets to the table without the bus's: after the bus's,
 * before the provider's.
 */
#ifndef VMM_PCI_MSIX_H
#define VMM_PCI_MSIX_H

#include <stdint.h>

#include "error.h"
#include "memory/memory.h"
#include "pci/msi.h"
#include "pci/pci.h"

#define PCI_MSIX_VECTORS_MAX	2048

struct pci_msix;

/* Where a device has it. */
struct pci_msix_layout {
	uint8_t cap;			/* offset in config space */
	unsigned int bar;		/* of table and pending bits, and of nothing else */
	uint32_t table, pba;		/* offsets in the BAR, multiples of 8; @pba moves behind a
					 * table that reaches it */
	uint64_t bar_size;		/* at least, a power of two; grows to what @vectors need */
};

/**
 * pci_msix_create() - give a device that is on no bus yet MSI-X
 * @vectors: 1 to PCI_MSIX_VECTORS_MAX
 * @eventfds: one a vector, the caller's; they outlive it
 * @provider: outlives it
 *
 * The capability is registered, and the BAR. A guest finds all vectors masked and MSI-X disabled.
 *
 * Return: 0, or -errno with @err filled.
 */
int pci_msix_create(struct pci_msix **out, struct pci_device *dev, struct memory *mem,
		    const struct pci_msix_layout *layout, unsigned int vectors,
		    const int *eventfds, struct msi_provider *provider, struct error *err);
/* The device is on no bus any more. */
void pci_msix_destroy(struct pci_msix *msix);

/* From the device's config_written(): MSI-X may have been enabled, disabled, or masked whole. */
void pci_msix_config_written(struct pci_msix *msix);

/* From the device's save() and load(): the table, and signals that wait in eventfds. */
void pci_msix_save(struct pci_msix *msix, struct state *s);
int pci_msix_load(struct pci_msix *msix, const struct state *s, struct error *err);

#endif /* VMM_PCI_MSIX_H */
