/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI bus with one host bridge: type-0 config space as bytes with write masks, BARs that become
 * subregions of the PCI memory container. A client of the memory model; knows no KVM.
 *
 * One mutex a bus guards the config bytes and BARs of all its devices; the order of locks is the
 * bus's, then the memory model's.
 */
#ifndef VMM_PCI_PCI_H
#define VMM_PCI_PCI_H

#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "memory/memory.h"
#include "state.h"

#define PCI_CONFIG_SIZE		256	/* conventional; ECAM reads 0 to 0xfff, zero behind it */
#define PCI_NUM_BARS		6
#define PCI_DEVFN_MAX		256
#define PCI_DEVFN(dev, fn)	((dev) << 3 | (fn))
#define PCI_DEVFN_ANY		(-1)	/* for pci_device_add(): the next free slot */

struct pci_bus;
struct pci_device;

struct pci_bar {
	struct memory_region *mr;	/* the owner's; NULL: absent */
	uint64_t size;			/* bytes, a power of two */
	uint8_t type;			/* PCI_BASE_ADDRESS_* bits 3…0 */
	bool mapped;
	hwaddr addr;			/* where it is mapped, if it is */
};

/* The read-only numbers by which a driver knows a device. */
struct pci_identity {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t class;			/* base class, subclass, interface: 24 bits */
	uint8_t revision;
};

/* Embedded by a device; pci_device_init(), pci_register_bar(), then pci_device_add(). */
struct pci_device {
	struct pci_bus *bus;		/* NULL: on none */
	uint8_t devfn;
	const char *name;		/* for people: "ivshmem-plain" */
	const char *id;			/* the user's name for it; NULL: none */
	void (*destroy)(struct pci_device *dev);	/* NULL: the owner ends it by itself */
	/* after a guest's write to config space, under the bus's mutex; may be NULL */
	void (*config_written)(struct pci_device *dev, unsigned int reg, unsigned int size);
	/* what it keeps beside config space, under the bus's mutex; both NULL: nothing */
	void (*save)(struct pci_device *dev, struct state *s);
	int (*load)(struct pci_device *dev, const struct state *s, struct error *err);
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t wmask[PCI_CONFIG_SIZE];	/* bits that a guest may write */
	uint8_t w1c[PCI_CONFIG_SIZE];	/* bits that a guest clears by writing 1 */
	uint64_t capabilities;		/* words of config space that they take, a bit each */
	struct pci_bar bars[PCI_NUM_BARS];
};

/* A register of a capability, behind its ID and next pointer: as after reset. */
struct pci_capability_reg {
	uint8_t reg, size;		/* offset in the capability, 2 or more; 1, 2 or 4 bytes */
	uint32_t value;
	uint32_t wmask;			/* bits that a guest may write */
};

/**
 * pci_bus_create() - a bus with its host bridge at 00:00.0, both config mechanisms mapped
 * @mem: the memory model
 * @pci: the container for BARs and ECAM; offsets in it are guest-physical addresses
 * @io: the container for ports 0xcf8 to 0xcff
 *
 * Return: 0, or -errno with @err filled and nothing left behind.
 */
int pci_bus_create(struct pci_bus **out, struct memory *mem, struct memory_region *pci,
		   struct memory_region *io, struct error *err);

/* The end of the bus and, by their destroy(), of the devices on it; no vCPU runs any more. */
void pci_bus_destroy(struct pci_bus *bus);

/* Take the host bridge out of slot 0, for another one: config space then is at the ports alone. */
void pci_bus_remove_bridge(struct pci_bus *bus);

/* A device without BARs, as it is after reset; @name and @identity must outlive it. */
void pci_device_init(struct pci_device *dev, const char *name, const struct pci_identity *identity);

/**
 * pci_register_bar() - give a device that is on no bus yet a memory BAR
 * @n: 0 to 5; a 64-bit BAR takes @n + 1 too
 * @type: PCI_BASE_ADDRESS_MEM_TYPE_32 or _64, and PCI_BASE_ADDRESS_MEM_PREFETCH
 * @mr: what a guest finds there; its size is the BAR's
 *
 * Return: 0, or -EINVAL if the size is no power of two from 16 bytes, too large for @type, or the
 * number is taken or out of range.
 */
int pci_register_bar(struct pci_device *dev, unsigned int n, uint8_t type,
		     struct memory_region *mr) MEMORY_MUST_CHECK;

/**
 * pci_add_capability() - give a device that is on no bus yet a capability, behind those it has
 * @id: PCI_CAP_ID_*
 * @offset: in config space, a multiple of 4 from PCI_STD_HEADER_SIZEOF on
 * @size: bytes
 * @regs: @nr of them, all within @size; what none of them has is read-only and 0
 *
 * Return: 0, or -EINVAL if it is not all in config space, or another is there.
 */
int pci_add_capability(struct pci_device *dev, uint8_t id, unsigned int offset, unsigned int size,
		       const struct pci_capability_reg *regs, unsigned int nr) MEMORY_MUST_CHECK;

/**
 * pci_device_add() - plug a device in; a guest sees it from now on
 * @devfn: where, or PCI_DEVFN_ANY
 *
 * Return: 0; -EBUSY if @devfn is taken, -ENOSPC if all slots are; @err filled.
 */
int pci_device_add(struct pci_bus *bus, struct pci_device *dev, int devfn, struct error *err);

/* Pull it out: its BARs are unmapped, its slot is free. Nothing if it is on no bus. */
void pci_device_del(struct pci_device *dev);

/**
 * pci_assign() - firmware's job: give each BAR an address in the host bridge's windows
 *
 * Largest first, no two in one page; 64-bit ones below 4 GiB as long as all 32-bit ones still fit
 * there. COMMAND stays 0: nothing is mapped until a driver enables it.
 *
 * Return: 0, or -EINVAL with @err naming the device that does not fit.
 */
int pci_assign(struct pci_bus *bus, struct error *err);

/**
 * pci_config_read() - config space as a guest reads it
 * @devfn: of which device; all-ones if there is none
 * @reg: byte offset; zero from PCI_CONFIG_SIZE on
 * @size: 1, 2 or 4 bytes
 *
 * Takes the bus's mutex, as does the write, which maps and unmaps BARs in one transaction.
 */
uint32_t pci_config_read(struct pci_bus *bus, uint8_t devfn, unsigned int reg, unsigned int size);
void pci_config_write(struct pci_bus *bus, uint8_t devfn, unsigned int reg, uint32_t value,
		      unsigned int size);

/* No vCPU runs. The state of the bus and its devices, as parts of @states. */
void pci_bus_save(struct pci_bus *bus, struct state_set *states);
/* 0, or -errno with @err filled: a device is missing there, or is another one. */
int pci_bus_load(struct pci_bus *bus, struct state_set *states, struct error *err);

/* Print what is on the bus, in the manner of QEMU's `info pci`, or as one line of JSON. */
void pci_info(struct pci_bus *bus, FILE *out, bool json);

#endif /* VMM_PCI_PCI_H */
