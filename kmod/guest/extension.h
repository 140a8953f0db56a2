/* SPDX-License-Identifier: GPL-2.0-only */
/* What the devices of ivmm know beyond the specification: their region and its peers. */
#ifndef IVSHMEM_EXTENSION_H
#define IVSHMEM_EXTENSION_H

#include <linux/types.h>

struct ivshmem_device;
struct ivshmem_peers;
struct pci_dev;

/**
 * struct ivshmem_extension - the extension of a device
 * @cap: where its capability is in config space; 0: there is none
 * @peers: the peers' page, a word a possible peer; NULL: there is none
 * @max_peers: words of it
 */
struct ivshmem_extension {
	int cap;
	const u32 *peers;
	u32 max_peers;
};

int ivshmem_extension_init(struct ivshmem_device *idev, struct pci_dev *pdev);
void ivshmem_extension_resume(struct ivshmem_device *idev);
u32 ivshmem_extension_changes(struct ivshmem_device *idev);
u32 ivshmem_extension_count(struct ivshmem_device *idev);
void ivshmem_extension_region(struct ivshmem_device *idev, char *region);
int ivshmem_extension_peers(struct ivshmem_device *idev, struct ivshmem_peers *peers);

static inline bool ivshmem_extension_is_there(const struct ivshmem_extension *extension)
{
	return extension->peers;
}

#endif /* IVSHMEM_EXTENSION_H */
