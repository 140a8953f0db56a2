// SPDX-License-Identifier: GPL-2.0-only
/* Power-off and reset by a guest. */
#include <string.h>

#include "hw/power.h"
#include "layout.h"

#define SLEEP_CONTROL		0
#define SLEEP_REGISTERS		2
#define SLEEP_ENABLE		(1u << 5)	/* ACPI 6.5, 4.8.3.7 */
#define SLEEP_TYPE_SHIFT	2
#define SLEEP_TYPE_MASK		7
#define KEYBOARD_PULSE_RESET	0xfe

static enum memtx_result power_read_zero(void *opaque, hwaddr addr, uint64_t *data,
					 unsigned int size)
{
	(void)opaque;
	(void)addr;
	(void)size;
	*data = 0;
	return MEMTX_OK;
}

static enum memtx_result power_sleep_write(void *opaque, hwaddr addr, uint64_t data,
					   unsigned int size)
{
	struct power *p = opaque;

	(void)size;
	if (addr == SLEEP_CONTROL && (data & SLEEP_ENABLE) &&
	    (data >> SLEEP_TYPE_SHIFT & SLEEP_TYPE_MASK) == LAYOUT_S5_TYPE)
		p->event(p->opaque, POWER_OFF);
	return MEMTX_OK;
}

static enum memtx_result power_reset_write(void *opaque, hwaddr addr, uint64_t data,
					   unsigned int size)
{
	struct power *p = opaque;

	(void)addr;
	(void)size;
	if (data == LAYOUT_RESET_VALUE)
		p->event(p->opaque, POWER_RESET);
	return MEMTX_OK;
}

static enum memtx_result power_keyboard_write(void *opaque, hwaddr addr, uint64_t data,
					      unsigned int size)
{
	struct power *p = opaque;

	(void)addr;
	(void)size;
	if (data == KEYBOARD_PULSE_RESET)
		p->event(p->opaque, POWER_RESET);
	return MEMTX_OK;
}

static const struct memory_region_ops power_sleep_ops = {
	.read = power_read_zero,
	.write = power_sleep_write,
	.valid = { .max = 1 },
};

static const struct memory_region_ops power_reset_ops = {
	.read = power_read_zero,
	.write = power_reset_write,
	.valid = { .max = 1 },
};

/* Its status reads as "ready for a command": that is what a guest waits for before a reset. */
static const struct memory_region_ops power_keyboard_ops = {
	.read = power_read_zero,
	.write = power_keyboard_write,
	.valid = { .max = 1 },
};

static int power_add(struct power *p, struct memory *mem, struct memory_region *mr,
		     const struct memory_region_ops *ops, const char *name, hwaddr port,
		     uint64_t size)
{
	int ret = memory_region_init_io(mr, mem, NULL, ops, p, name, size);

	return ret ? ret : memory_region_add_subregion(p->io, port, mr);
}

int power_init(struct power *p, struct memory *mem, struct memory_region *io)
{
	int ret;

	p->io = io;
	ret = power_add(p, mem, &p->sleep, &power_sleep_ops, "acpi-sleep", LAYOUT_ACPI_SLEEP,
			SLEEP_REGISTERS);
	if (!ret)
		ret = power_add(p, mem, &p->reset, &power_reset_ops, "acpi-reset", LAYOUT_RESET, 1);
	if (!ret)
		ret = power_add(p, mem, &p->keyboard, &power_keyboard_ops, "i8042-command",
				LAYOUT_KEYBOARD, 1);
	if (ret)
		power_fini(p);
	return ret;
}

void power_fini(struct power *p)
{
	memory_region_fini(&p->keyboard);
	memory_region_fini(&p->reset);
	memory_region_fini(&p->sleep);
	memset(p, 0, sizeof(*p));
}
