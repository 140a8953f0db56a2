// SPDX-License-Identifier: GPL-2.0-only
/*
 * The extension that a vendor-specific capability announces: registers that tell of the region, and
 * a page with a word a possible peer. A device without it, or with one that makes no sense, is
 * driven as the specification says.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ivshmem.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "bars.h"
#include "device.h"
#include "extension.h"
#include "ivshmem_regs.h"

static_assert(IVSHMEM_REGION_SIZE == IVSHMEM_EXT_NAME_SIZE);

static bool extension_is_ours(struct pci_dev *pdev, int cap)
{
	u8 length, version;
	u32 magic;

	pci_read_config_byte(pdev, cap + IVSHMEM_EXT_CAP_LENGTH, &length);
	pci_read_config_byte(pdev, cap + IVSHMEM_EXT_CAP_VERSION, &version);
	if (length < IVSHMEM_EXT_CAP_SIZE || version != IVSHMEM_EXT_VERSION)
		return false;
	pci_read_config_dword(pdev, cap + IVSHMEM_EXT_CAP_MAGIC, &magic);
	return magic == IVSHMEM_EXT_MAGIC;
}

static int extension_find(struct pci_dev *pdev)
{
	int cap = pci_find_capability(pdev, PCI_CAP_ID_VNDR);

	while (cap && !extension_is_ours(pdev, cap))
		cap = pci_find_next_capability(pdev, cap, PCI_CAP_ID_VNDR);
	return cap;
}

static void extension_write(struct ivshmem_device *idev, int reg, u16 value)
{
	pci_write_config_word(idev->pdev, idev->extension.cap + reg, value);
}

/* The device raises its last vector, if it has one, when a peer comes or goes. */
static void extension_enable(struct ivshmem_device *idev)
{
	extension_write(idev, IVSHMEM_EXT_CAP_VECTOR,
			idev->interrupts ? idev->interrupts - 1 : IVSHMEM_EXT_NO_VECTOR);
	extension_write(idev, IVSHMEM_EXT_CAP_CONTROL, IVSHMEM_EXT_ENABLE);
}

static void extension_disable(void *arg)
{
	struct ivshmem_device *idev = arg;

	extension_write(idev, IVSHMEM_EXT_CAP_CONTROL, 0);
	extension_write(idev, IVSHMEM_EXT_CAP_VECTOR, IVSHMEM_EXT_NO_VECTOR);
}

/* Is a BAR for something else, by the specification or by what the device says of its MSI-X? */
static bool extension_bar_is_taken(struct pci_dev *pdev, u8 bar)
{
	u32 table, pba;

	if (bar == IVSHMEM_BAR_REGS || bar == IVSHMEM_BAR_MSIX || bar == IVSHMEM_BAR_MEM)
		return true;
	if (!pdev->msix_cap)
		return false;
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &table);
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_PBA, &pba);
	return bar == (table & PCI_MSIX_TABLE_BIR) || bar == (pba & PCI_MSIX_PBA_BIR);
}

/* The BAR that the capability names, if that can be a page of @max_peers words; or -ENODEV. */
static int extension_bar(struct ivshmem_device *idev, struct pci_dev *pdev, u32 max_peers)
{
	u8 bar;

	pci_read_config_byte(pdev, idev->extension.cap + IVSHMEM_EXT_CAP_BAR, &bar);
	if (ioread32(idev->regs + IVSHMEM_EXT_ABI) != IVSHMEM_EXT_VERSION || !max_peers ||
	    bar >= PCI_STD_NUM_BARS || extension_bar_is_taken(pdev, bar))
		return -ENODEV;
	return ivshmem_bars_check(pdev, bar, (u64)max_peers * sizeof(u32)) ? -ENODEV : bar;
}

static int extension_map(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	u32 max_peers = ioread32(idev->regs + IVSHMEM_EXT_MAX_PEERS);
	int bar = extension_bar(idev, pdev, max_peers);
	void *peers;

	if (bar < 0)
		return bar;
	peers = ivshmem_bars_map_ram(idev, pdev, bar, IVSHMEM_AREA_PEERS);
	if (IS_ERR(peers))
		return PTR_ERR(peers);
	idev->extension.max_peers = max_peers;
	idev->extension.peers = peers;
	return 0;
}

