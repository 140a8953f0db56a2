// SPDX-License-Identifier: GPL-2.0-only
/* Firmware's job: addresses for the BARs, before the first instruction of a guest. */
#include <errno.h>
#include <stdlib.h>

#include "layout.h"
#include "pci/bus.h"
#include "size.h"

#define BAR_ROOM_MIN	4096u

/* A part of the address space, filled from below; in falling order of sizes nothing is wasted. */
struct window {
	uint64_t next, end;
};

struct plan {
	struct {
		struct pci_device *dev;
		unsigned int n;
	} bars[PCI_DEVFN_MAX * PCI_NUM_BARS];
	unsigned int nr_bars;
	uint64_t reserved;	/* bytes of 32-bit BARs that have no address so far */
	struct window low, high;
};

/* A process that maps one device's registers is not to see another's: no two share a page. */
static uint64_t bar_room(const struct pci_bar *bar)
{
	return bar->size > BAR_ROOM_MIN ? bar->size : BAR_ROOM_MIN;
}

static uint64_t plan_room(const struct plan *p, unsigned int i)
{
	return bar_room(&p->bars[i].dev->bars[p->bars[i].n]);
}

/* Keeps the list in falling order of sizes; of equals, the first stays first. */
static void plan_insert(struct plan *p, struct pci_device *dev, unsigned int n)
{
	unsigned int i = p->nr_bars++;

	while (i && plan_room(p, i - 1) < bar_room(&dev->bars[n])) {
		p->bars[i] = p->bars[i - 1];
		i--;
	}
	p->bars[i].dev = dev;
	p->bars[i].n = n;
	if (!pci_bar_is_64bit(&dev->bars[n]))
		p->reserved += bar_room(&dev->bars[n]);
}

static void plan_collect(struct plan *p, struct pci_bus *bus)
{
	for (unsigned int devfn = 0; devfn < PCI_DEVFN_MAX; devfn++)
		for (unsigned int n = 0; bus->devices[devfn] && n < PCI_NUM_BARS; n++)
			if (bus->devices[devfn]->bars[n].mr)
				plan_insert(p, bus->devices[devfn], n);
}

/* @size bytes at a multiple of @size, leaving @spare bytes; 0 if they are not there. */
static uint64_t window_take(struct window *w, uint64_t size, uint64_t spare)
{
	uint64_t start = (w->next + (size - 1)) & ~(size - 1);

	if (start < w->next || start > w->end || w->end - start < size ||
	    w->end - start - size < spare)
		return 0;
	w->next = start + size;
	return start;
}

static int plan_place(struct plan *p, unsigned int i, struct error *err)
{
	struct pci_device *dev = p->bars[i].dev;
	uint64_t size = plan_room(p, i), addr;

	if (pci_bar_is_64bit(&dev->bars[p->bars[i].n])) {
		addr = window_take(&p->low, size, p->reserved);
		addr = addr ? addr : window_take(&p->high, size, 0);
	} else {
		addr = window_take(&p->low, size, 0);
		p->reserved -= size;
	}
	if (!addr)
		return error_arg(err, -EINVAL, "-device %s%s%s: no room for its BAR %u of %s; "
				 "make the regions smaller or fewer", dev->name, dev->id ? " " : "",
				 dev->id ? dev->id : "", p->bars[i].n, size_text(size).text);
	pci_bar_set_address(dev, p->bars[i].n, addr);
	return 0;
}

static int plan_run(struct plan *p, struct pci_bus *bus, struct error *err)
{
	int ret = 0;

	p->low = (struct window){ LAYOUT_PCI32, LAYOUT_PCI32 + (uint64_t)LAYOUT_PCI32_SIZE };
	p->high = (struct window){ LAYOUT_PCI64, LAYOUT_PCI64 + LAYOUT_PCI64_SIZE };
	plan_collect(p, bus);
	for (unsigned int i = 0; !ret && i < p->nr_bars; i++)
		ret = plan_place(p, i, err);
	return ret;
}

int pci_assign(struct pci_bus *bus, struct error *err)
{
	struct plan *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return error_set(err, -ENOMEM, "PCI addresses: out of memory");
	pthread_mutex_lock(&bus->lock);
	ret = plan_run(p, bus, err);
	pthread_mutex_unlock(&bus->lock);
	free(p);
	return ret;
}
