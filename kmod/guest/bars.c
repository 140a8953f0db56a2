// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BARs: the registers, the shared memory, and what of them mmap() can map. All of it is undone
 * by the PCI device's devres.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include "bars.h"
#include "ivshmem_regs.h"

/**
 * ivshmem_bars_check() - is a BAR memory of some size?
 * @pdev: the PCI device
 * @bar: its number
 * @size_min: bytes
 *
 * Return: 0, or -ENODEV, which is logged.
 */
int ivshmem_bars_check(struct pci_dev *pdev, int bar, u64 size_min)
{
	if ((pci_resource_flags(pdev, bar) & IORESOURCE_MEM) &&
	    pci_resource_len(pdev, bar) >= size_min)
		return 0;
	return dev_err_probe(&pdev->dev, -ENODEV,
			     "BAR %d %pR is not %llu bytes of memory or more\n", bar,
			     &pdev->resource[bar], size_min);
}

static void bars_release(void *resource)
{
	release_resource(resource);
}

/*
 * Nobody else's registers may lie in the page that user space gets: what the BAR leaves of it is
 * taken, if it is free.
 */
static bool bars_take_rest(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	struct resource *bar = &pdev->resource[IVSHMEM_BAR_REGS];
	struct resource *rest = &idev->regs_rest;

	if (!PAGE_ALIGNED(bar->start) || !bar->parent)
		return false;
	if (PAGE_ALIGNED(resource_size(bar)))
		return true;
	rest->name = "ivshmem";
	rest->flags = bar->flags;
	rest->start = bar->end + 1;
	rest->end = PAGE_ALIGN(bar->end) - 1;
	if (request_resource(bar->parent, rest))
		return false;
	return !devm_add_action_or_reset(&pdev->dev, bars_release, rest);
}

static int bars_map_regs(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	struct ivshmem_area *area = &idev->areas[IVSHMEM_AREA_REGS];
	int err = ivshmem_bars_check(pdev, IVSHMEM_BAR_REGS, IVSHMEM_DOORBELL + sizeof(u32));

	if (err)
		return err;
	idev->regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[IVSHMEM_BAR_REGS]);
	if (IS_ERR(idev->regs))
		return PTR_ERR(idev->regs);
	if (bars_take_rest(idev, pdev)) {
		area->phys = pci_resource_start(pdev, IVSHMEM_BAR_REGS);
		area->size = PAGE_ALIGN(pci_resource_len(pdev, IVSHMEM_BAR_REGS));
	}
	return 0;
}

/**
 * ivshmem_bars_map_ram() - map a BAR that is RAM, write-back where the firmware's MTRRs let it be
 * @idev: a device that is not live yet
 * @pdev: its PCI device
 * @bar: a BAR of memory
 * @kind: which area it is
 *
 * Return: where it is mapped, or an ERR_PTR.
 */
void *ivshmem_bars_map_ram(struct ivshmem_device *idev, struct pci_dev *pdev, int bar,
			   enum ivshmem_area_kind kind)
{
	struct ivshmem_area *area = &idev->areas[kind];
	phys_addr_t phys = pci_resource_start(pdev, bar);
	u64 size = pci_resource_len(pdev, bar);
	void *mem;

	if (!devm_request_mem_region(&pdev->dev, phys, size, KBUILD_MODNAME))
		return ERR_PTR(dev_err_probe(&pdev->dev, -EBUSY,
					     "BAR %d %pR belongs to somebody else\n", bar,
					     &pdev->resource[bar]));
	mem = devm_memremap(&pdev->dev, phys, size, MEMREMAP_WB);
	if (IS_ERR(mem))
		return mem;
	area->phys = phys;
	area->size = size;
	return mem;
}

/* What was asked for as write-back is uncached where a firmware's MTRR says that of the address. */
static bool bars_ram_is_cached(void *mem)
{
#ifdef CONFIG_X86
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)mem, &level);

	return !pte || !(pte_flags(*pte) & (_PAGE_PCD | _PAGE_PWT));
#else
	return true;
#endif
}

static int bars_map_mem(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = ivshmem_bars_check(pdev, IVSHMEM_BAR_MEM, 1);

	if (err)
		return err;
	idev->mem = ivshmem_bars_map_ram(idev, pdev, IVSHMEM_BAR_MEM, IVSHMEM_AREA_MEMORY);
	if (IS_ERR(idev->mem))
		return PTR_ERR(idev->mem);
	if (!bars_ram_is_cached(idev->mem))
		dev_warn(&pdev->dev,
			 "BAR 2 %pR is uncached, and slow: the firmware's MTRRs want it so\n",
			 &pdev->resource[IVSHMEM_BAR_MEM]);
	return 0;
}

/* One behind the other; those that are not there as well. */
static void bars_lay_out(struct ivshmem_device *idev)
{
	struct ivshmem_area *areas = idev->areas;
	u64 regs = max_t(u64, areas[IVSHMEM_AREA_REGS].size, PAGE_SIZE);

	areas[IVSHMEM_AREA_REGS].offset = PAGE_ALIGN(areas[IVSHMEM_AREA_MEMORY].size);
	areas[IVSHMEM_AREA_PEERS].offset = areas[IVSHMEM_AREA_REGS].offset + regs;
}

/**
 * ivshmem_bars_map() - map the BARs of the specification
 * @idev: a device that is not live yet
 * @pdev: its PCI device
 *
 * Return: 0 or -errno.
 */
int ivshmem_bars_map(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = bars_map_regs(idev, pdev);

	if (err)
		return err;
	err = bars_map_mem(idev, pdev);
	if (err)
		return err;
	bars_lay_out(idev);
	return 0;
}
