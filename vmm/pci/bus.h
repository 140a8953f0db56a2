/* SPDX-License-Identifier: GPL-2.0-only */
/* The bus's inside, shared by the files of this folder. */
#ifndef VMM_PCI_BUS_H
#define VMM_PCI_BUS_H

#include <pthread.h>

#include "io/log.h"
#include "pci/pci.h"

struct pci_bus {
	struct memory *mem;
	struct memory_region *pci, *io;		/* the machine's containers */
	struct memory_region ecam, address_port, data_port;
	struct pci_device bridge;
	struct log_limit log;

	pthread_mutex_t lock;			/* guards the rest, and each device's
						 * config and BARs */
	uint32_t address;			/* as last written to port 0xcf8 */
	struct pci_device *devices[PCI_DEVFN_MAX];
};

/* bar.c. Both under the bus's lock. */
#define PCI_BAR_UNMAPPED	UINT64_MAX

/* Map, move and unmap a device's BARs as its config space says: one transaction. */
void pci_bars_update(struct pci_device *dev);
/* Unmap them all. */
void pci_bars_unmap(struct pci_device *dev);
bool pci_bar_is_64bit(const struct pci_bar *bar);
/* The address in config space, whether or not it is decoded. */
uint64_t pci_bar_address(const struct pci_device *dev, unsigned int n);
/* As a guest would program it. */
void pci_bar_set_address(struct pci_device *dev, unsigned int n, uint64_t addr);

/* config.c */
uint32_t pci_config_get(const struct pci_device *dev, unsigned int reg, unsigned int size);
void pci_config_set(struct pci_device *dev, unsigned int reg, uint32_t value, unsigned int size);
void pci_config_set_wmask(struct pci_device *dev, unsigned int reg, uint32_t wmask,
			  unsigned int size);

/* capability.c: the offset of the first with this ID, 0 if there is none. */
unsigned int pci_find_capability(const struct pci_device *dev, uint8_t id);

/* host.c: the bridge, ECAM and the ports. */
int pci_host_init(struct pci_bus *bus, struct error *err);
void pci_host_fini(struct pci_bus *bus);

#endif /* VMM_PCI_BUS_H */
