// SPDX-License-Identifier: GPL-2.0-only
/* The bus: which device is in which slot. */
#include <errno.h>
#include <stdlib.h>

#include "pci/bus.h"

int pci_bus_create(struct pci_bus **out, struct memory *mem, struct memory_region *pci,
		   struct memory_region *io, struct error *err)
{
	struct pci_bus *bus = calloc(1, sizeof(*bus));
	int ret;

	if (!bus)
		return error_set(err, -ENOMEM, "PCI bus: out of memory");
	bus->mem = mem;
	bus->pci = pci;
	bus->io = io;
	pthread_mutex_init(&bus->lock, NULL);
	ret = pci_host_init(bus, err);
	if (ret) {
		pthread_mutex_destroy(&bus->lock);
		free(bus);
		return ret;
	}
	*out = bus;
	return 0;
}

void pci_bus_destroy(struct pci_bus *bus)
{
	for (unsigned int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
		struct pci_device *dev = bus->devices[devfn];

		if (!dev || dev == &bus->bridge)
			continue;
		pci_device_del(dev);
		if (dev->destroy)
			dev->destroy(dev);
	}
	pci_host_fini(bus);
	pthread_mutex_destroy(&bus->lock);
	free(bus);
}

/* Function 0 of the first slot that is empty, or -ENOSPC; under the lock. */
static int bus_free_devfn(const struct pci_bus *bus)
{
	for (int devfn = 0; devfn < PCI_DEVFN_MAX; devfn += PCI_DEVFN(1, 0))
		if (!bus->devices[devfn])
			return devfn;
	return -ENOSPC;
}

int pci_device_add(struct pci_bus *bus, struct pci_device *dev, int devfn, struct error *err)
{
	int ret = 0;

	pthread_mutex_lock(&bus->lock);
	if (devfn == PCI_DEVFN_ANY)
		devfn = bus_free_devfn(bus);
	if (devfn < 0) {
		ret = error_set(err, devfn,
				"no slot of the PCI bus is free; it has 32, the host bridge's "
				"among them");
	} else if (bus->devices[devfn]) {
		ret = error_set(err, -EBUSY, "PCI slot %02x.%x is taken by %s", devfn >> 3,
				devfn & 7, bus->devices[devfn]->name);
	} else {
		dev->bus = bus;
		dev->devfn = devfn;
		bus->devices[devfn] = dev;
	}
	pthread_mutex_unlock(&bus->lock);
	return ret;
}

void pci_device_del(struct pci_device *dev)
{
	struct pci_bus *bus = dev->bus;

	if (!bus)
		return;
	pthread_mutex_lock(&bus->lock);
	pci_bars_unmap(dev);
	bus->devices[dev->devfn] = NULL;
	dev->bus = NULL;
	pthread_mutex_unlock(&bus->lock);
}
