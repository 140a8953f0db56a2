// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI side: which devices, and the order in which a device comes to life. There is no remove():
 * all that probe does is undone in reverse by the device core, the node first, then the mappings of
 * user space and who waits, then the interrupts, then the BARs.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/poll.h>

#include "bars.h"
#include "chardev.h"
#include "device.h"
#include "ivshmem_regs.h"
#include "pci.h"
#include "vectors.h"
#include "wait.h"

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

/* In the order in which they stand on each other; devres takes them back in reverse. */
static int pci_init_parts(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	int err = ivshmem_bars_map(idev, pdev);

	if (err)
		return err;
	err = ivshmem_vectors_init(idev, pdev);
	if (err)
		return err;
	return ivshmem_extension_init(idev, pdev);
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
	err = pci_init_parts(idev, pdev);
	if (err)
		return err;
	pci_set_drvdata(pdev, idev);
	err = pci_publish(idev, pdev);
	if (err)
		return err;
	dev_info(&pdev->dev, "%s: %llu bytes at %pa, %u interrupts\n", dev_name(&idev->dev),
		 ivshmem_device_size(idev), &idev->areas[IVSHMEM_AREA_MEMORY].phys,
		 idev->interrupts);
	return 0;
}

/*
 * MSI-X and the header are the PCI core's to save and restore; what the extension's registers held
 * is lost with the device's power. Peers may have come or gone meanwhile.
 */
static int pci_resume(struct device *dev)
{
	struct ivshmem_device *idev = dev_get_drvdata(dev);

	ivshmem_extension_resume(idev);
	ivshmem_wake(idev, EPOLLPRI);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(pci_pm_ops, NULL, pci_resume);

static const struct pci_device_id pci_ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, pci_ids);

struct pci_driver ivshmem_pci_driver = {
	.name = "ivshmem",
	.id_table = pci_ids,
	.probe = pci_probe,
	.driver.pm = pm_sleep_ptr(&pci_pm_ops),
};
