/* SPDX-License-Identifier: GPL-2.0-only */
/* The PCI driver. */
#ifndef IVSHMEM_PCI_H
#define IVSHMEM_PCI_H

#include <linux/pci.h>

extern struct pci_driver ivshmem_pci_driver;

#endif /* IVSHMEM_PCI_H */
