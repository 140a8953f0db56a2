// SPDX-License-Identifier: GPL-2.0-only
/* The list of capabilities in config space: who is where, and what each lets a guest write. */
#include <errno.h>

#include "pci/bus.h"

#define WORD		4u		/* capabilities begin at multiples of it */

/* The words of config space from @offset on that @size bytes touch; 0: they are not all there. */
static uint64_t words_of(unsigned int offset, unsigned int size)
{
	unsigned int nr = (size + WORD - 1) / WORD;

	if (offset % WORD || offset < PCI_STD_HEADER_SIZEOF || offset >= PCI_CONFIG_SIZE ||
	    size < PCI_CAP_SIZEOF || size > PCI_CONFIG_SIZE - offset)
		return 0;
	return (UINT64_MAX >> (64 - nr)) << offset / WORD;
}

/* Where the offset of the next capability goes: at the end of the list. */
static unsigned int list_end(const struct pci_device *dev)
{
	unsigned int reg = PCI_CAPABILITY_LIST;

	while (dev->config[reg])
		reg = dev->config[reg] + PCI_CAP_LIST_NEXT;
	return reg;
}

int pci_add_capability(struct pci_device *dev, uint8_t id, unsigned int offset, unsigned int size,
		       const struct pci_capability_reg *regs, unsigned int nr)
{
	uint64_t words = words_of(offset, size);

	if (!words || words & dev->capabilities)
		return -EINVAL;
	dev->capabilities |= words;
	dev->config[offset + PCI_CAP_LIST_ID] = id;
	dev->config[list_end(dev)] = offset;
	dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	for (; nr; nr--, regs++) {
		pci_config_set(dev, offset + regs->reg, regs->value, regs->size);
		pci_config_set_wmask(dev, offset + regs->reg, regs->wmask, regs->size);
	}
	return 0;
}

unsigned int pci_find_capability(const struct pci_device *dev, uint8_t id)
{
	unsigned int offset = dev->config[PCI_CAPABILITY_LIST];

	while (offset && dev->config[offset + PCI_CAP_LIST_ID] != id)
		offset = dev->config[offset + PCI_CAP_LIST_NEXT];
	return offset;
}
