/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI device by which a guest reaches shared memory: ivshmem-plain and ivshmem-doorbell of
 * QEMU's specification, revision 1. Its memory is a backend's; its registers are here.
 */
#ifndef VMM_HW_IVSHMEM_H
#define VMM_HW_IVSHMEM_H

#include "error.h"
#include "hostmem/hostmem.h"
#include "io/loop.h"
#include "pci/msi.h"
#include "pci/pci.h"
#include "props.h"

/* Where devices are made. */
struct ivshmem_host {
	struct pci_bus *bus;		/* ends the devices with itself */
	struct memory *mem;
	struct hostmem *hostmem;	/* gives the memory, and outlives the bus */
	struct loop *loop;		/* of one with interrupts: peers come and go in it */
	struct msi_provider *msi;	/* the same: its interrupts */
	bool restoring;			/* each gets a state before the guest runs */
};

/**
 * ivshmem_check() - is a -device well-formed? Opens and makes nothing
 *
 * Return: 0, or -EINVAL with @err filled.
 */
int ivshmem_check(const struct props *o, struct error *err);

/**
 * ivshmem_create() - make the device that a -device describes, and plug it in
 * @host: need not outlive the call; what it names does
 * @o: outlives the device
 *
 * Return: 0; -EINVAL for what the command line has wrong, or -errno; @err filled.
 */
int ivshmem_create(const struct ivshmem_host *host, const struct props *o, struct error *err);

#endif /* VMM_HW_IVSHMEM_H */
