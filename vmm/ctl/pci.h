/* SPDX-License-Identifier: GPL-2.0-only */
/* The ivshmem PCI devices of this machine, a guest. */
#ifndef VMM_CTL_PCI_H
#define VMM_CTL_PCI_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/**
 * struct ctl_pci - an ivshmem PCI device
 * @address: as "0000:00:02.0"
 * @vendor: of the device, and so on
 * @driver: NULL: none is bound
 * @node: the device node that driver made, NULL: none
 * @bar: where each BAR is, and its bytes; 0 bytes: absent
 */
struct ctl_pci {
	char address[24];
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision;
	char *driver, *node;
	struct ctl_pci_bar {
		uint64_t address, size;
	} bar[6];
};

/**
 * pci_list() - find the ivshmem devices
 * @list: allocated, for pci_list_free()
 *
 * Return: 0; -ENOMEM with @err filled.
 */
int pci_list(struct ctl_pci **list, size_t *count, struct error *err);
void pci_list_free(struct ctl_pci *list, size_t count);

#endif /* VMM_CTL_PCI_H */
