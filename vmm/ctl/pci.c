// SPDX-License-Identifier: GPL-2.0-only
/* Finds ivshmem devices through libpci, and the nodes of their drivers through sysfs. */
#include <dirent.h>
#include <errno.h>
#include <pci/pci.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/pci.h"
#include "ivshmem_regs.h"
#include "util.h"

#define SYS_PCI	"/sys/bus/pci/devices"

static bool is_device_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/*
 * The node named like the one child of a device's folder for that class; NULL where there is none.
 */
static char *node_of_class(const char *address, const char *class)
{
	struct dirent *entry;
	char *path, *node = NULL;
	DIR *dir;

	if (asprintf(&path, SYS_PCI "/%s/%s", address, class) < 0)
		return NULL;
	dir = opendir(path);
	free(path);
	if (!dir)
		return NULL;
	while (!node && (entry = readdir(dir)))
		if (is_device_name(entry) && asprintf(&node, "/dev/%s", entry->d_name) < 0)
			node = NULL;
	closedir(dir);
	return node;
}

/* The project's own driver, or the stock ones for user-space drivers. */
static char *node_find(const char *address)
{
	static const char *const classes[] = { "ivshmem", "uio" };
	char *node = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes) && !node; i++)
		node = node_of_class(address, classes[i]);
	return node;
}

static void bars_read(struct ctl_pci *entry, struct pci_dev *dev)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entry->bar); i++) {
		entry->bar[i].size = dev->size[i];
		if (dev->size[i])
			entry->bar[i].address = dev->base_addr[i] &
						(pciaddr_t)PCI_BASE_ADDRESS_MEM_MASK;
	}
}

static void entry_read(struct ctl_pci *entry, struct pci_dev *dev)
{
	const char *driver;

	*entry = (struct ctl_pci){
		.vendor = dev->vendor_id,
		.device = dev->device_id,
		.subsystem_vendor = pci_read_word(dev, PCI_SUBSYSTEM_VENDOR_ID),
		.subsystem = pci_read_word(dev, PCI_SUBSYSTEM_ID),
		.revision = pci_read_byte(dev, PCI_REVISION_ID),
	};
	snprintf(entry->address, sizeof(entry->address), "%04x:%02x:%02x.%d", dev->domain, dev->bus,
		 dev->dev, dev->func);
	driver = pci_get_string_property(dev, PCI_FILL_DRIVER);
	entry->driver = driver ? strdup(driver) : NULL;
	entry->node = node_find(entry->address);
	bars_read(entry, dev);
}

static int list_add(struct ctl_pci **list, size_t *count, struct pci_dev *dev)
{
	struct ctl_pci *grown = reallocarray(*list, *count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	entry_read(&grown[(*count)++], dev);
	return 0;
}

static bool is_ivshmem(struct pci_dev *dev)
{
	pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_BASES | PCI_FILL_SIZES | PCI_FILL_DRIVER);
	return dev->vendor_id == IVSHMEM_VENDOR_ID && dev->device_id == IVSHMEM_DEVICE_ID;
}

static int list_fill(struct ctl_pci **list, size_t *count, struct pci_access *access)
{
	struct pci_dev *dev;
	int ret = 0;

	for (dev = access->devices; dev && !ret; dev = dev->next)
		if (is_ivshmem(dev))
			ret = list_add(list, count, dev);
	return ret;
}

/* libpci ends the program where it finds no way to the bus, so the way is looked for first. */
int pci_list(struct ctl_pci **list, size_t *count, struct error *err)
{
	struct pci_access *pci;
	int ret;

	*list = NULL;
	*count = 0;
	if (access(SYS_PCI, R_OK) < 0)
		return 0;
	pci = pci_alloc();
	pci->method = PCI_ACCESS_SYS_BUS_PCI;
	pci_init(pci);
	pci_scan_bus(pci);
	ret = list_fill(list, count, pci);
	pci_cleanup(pci);
	if (!ret)
		return 0;
	pci_list_free(*list, *count);
	return error_set(err, ret, "listing PCI devices: %s", strerror(-ret));
}

void pci_list_free(struct ctl_pci *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(list[i].driver);
		free(list[i].node);
	}
	free(list);
}