/**
 * ivshmem_extension_init() - find the extension, and switch it on
 * @idev: a device that is not live yet, with registers and interrupts
 * @pdev: its PCI device, whose devres switches it off
 *
 * Return: 0, even if there is none; or -errno.
 */
int ivshmem_extension_init(struct ivshmem_device *idev, struct pci_dev *pdev)
{
	if (pci_resource_len(pdev, IVSHMEM_BAR_REGS) < IVSHMEM_EXT_NAME + IVSHMEM_EXT_NAME_SIZE)
		return 0;
	idev->extension.cap = extension_find(pdev);
	if (!idev->extension.cap)
		return 0;
	extension_enable(idev);
	if (extension_map(idev, pdev)) {
		dev_warn(&pdev->dev, "the capability at 0x%x makes no sense: peers are unknown\n",
			 idev->extension.cap);
		extension_disable(idev);
		idev->extension.cap = 0;
		return 0;
	}
	return devm_add_action_or_reset(&pdev->dev, extension_disable, idev);
}

/**
 * ivshmem_extension_resume() - switch the extension on again, after the device lost its state
 * @idev: the device
 */
void ivshmem_extension_resume(struct ivshmem_device *idev)
{
	if (idev->extension.cap)
		extension_enable(idev);
}

/**
 * ivshmem_extension_changes() - how often peers came or went
 * @idev: the device, entered
 *
 * Return: the register, 0 where peers are unknown.
 */
u32 ivshmem_extension_changes(struct ivshmem_device *idev)
{
	if (!ivshmem_extension_is_there(&idev->extension))
		return 0;
	return ioread32(idev->regs + IVSHMEM_EXT_CHANGES);
}

static u32 extension_peer(struct ivshmem_device *idev, u32 id)
{
	return READ_ONCE(idev->extension.peers[id]);
}

/**
 * ivshmem_extension_count() - how many peers there are, oneself too
 * @idev: the device, entered, whose peers are known
 */
u32 ivshmem_extension_count(struct ivshmem_device *idev)
{
	u32 count = 0;

	for (u32 id = 0; id < idev->extension.max_peers; id++)
		if (extension_peer(idev, id) & IVSHMEM_PEER_JOINED)
			count++;
	return count;
}

/**
 * ivshmem_extension_region() - the name of the region
 * @idev: the device, entered, whose peers are known
 * @region: IVSHMEM_REGION_SIZE bytes; NUL-terminated, whatever the device says
 */
void ivshmem_extension_region(struct ivshmem_device *idev, char *region)
{
	for (size_t i = 0; i < IVSHMEM_REGION_SIZE; i += sizeof(u32)) {
		__le32 word = cpu_to_le32(ioread32(idev->regs + IVSHMEM_EXT_NAME + i));

		memcpy(region + i, &word, sizeof(word));
	}
	region[IVSHMEM_REGION_SIZE - 1] = '\0';
}

/**
 * ivshmem_extension_peers() - the next living peer
 * @idev: the device, entered, whose peers are known
 * @peers: in: where to begin; out: all
 *
 * The changes are read first: what changes behind that look is news to who compares them.
 *
 * Return: 0, or -ENOENT if there is none from there on.
 */
int ivshmem_extension_peers(struct ivshmem_device *idev, struct ivshmem_peers *peers)
{
	peers->changes = ivshmem_extension_changes(idev);
	ivshmem_extension_region(idev, peers->region);
	for (u32 id = peers->next; id < idev->extension.max_peers; id++) {
		u32 word = extension_peer(idev, id);

		if (!(word & IVSHMEM_PEER_JOINED))
			continue;
		peers->next = id;
		peers->generation = word >> IVSHMEM_PEER_GENERATION_SHIFT;
		return 0;
	}
	return -ENOENT;
}
