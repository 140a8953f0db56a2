// SPDX-License-Identifier: GPL-2.0-only
/*
 * Type-0 config space: what is in it after reset, which bits a guest may write, and what a write
 * sets off. Who asks (a port, ECAM) is host.c's business.
 */
#include <string.h>

#include "pci/bus.h"
#include "util.h"

/* What a guest may change in any device, as in QEMU; all else is read-only. */
static const struct {
	uint8_t reg, size;
	uint16_t wmask, w1c;
} config_masks[] = {
	{ PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			  PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, 0 },
	{ PCI_STATUS, 2, 0, PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
			    PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |
			    PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY },
	{ PCI_CACHE_LINE_SIZE, 1, 0xff, 0 },
	{ PCI_INTERRUPT_LINE, 1, 0xff, 0 },
};

uint32_t pci_config_get(const struct pci_device *dev, unsigned int reg, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		if (reg + i < PCI_CONFIG_SIZE)
			value |= (uint32_t)dev->config[reg + i] << 8 * i;
	return value;
}

void pci_config_set(struct pci_device *dev, unsigned int reg, uint32_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		dev->config[reg + i] = value >> 8 * i;
}

void pci_config_set_wmask(struct pci_device *dev, unsigned int reg, uint32_t wmask,
			  unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		dev->wmask[reg + i] = wmask >> 8 * i;
}

static void config_mask(struct pci_device *dev, unsigned int reg, unsigned int size,
			uint16_t wmask, uint16_t w1c)
{
	pci_config_set_wmask(dev, reg, wmask, size);
	for (unsigned int i = 0; i < size; i++)
		dev->w1c[reg + i] = w1c >> 8 * i;
}

void pci_device_init(struct pci_device *dev, const char *name, const struct pci_identity *identity)
{
	*dev = (struct pci_device){ .name = name };
	pci_config_set(dev, PCI_VENDOR_ID, identity->vendor, 2);
	pci_config_set(dev, PCI_DEVICE_ID, identity->device, 2);
	pci_config_set(dev, PCI_CLASS_REVISION, identity->class << 8 | identity->revision, 4);
	pci_config_set(dev, PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor, 2);
	pci_config_set(dev, PCI_SUBSYSTEM_ID, identity->subsystem, 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(config_masks); i++)
		config_mask(dev, config_masks[i].reg, config_masks[i].size, config_masks[i].wmask,
			    config_masks[i].w1c);
}

/* Store what the masks let through. */
static void config_store(struct pci_device *dev, unsigned int reg, uint32_t value,
			 unsigned int size)
{
	for (unsigned int i = 0; i < size && reg + i < PCI_CONFIG_SIZE; i++) {
		uint8_t *byte = &dev->config[reg + i], in = value >> 8 * i;
		uint8_t wmask = dev->wmask[reg + i];

		*byte = (*byte & ~wmask) | (in & wmask);
		*byte &= ~(in & dev->w1c[reg + i]);
	}
}

/* Does an access of @size bytes at @reg touch any of @len bytes at @first? */
static bool touches(unsigned int reg, unsigned int size, unsigned int first, unsigned int len)
{
	return reg < first + len && first < reg + size;
}

uint32_t pci_config_read(struct pci_bus *bus, uint8_t devfn, unsigned int reg, unsigned int size)
{
	const struct pci_device *dev;
	uint32_t value;

	pthread_mutex_lock(&bus->lock);
	dev = bus->devices[devfn];
	value = dev ? pci_config_get(dev, reg, size) : UINT32_MAX >> (32 - 8 * size);
	pthread_mutex_unlock(&bus->lock);
	return value;
}

void pci_config_write(struct pci_bus *bus, uint8_t devfn, unsigned int reg, uint32_t value,
		      unsigned int size)
{
	struct pci_device *dev;

	pthread_mutex_lock(&bus->lock);
	dev = bus->devices[devfn];
	if (dev) {
		config_store(dev, reg, value, size);
		if (touches(reg, size, PCI_COMMAND, 2) ||
		    touches(reg, size, PCI_BASE_ADDRESS_0, 4 * PCI_NUM_BARS))
			pci_bars_update(dev);
		if (dev->config_written)
			dev->config_written(dev, reg, size);
	}
	pthread_mutex_unlock(&bus->lock);
}
