/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI device by which a guest reaches shared memory: ivshmem-plain of QEMU's specification,
 * revision 1. Its memory is a backend's; its registers are here.
 */
#ifndef VMM_HW_IVSHMEM_H
#define VMM_HW_IVSHMEM_H

#include "error.h"
#include "hostmem/hostmem.h"
#include "props.h"
#include "pci/pci.h"

/**
 * ivshmem_check() - is a -device well-formed? Opens and makes nothing
 *
 * Return: 0, or -EINVAL with @err filled.
 */
int ivshmem_check(const struct props *o, struct error *err);

/**
 * ivshmem_create() - make the device that a -device describes, and plug it in
 * @bus: ends the device with itself
 * @hostmem: gives the memory, and outlives @bus
 * @o: outlives the device
 *
 * Return: 0; -EINVAL for what the command line has wrong, or -errno; @err filled.
 */
int ivshmem_create(struct pci_bus *bus, struct memory *mem, struct hostmem *hostmem,
		   const struct props *o, struct error *err);

#endif /* VMM_HW_IVSHMEM_H */
