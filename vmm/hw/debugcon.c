// SPDX-License-Identifier: GPL-2.0-only
/* The debug console, as Bochs had it first and SeaBIOS and OVMF look for it. */
#include "hw/debugcon.h"
#include "layout.h"

#define DEBUGCON_IS_HERE	0xe9

static enum memtx_result debugcon_read(void *opaque, hwaddr addr, uint64_t *data,
				       unsigned int size)
{
	(void)opaque;
	(void)addr;
	(void)size;
	*data = DEBUGCON_IS_HERE;
	return MEMTX_OK;
}

static enum memtx_result debugcon_write(void *opaque, hwaddr addr, uint64_t data,
					unsigned int size)
{
	struct debugcon *d = opaque;
	uint8_t byte = data;

	(void)addr;
	(void)size;
	chardev_write(d->chardev, &byte, 1);
	return MEMTX_OK;
}

static const struct memory_region_ops debugcon_ops = {
	.read = debugcon_read,
	.write = debugcon_write,
	.valid = { .max = 1 },
};

int debugcon_init(struct debugcon *d, struct memory *mem, struct memory_region *io)
{
	int ret = memory_region_init_io(&d->mr, mem, NULL, &debugcon_ops, d, "debugcon", 1);

	if (!ret)
		ret = memory_region_add_subregion(io, LAYOUT_DEBUGCON, &d->mr);
	if (ret)
		debugcon_fini(d);
	return ret;
}

void debugcon_fini(struct debugcon *d)
{
	memory_region_fini(&d->mr);
}
