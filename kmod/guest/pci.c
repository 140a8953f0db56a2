// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI side: which devices, their BARs, and the order in which a device comes to life. There is
 * no remove(): all that probe does is undone in reverse by the device core, the node first, then
 * the mappings of user space, then the BARs.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "chardev.h"
#include "device.h"
#include "ivshmem_regs.h"
#include "pci.h"

static int pci_check_bar(struct pci_dev *pdev, int bar, resource_size_t size_min)
{
	if ((pci_resource_flags(pdev, bar) & IORESOURCE_MEM) &&
	    pci_resource_len(pdev, bar) >= size_min)
		return 0;
	return dev_err_probe(&pdev->dev, -ENODEV,
			     "BAR %d %pR is not %llu bytes of memory or more\n", bar,
			     &pdev->resource[bar], (u64)size_min);
}

static int pci_map_regs(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = pci_check_bar(pdev, IVSHMEM_BAR_REGS, IVSHMEM_DOORBELL + sizeof(u32));

	if (err)
		return err;
	idev->regs = devm_ioremap_resource(&pdev->dev, &pdev->resource[IVSHMEM_BAR_REGS]);
	return PTR_ERR_OR_ZERO(idev->regs);
}

/* What was asked for as write-back is uncached where a firmware's MTRR says that of the address. */
static bool pci_mem_is_cached(void *mem)
{
#ifdef CONFIG_X86
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)mem, &level);

	return !pte || !(pte_flags(*pte) & (_PAGE_PCD | _PAGE_PWT));
#else
	return true;
#endif
}

static int pci_map_mem(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = pci_check_bar(pdev, IVSHMEM_BAR_MEM, 1);

	if (err)
		return err;
	idev->phys = pci_resource_start(pdev, IVSHMEM_BAR_MEM);
	idev->size = pci_resource_len(pdev, IVSHMEM_BAR_MEM);
	if (!devm_request_mem_region(&pdev->dev, idev->phys, idev->size, KBUILD_MODNAME))
		return dev_err_probe(&pdev->dev, -EBUSY, "BAR 2 %pR belongs to somebody else\n",
				     &pdev->resource[IVSHMEM_BAR_MEM]);
	idev->mem = devm_memremap(&pdev->dev, idev->phys, idev->size, MEMREMAP_WB);
	if (IS_ERR(idev->mem))
		return PTR_ERR(idev->mem);
	if (!pci_mem_is_cached(idev->mem))
		dev_warn(&pdev->dev,
			 "BAR 2 %pR is uncached, and slow: the firmware's MTRRs want it so\n",
			 &pdev->resource[IVSHMEM_BAR_MEM]);
	return 0;
}

static void pci_put_device(void *idev)
{
	put_device(&((struct ivshmem_device *)idev)->dev);
}

static void pci_revoke_device(void *idev)
{
	ivshmem_device_revoke(idev);
}

static void pci_del_chardev(void *idev)
{
	ivshmem_chardev_del(idev);
}

static int pci_map_bars(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = pci_map_regs(idev, pdev);

	return err ? err : pci_map_mem(idev, pdev);
}

static int pci_publish(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = devm_add_action_or_reset(&pdev->dev, pci_revoke_device, idev);

	if (err)
		return err;
	err = ivshmem_chardev_add(idev);
	if (err)
		return err;
	return devm_add_action_or_reset(&pdev->dev, pci_del_chardev, idev);
}

static int pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem_device *idev;
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	idev = ivshmem_device_create(pdev);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = devm_add_action_or_reset(&pdev->dev, pci_put_device, idev);
	if (err)
		return err;
	err = pci_map_bars(idev, pdev);
	if (err)
		return err;
	idev->vectors = max(pci_msix_vec_count(pdev), 0);
	err = pci_publish(idev, pdev);
	if (err)
		return err;
	dev_info(&pdev->dev, "%s: %llu bytes at %pa\n", dev_name(&idev->dev), idev->size,
		 &idev->phys);
	return 0;
}

static const struct pci_device_id pci_ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, pci_ids);

struct pci_driver ivshmem_pci_driver = {
	.name = "ivshmem",
	.id_table = pci_ids,
	.probe = pci_probe,
};
