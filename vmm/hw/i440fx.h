/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host bridge of Intel's 440FX as firmware for PCs wants it: its programmable attribute map
 * (PAM) says of each part of 0xc0000 to 0xfffff whether RAM is there or what is on the PCI bus,
 * such as the ROM that the firmware is in.
 */
#ifndef VMM_HW_I440FX_H
#define VMM_HW_I440FX_H

#include "error.h"
#include "pci/pci.h"

#define I440FX_SEGMENTS	13

struct i440fx_config {
	struct pci_bus *bus;			/* whose bridge in slot 0 it replaces */
	struct memory *mem;
	struct memory_region *system;		/* offsets in these three are */
	struct memory_region *ram;		/* guest-physical addresses */
	struct memory_region *pci;
};

/**
 * i440fx_create() - the bridge, as after a reset: no RAM in any of the segments
 *
 * The bus frees it. Return: 0, or -errno with @err filled.
 */
int i440fx_create(const struct i440fx_config *config, struct error *err);

#endif /* VMM_HW_I440FX_H */
