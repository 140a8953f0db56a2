// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host bridge: its own device at 00:00.0, and the two ways a guest reaches config space: ports
 * 0xcf8 and 0xcfc (mechanism 1 of the PCI specification), and ECAM, 4 KiB a function.
 */
#include <string.h>

#include "layout.h"
#include "pci/bus.h"

#define ADDRESS_ENABLE	0x80000000u
#define ADDRESS_BUS	0x00ff0000u
#define ECAM_FUNCTION	4096u
#define ECAM_PRIORITY	2		/* no BAR hides it */

/* QEMU's generic PCIe host bridge, which no driver wants to mend. */
static const struct pci_identity bridge_identity = {
	.vendor = 0x1b36,
	.device = 0x0008,
	.subsystem_vendor = 0x1af4,
	.subsystem = 0x1100,
	.class = 0x060000,
};

static enum memtx_result address_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct pci_bus *bus = opaque;

	(void)addr;
	(void)size;
	pthread_mutex_lock(&bus->lock);
	*data = bus->address;
	pthread_mutex_unlock(&bus->lock);
	return MEMTX_OK;
}

static enum memtx_result address_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct pci_bus *bus = opaque;

	(void)addr;
	(void)size;
	pthread_mutex_lock(&bus->lock);
	bus->address = data;
	pthread_mutex_unlock(&bus->lock);
	return MEMTX_OK;
}

/* Narrower accesses are not for the bridge: they read all-ones. */
static const struct memory_region_ops address_ops = {
	.read = address_read,
	.write = address_write,
	.valid = { .min = 4, .max = 4 },
};

/* What the address port selects; false: no function of this bus. */
static bool address_decode(struct pci_bus *bus, uint8_t *devfn, unsigned int *reg)
{
	uint32_t address;

	pthread_mutex_lock(&bus->lock);
	address = bus->address;
	pthread_mutex_unlock(&bus->lock);
	*devfn = address >> 8;
	*reg = address & 0xfc;
	return (address & (ADDRESS_ENABLE | ADDRESS_BUS)) == ADDRESS_ENABLE;
}

static enum memtx_result data_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	unsigned int reg;
	uint8_t devfn;

	if (!address_decode(opaque, &devfn, &reg))
		return MEMTX_DECODE_ERROR;
	*data = pci_config_read(opaque, devfn, reg + addr, size);
	return MEMTX_OK;
}

static enum memtx_result data_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	unsigned int reg;
	uint8_t devfn;

	if (!address_decode(opaque, &devfn, &reg))
		return MEMTX_DECODE_ERROR;
	pci_config_write(opaque, devfn, reg + addr, data, size);
	return MEMTX_OK;
}

static const struct memory_region_ops data_ops = {
	.read = data_read,
	.write = data_write,
	.valid = { .max = 4 },
};

static enum memtx_result ecam_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	*data = pci_config_read(opaque, addr / ECAM_FUNCTION, addr % ECAM_FUNCTION, size);
	return MEMTX_OK;
}

static enum memtx_result ecam_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	pci_config_write(opaque, addr / ECAM_FUNCTION, addr % ECAM_FUNCTION, data, size);
	return MEMTX_OK;
}

static const struct memory_region_ops ecam_ops = {
	.read = ecam_read,
	.write = ecam_write,
	.valid = { .max = 4 },
};

static int host_regions_init(struct pci_bus *bus)
{
	int ret;

	ret = memory_region_init_io(&bus->address_port, bus->mem, NULL, &address_ops, bus,
				    "pci-conf-idx", 4);
	if (!ret)
		ret = memory_region_init_io(&bus->data_port, bus->mem, NULL, &data_ops, bus,
					    "pci-conf-data", 4);
	if (!ret)
		ret = memory_region_init_io(&bus->ecam, bus->mem, NULL, &ecam_ops, bus, "ecam",
					    LAYOUT_ECAM_SIZE);
	return ret;
}

static int host_regions_map(struct pci_bus *bus)
{
	int ret;

	ret = memory_region_add_subregion(bus->io, LAYOUT_PCI_ADDRESS, &bus->address_port);
	if (!ret)
		ret = memory_region_add_subregion(bus->io, LAYOUT_PCI_DATA, &bus->data_port);
	if (!ret)
		ret = memory_region_add_subregion_overlap(bus->pci, LAYOUT_ECAM, &bus->ecam,
							  ECAM_PRIORITY);
	return ret;
}

int pci_host_init(struct pci_bus *bus, struct error *err)
{
	int ret = host_regions_init(bus);

	if (!ret)
		ret = host_regions_map(bus);
	if (ret) {
		pci_host_fini(bus);
		return error_set(err, ret, "PCI host bridge: %s", strerror(-ret));
	}
	pci_device_init(&bus->bridge, "pci-host", &bridge_identity);
	return pci_device_add(bus, &bus->bridge, PCI_DEVFN(0, 0), err);
}

static void host_region_fini(struct memory_region *container, struct memory_region *mr)
{
	if (memory_region_is_mapped(mr))
		memory_region_del_subregion(container, mr);
	memory_region_fini(mr);
}

void pci_bus_remove_bridge(struct pci_bus *bus)
{
	pci_device_del(&bus->bridge);
	host_region_fini(bus->pci, &bus->ecam);
}

/* Also of what an initialisation that failed has left. */
void pci_host_fini(struct pci_bus *bus)
{
	pci_bus_remove_bridge(bus);
	host_region_fini(bus->io, &bus->data_port);
	host_region_fini(bus->io, &bus->address_port);
}
