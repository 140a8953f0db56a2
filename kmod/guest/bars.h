/* SPDX-License-Identifier: GPL-2.0-only */
/* The BARs of a device. */
#ifndef IVSHMEM_BARS_H
#define IVSHMEM_BARS_H

#include <linux/types.h>

#include "device.h"

int ivshmem_bars_check(struct pci_dev *pdev, int bar, u64 size_min);
void *ivshmem_bars_map_ram(struct ivshmem_device *idev, struct pci_dev *pdev, int bar,
			   enum ivshmem_area_kind kind);
int ivshmem_bars_map(struct ivshmem_device *idev, struct pci_dev *pdev);

#endif /* IVSHMEM_BARS_H */
