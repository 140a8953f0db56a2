// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute map, after the data sheet of the 82441FX, 3.2.18: of each segment two bits, whether
 * reads go to RAM, and whether writes do. RAM lies below the segments' regions: an alias of the PCI
 * bus hides it, or a read-only one of itself covers it. A segment that RAM is only written in looks
 * like the bus.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/i440fx.h"
#include "io/log.h"
#include "util.h"

#define PAM_FIRST	0x59		/* upper half: the segment at 0xf0000 */
#define PAM_LAST	0x5f
#define PAM_READ	1u
#define PAM_MASK	3u

#define SEGMENT_PRIORITY	1	/* above RAM */
#define SEGMENT_BIOS		0xf0000
#define SEGMENT_BIOS_SIZE	0x10000
#define SEGMENT_SMALL		0xc0000
#define SEGMENT_SMALL_SIZE	0x4000

struct segment {
	struct memory_region pci, rom;
};

struct i440fx {
	struct pci_device dev;
	struct memory *mem;
	struct segment segments[I440FX_SEGMENTS];
	uint8_t pam[PAM_LAST - PAM_FIRST + 1];	/* the registers that the segments are after */
	struct log_limit log;
};

static const struct pci_identity i440fx_identity = {
	.vendor = 0x8086,
	.device = 0x1237,
	.subsystem_vendor = 0x1af4,
	.subsystem = 0x1100,
	.class = 0x060000,
	.revision = 2,
};

/* Segment 0 is the large one; it has the upper half of the first register, the next the lower half
 * of the second, and so on. */
static unsigned int segment_mode(const struct i440fx *b, unsigned int i)
{
	return b->dev.config[PAM_FIRST + (i + 1) / 2] >> (i % 2 ? 0 : 4) & PAM_MASK;
}

static int segment_apply(struct i440fx *b, unsigned int i)
{
	unsigned int mode = segment_mode(b, i);
	int ret = memory_region_set_enabled(&b->segments[i].pci, !(mode & PAM_READ));

	return ret ? ret : memory_region_set_enabled(&b->segments[i].rom, mode == PAM_READ);
}

/* One transaction, however many segments it is. */
static int segments_apply(struct i440fx *b)
{
	int ret = 0, err;

	memory_transaction_begin(b->mem);
	for (unsigned int i = 0; !ret && i < I440FX_SEGMENTS; i++)
		ret = segment_apply(b, i);
	err = memory_transaction_commit(b->mem);
	return ret ? ret : err;
}

/* What is vetoed is taken back, or everybody's next change would be vetoed too. */
static void i440fx_written(struct pci_device *dev, unsigned int reg, unsigned int size)
{
	struct i440fx *b = container_of(dev, struct i440fx, dev);
	int ret;

	if (reg + size <= PAM_FIRST || reg > PAM_LAST)
		return;
	ret = segments_apply(b);
	if (!ret) {
		memcpy(b->pam, dev->config + PAM_FIRST, sizeof(b->pam));
		return;
	}
	log_warn(&b->log, "i440fx: RAM below 1 MiB can't be switched: %s", strerror(-ret));
	memcpy(dev->config + PAM_FIRST, b->pam, sizeof(b->pam));
	segments_apply(b);
}

static int segment_init(struct i440fx *b, unsigned int i, const struct i440fx_config *config)
{
	hwaddr addr = i ? SEGMENT_SMALL + (i - 1) * SEGMENT_SMALL_SIZE : SEGMENT_BIOS;
	uint64_t size = i ? SEGMENT_SMALL_SIZE : SEGMENT_BIOS_SIZE;
	struct segment *s = &b->segments[i];
	int ret;

	ret = memory_region_init_alias(&s->pci, config->mem, NULL, "pam-pci", config->pci, addr,
				       size);
	if (!ret)
		ret = memory_region_init_alias(&s->rom, config->mem, NULL, "pam-rom", config->ram,
					       addr, size);
	if (!ret)
		ret = memory_region_set_readonly(&s->rom, true);
	if (!ret)
		ret = memory_region_set_enabled(&s->rom, false);
	if (!ret)
		ret = memory_region_add_subregion_overlap(config->system, addr, &s->pci,
							  SEGMENT_PRIORITY);
	if (!ret)
		ret = memory_region_add_subregion_overlap(config->system, addr, &s->rom,
							  SEGMENT_PRIORITY);
	return ret;
}

static int segments_init(struct i440fx *b, const struct i440fx_config *config)
{
	int ret = 0, err;

	memory_transaction_begin(config->mem);
	for (unsigned int i = 0; !ret && i < I440FX_SEGMENTS; i++)
		ret = segment_init(b, i, config);
	err = memory_transaction_commit(config->mem);
	return ret ? ret : err;
}

static void i440fx_destroy(struct pci_device *dev)
{
	struct i440fx *b = container_of(dev, struct i440fx, dev);

	for (unsigned int i = I440FX_SEGMENTS; i--;) {
		memory_region_fini(&b->segments[i].rom);
		memory_region_fini(&b->segments[i].pci);
	}
	free(b);
}

static void i440fx_init(struct i440fx *b, struct memory *mem)
{
	b->mem = mem;
	pci_device_init(&b->dev, "i440fx", &i440fx_identity);
	b->dev.destroy = i440fx_destroy;
	b->dev.config_written = i440fx_written;
	b->dev.wmask[PAM_FIRST] = PAM_MASK << 4;
	memset(b->dev.wmask + PAM_FIRST + 1, PAM_MASK << 4 | PAM_MASK, PAM_LAST - PAM_FIRST);
}

int i440fx_create(const struct i440fx_config *config, struct error *err)
{
	struct i440fx *b = calloc(1, sizeof(*b));
	int ret;

	if (!b)
		return error_set(err, -ENOMEM, "i440fx: out of memory");
	i440fx_init(b, config->mem);
	ret = segments_init(b, config);
	if (ret) {
		i440fx_destroy(&b->dev);
		return error_set(err, ret, "i440fx: %s", strerror(-ret));
	}
	pci_bus_remove_bridge(config->bus);
	ret = pci_device_add(config->bus, &b->dev, PCI_DEVFN(0, 0), err);
	if (ret)
		i440fx_destroy(&b->dev);
	return ret;
}
