// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base address registers: sizing by write masks, and the subregion that each one is while COMMAND
 * lets it decode. What a guest writes there can move a region anywhere or nowhere, and no more.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "pci/bus.h"

#define BAR_SIZE_MIN	16u
#define BAR_PRIORITY	1		/* above what is in the container itself */

bool pci_bar_is_64bit(const struct pci_bar *bar)
{
	return bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static unsigned int bar_reg(unsigned int n)
{
	return PCI_BASE_ADDRESS_0 + 4 * n;
}

static bool bar_is_free(const struct pci_device *dev, unsigned int n)
{
	return n < PCI_NUM_BARS && !dev->bars[n].mr &&
	       !(n && dev->bars[n - 1].mr && pci_bar_is_64bit(&dev->bars[n - 1]));
}

static bool bar_size_ok(const struct pci_bar *bar)
{
	return bar->size >= BAR_SIZE_MIN && !(bar->size & (bar->size - 1)) &&
	       (pci_bar_is_64bit(bar) || bar->size <= UINT32_MAX);
}

int pci_register_bar(struct pci_device *dev, unsigned int n, uint8_t type,
		     struct memory_region *mr)
{
	struct pci_bar bar = { .mr = mr, .type = type, .size = memory_region_size(mr) };
	uint64_t mask = ~(bar.size - 1);

	if (!bar_is_free(dev, n) || !bar_size_ok(&bar) ||
	    (pci_bar_is_64bit(&bar) && !bar_is_free(dev, n + 1)))
		return -EINVAL;
	dev->bars[n] = bar;
	pci_config_set(dev, bar_reg(n), type, 4);
	pci_config_set_wmask(dev, bar_reg(n), mask, 4);
	if (pci_bar_is_64bit(&bar))
		pci_config_set_wmask(dev, bar_reg(n + 1), mask >> 32, 4);
	return 0;
}

uint64_t pci_bar_address(const struct pci_device *dev, unsigned int n)
{
	uint64_t addr = pci_config_get(dev, bar_reg(n), 4);

	if (pci_bar_is_64bit(&dev->bars[n]))
		addr |= (uint64_t)pci_config_get(dev, bar_reg(n + 1), 4) << 32;
	return addr & ~(dev->bars[n].size - 1);
}

void pci_bar_set_address(struct pci_device *dev, unsigned int n, uint64_t addr)
{
	pci_config_set(dev, bar_reg(n), (uint32_t)addr | dev->bars[n].type, 4);
	if (pci_bar_is_64bit(&dev->bars[n]))
		pci_config_set(dev, bar_reg(n + 1), addr >> 32, 4);
}

/*
 * Where config space wants a BAR: nowhere at 0, and where its last byte is the last of all or
 * wraps.
 */
static hwaddr bar_wanted(const struct pci_device *dev, unsigned int n)
{
	const struct pci_bar *bar = &dev->bars[n];
	uint64_t limit = pci_bar_is_64bit(bar) ? UINT64_MAX : UINT32_MAX;
	uint64_t addr = pci_bar_address(dev, n);
	uint64_t last = addr + (bar->size - 1);

	if (!(pci_config_get(dev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return PCI_BAR_UNMAPPED;
	return addr && last >= addr && last < limit ? addr : PCI_BAR_UNMAPPED;
}

static void bar_unmap(struct pci_device *dev, struct pci_bar *bar)
{
	memory_region_del_subregion(dev->bus->pci, bar->mr);
	bar->mapped = false;
}

static int bar_map(struct pci_device *dev, struct pci_bar *bar, hwaddr addr)
{
	int ret = memory_region_add_subregion_overlap(dev->bus->pci, addr, bar->mr, BAR_PRIORITY);

	bar->mapped = true;
	bar->addr = addr;
	return ret;
}

static int bar_move(struct pci_bar *bar, hwaddr addr)
{
	bar->addr = addr;
	return memory_region_set_address(bar->mr, addr);
}

static int bar_update(struct pci_device *dev, unsigned int n)
{
	struct pci_bar *bar = &dev->bars[n];
	hwaddr wanted = bar_wanted(dev, n);

	if (wanted != PCI_BAR_UNMAPPED)
		return bar->mapped ? bar_move(bar, wanted) : bar_map(dev, bar, wanted);
	if (bar->mapped)
		bar_unmap(dev, bar);
	return 0;
}

/* The BARs, a bit each, that are not where they are wanted. */
static unsigned int bars_to_change(const struct pci_device *dev)
{
	unsigned int bars = 0;

	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		const struct pci_bar *bar = &dev->bars[n];
		hwaddr is = bar->mapped ? bar->addr : PCI_BAR_UNMAPPED;

		if (bar->mr && is != bar_wanted(dev, n))
			bars |= 1u << n;
	}
	return bars;
}

static int bars_change(struct pci_device *dev, unsigned int bars)
{
	int ret = 0, err;

	memory_transaction_begin(dev->bus->mem);
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		err = bars & 1u << n ? bar_update(dev, n) : 0;
		ret = ret ? ret : err;
	}
	err = memory_transaction_commit(dev->bus->mem);
	return ret ? ret : err;
}

static void bars_unmap(struct pci_device *dev, unsigned int bars)
{
	memory_transaction_begin(dev->bus->mem);
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		if (bars & 1u << n && dev->bars[n].mapped)
			bar_unmap(dev, &dev->bars[n]);
	}
	memory_transaction_commit(dev->bus->mem);
}

/* What can't be together is tried one by one: who has no place takes none from the others. */
static void bars_change_singly(struct pci_device *dev, unsigned int bars)
{
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		if (bars & 1u << n && bars_change(dev, 1u << n))
			bars_unmap(dev, 1u << n);
	}
}

/*
 * Whether the tree is as nobody's view of it can be: then each commit tries again, and is refused.
 * Other errors are of who serves accesses quickly; the model serves them slowly.
 */
static bool change_is_vetoed(struct pci_device *dev)
{
	memory_transaction_begin(dev->bus->mem);
	return memory_transaction_commit(dev->bus->mem);
}

/*
 * What is vetoed is taken back, or everybody's next change would be vetoed too. The guest finds
 * nothing there until it writes to COMMAND or to a BAR again.
 */
void pci_bars_update(struct pci_device *dev)
{
	unsigned int bars = bars_to_change(dev);
	int ret = bars ? bars_change(dev, bars) : 0;

	if (!ret)
		return;
	log_warn(&dev->bus->log, "%s at 00:%02x.%x: a BAR is not where the guest has put it: %s",
		 dev->name, dev->devfn >> 3, dev->devfn & 7, strerror(-ret));
	if (!change_is_vetoed(dev))
		return;
	bars_unmap(dev, bars);
	if (bars & (bars - 1))
		bars_change_singly(dev, bars);
}

void pci_bars_unmap(struct pci_device *dev)
{
	bars_unmap(dev, UINT_MAX);
}
