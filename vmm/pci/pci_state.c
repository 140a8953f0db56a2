// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the bus and of its devices: config space, and what a device adds to it. A device is
 * the same one if all that a guest can't change in its config space is the same, and the sizes of
 * its BARs are.
 */
#include <errno.h>
#include <string.h>

#include "pci/bus.h"
#include "util.h"

#define BUS_VERSION	1
#define DEVICE_VERSION	1

static const struct state_field bus_fields[] = {
	STATE_FIELD(struct pci_bus, address),
};

static int device_refuse(const struct pci_device *dev, const char *what, struct error *err)
{
	return error_arg(err, -EINVAL, "the PCI device at %02x.%x is %s where the snapshot was "
			 "taken, and here it is %s: give the options that it was taken with",
			 dev->devfn >> 3, dev->devfn & 7, what, dev->name);
}

static void device_sizes(const struct pci_device *dev, uint64_t sizes[PCI_NUM_BARS])
{
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++)
		sizes[n] = dev->bars[n].mr ? dev->bars[n].size : 0;
}

static void device_save(struct pci_device *dev, struct state_set *states)
{
	struct state *s = state_add(states, "pci", dev->devfn, DEVICE_VERSION);
	uint64_t sizes[PCI_NUM_BARS];

	device_sizes(dev, sizes);
	state_put(s, "config", dev->config, sizeof(dev->config));
	state_put(s, "bar-sizes", sizes, sizeof(sizes));
	if (dev->save)
		dev->save(dev, s);
}

void pci_bus_save(struct pci_bus *bus, struct state_set *states)
{
	pthread_mutex_lock(&bus->lock);
	state_put_fields(state_add(states, "pci-host", 0, BUS_VERSION), bus_fields,
			 ARRAY_SIZE(bus_fields), bus);
	for (unsigned int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++)
		if (bus->devices[devfn])
			device_save(bus->devices[devfn], states);
	pthread_mutex_unlock(&bus->lock);
}

/* What a guest can't write must be there already. */
static int config_load(struct pci_device *dev, const struct state *s, struct error *err)
{
	uint8_t config[PCI_CONFIG_SIZE];
	int ret = state_get(s, "config", config, sizeof(config), err);

	for (unsigned int i = 0; !ret && i < sizeof(config); i++)
		if ((config[i] ^ dev->config[i]) & ~(dev->wmask[i] | dev->w1c[i]))
			ret = device_refuse(dev, "another", err);
	if (!ret)
		memcpy(dev->config, config, sizeof(config));
	return ret;
}

static int sizes_check(const struct pci_device *dev, const struct state *s, struct error *err)
{
	uint64_t here[PCI_NUM_BARS], there[PCI_NUM_BARS];
	int ret = state_get(s, "bar-sizes", there, sizeof(there), err);

	device_sizes(dev, here);
	if (!ret && memcmp(here, there, sizeof(here)))
		ret = device_refuse(dev, "of another size", err);
	return ret;
}

static int device_load(struct pci_device *dev, struct state_set *states, struct error *err)
{
	struct error why;
	struct state *s;
	int ret = state_take(states, "pci", dev->devfn, DEVICE_VERSION, &s, &why);

	if (ret == -ENOENT)
		return device_refuse(dev, "not there", err);
	if (ret)
		return error_set(err, ret, "%s", why.text);
	ret = sizes_check(dev, s, err);
	if (!ret)
		ret = config_load(dev, s, err);
	if (!ret && dev->load)
		ret = dev->load(dev, s, err);
	if (ret)
		return ret;
	pci_bars_update(dev);
	if (dev->config_written)
		dev->config_written(dev, 0, PCI_CONFIG_SIZE);
	return 0;
}

int pci_bus_load(struct pci_bus *bus, struct state_set *states, struct error *err)
{
	struct state *s;
	int ret = state_take(states, "pci-host", 0, BUS_VERSION, &s, err);

	pthread_mutex_lock(&bus->lock);
	if (!ret)
		ret = state_get_fields(s, bus_fields, ARRAY_SIZE(bus_fields), bus, err);
	for (unsigned int devfn = 0; !ret && devfn < PCI_DEVFN_MAX; devfn++)
		if (bus->devices[devfn])
			ret = device_load(bus->devices[devfn], states, err);
	pthread_mutex_unlock(&bus->lock);
	return ret;
}
