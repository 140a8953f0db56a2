// SPDX-License-Identifier: GPL-2.0-only
/* `info pci`: what is on the bus, for people and for programs. */
#include <inttypes.h>

#include "json.h"
#include "pci/bus.h"
#include "size.h"
#include "util.h"

static const char *class_name(uint16_t class)
{
	static const struct {
		uint16_t class;
		const char *name;
	} names[] = {
		{ 0x0500, "RAM controller" },
		{ 0x0600, "Host bridge" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].class == class)
			return names[i].name;
	return "Other device";
}

static void bar_info(const struct pci_device *dev, unsigned int n, FILE *out)
{
	const struct pci_bar *bar = &dev->bars[n];
	uint64_t addr = pci_bar_address(dev, n);

	fprintf(out, "      BAR%u: %s bit %smemory at 0x%" PRIx64 " [0x%" PRIx64 "], %s%s\n", n,
		pci_bar_is_64bit(bar) ? "64" : "32",
		bar->type & PCI_BASE_ADDRESS_MEM_PREFETCH ? "prefetchable " : "", addr,
		addr + (bar->size - 1), size_text(bar->size).text,
		bar->mapped ? "" : ", not mapped");
}

struct msix_info {
	unsigned int vectors;		/* 0: the device has no MSI-X */
	bool enabled, masked;
};

static struct msix_info msix_info(const struct pci_device *dev)
{
	unsigned int cap = pci_find_capability(dev, PCI_CAP_ID_MSIX);
	uint32_t control = pci_config_get(dev, cap + PCI_MSIX_FLAGS, 2);

	return (struct msix_info){
		.vectors = cap ? (control & PCI_MSIX_FLAGS_QSIZE) + 1 : 0,
		.enabled = control & PCI_MSIX_FLAGS_ENABLE,
		.masked = control & PCI_MSIX_FLAGS_MASKALL,
	};
}

static void device_info(const struct pci_device *dev, FILE *out)
{
	struct msix_info msix = msix_info(dev);

	fprintf(out, "  Bus  0, device %3u, function %u: %s\n", dev->devfn >> 3, dev->devfn & 7,
		dev->name);
	fprintf(out, "    %s: PCI device %04x:%04x\n",
		class_name(pci_config_get(dev, PCI_CLASS_DEVICE, 2)),
		pci_config_get(dev, PCI_VENDOR_ID, 2), pci_config_get(dev, PCI_DEVICE_ID, 2));
	fprintf(out, "      PCI subsystem %04x:%04x, revision %u, command 0x%04x\n",
		pci_config_get(dev, PCI_SUBSYSTEM_VENDOR_ID, 2),
		pci_config_get(dev, PCI_SUBSYSTEM_ID, 2), pci_config_get(dev, PCI_REVISION_ID, 1),
		pci_config_get(dev, PCI_COMMAND, 2));
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++)
		if (dev->bars[n].mr)
			bar_info(dev, n, out);
	if (msix.vectors)
		fprintf(out, "      MSI-X: %u vectors, %s%s\n", msix.vectors,
			msix.enabled ? "enabled" : "disabled", msix.masked ? ", masked" : "");
	fprintf(out, "      id \"%s\"\n", dev->id ? dev->id : "");
}

static void bar_json(const struct pci_device *dev, unsigned int n, FILE *out)
{
	const struct pci_bar *bar = &dev->bars[n];

	fprintf(out, "{\"bar\": %u, \"bits\": %d, \"prefetch\": %s, \"address\": \"0x%" PRIx64
		"\", \"size\": %" PRIu64 ", \"mapped\": %s}", n, pci_bar_is_64bit(bar) ? 64 : 32,
		bar->type & PCI_BASE_ADDRESS_MEM_PREFETCH ? "true" : "false",
		pci_bar_address(dev, n), bar->size, bar->mapped ? "true" : "false");
}

static void device_json(const struct pci_device *dev, FILE *out)
{
	static const struct {
		const char *name;
		uint8_t reg, size;
	} words[] = {
		{ "vendor", PCI_VENDOR_ID, 2 },
		{ "device", PCI_DEVICE_ID, 2 },
		{ "subsystem_vendor", PCI_SUBSYSTEM_VENDOR_ID, 2 },
		{ "subsystem", PCI_SUBSYSTEM_ID, 2 },
		{ "class", PCI_CLASS_DEVICE, 2 },
		{ "revision", PCI_REVISION_ID, 1 },
		{ "command", PCI_COMMAND, 2 },
	};
	struct msix_info msix = msix_info(dev);
	const char *sep = "";

	fprintf(out, "{\"bus\": 0, \"slot\": %u, \"function\": %u, \"name\": ", dev->devfn >> 3,
		dev->devfn & 7);
	json_string(out, dev->name);
	fputs(", \"id\": ", out);
	json_string(out, dev->id ? dev->id : "");
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		fprintf(out, ", \"%s\": %u", words[i].name,
			pci_config_get(dev, words[i].reg, words[i].size));
	fprintf(out, ", \"bars\": [");
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		if (!dev->bars[n].mr)
			continue;
		fputs(sep, out);
		bar_json(dev, n, out);
		sep = ", ";
	}
	fprintf(out, "]");
	if (msix.vectors)
		fprintf(out, ", \"msix\": {\"vectors\": %u, \"enabled\": %s, \"masked\": %s}",
			msix.vectors, msix.enabled ? "true" : "false",
			msix.masked ? "true" : "false");
	fprintf(out, "}");
}

void pci_info(struct pci_bus *bus, FILE *out, bool json)
{
	const char *sep = "[";

	pthread_mutex_lock(&bus->lock);
	for (unsigned int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
		if (!bus->devices[devfn])
			continue;
		if (json) {
			fputs(sep, out);
			device_json(bus->devices[devfn], out);
			sep = ", ";
		} else {
			device_info(bus->devices[devfn], out);
		}
	}
	if (json)
		fputs("]\n", out);
	pthread_mutex_unlock(&bus->lock);
}
