// SPDX-License-Identifier: GPL-2.0-only
/* A machine's memory: the tree of regions with RAM and ROM in it, and the two address spaces. */
#include <errno.h>
#include <string.h>

#include "boot/rom.h"
#include "layout.h"
#include "machine.h"
#include "machine_parts.h"
#include "size.h"

#define MACHINE_IO_SIZE		0x10000

int machine_memory_up(struct machine *m, struct error *err)
{
	if (memory_create(&m->memory))
		return error_set(err, -ENOMEM, "no memory for the memory model");
	memory_thread_register();
	hostmem_init(&m->hostmem, m->memory);
	return 0;
}

void machine_memory_down(struct machine *m)
{
	hostmem_fini(&m->hostmem);
	memory_thread_unregister();
	memory_destroy(m->memory);
}

static int machine_map_ram_high(struct machine *m, uint64_t low)
{
	uint64_t high = m->opts->ram_size - low;
	int ret;

	if (!high)
		return 0;
	ret = memory_region_init_alias(&m->ram_high, m->memory, NULL, "ram-above-4g", &m->ram,
				       low, high);
	return ret ? ret : memory_region_add_subregion(&m->system, LAYOUT_HIGH_RAM, &m->ram_high);
}

static int machine_map_ram(struct machine *m)
{
	uint64_t size = m->opts->ram_size;
	uint64_t low = size < LAYOUT_LOW_RAM_END ? size : LAYOUT_LOW_RAM_END;
	int ret = memory_region_init_ram(&m->ram, m->memory, NULL, "pc.ram", size);

	if (ret)
		return ret;
	ret = memory_region_init_alias(&m->ram_low, m->memory, NULL, "ram-below-4g", &m->ram, 0,
				       low);
	if (!ret)
		ret = memory_region_add_subregion(&m->system, 0, &m->ram_low);
	return ret ? ret : machine_map_ram_high(m, low);
}

static int machine_map_rom(struct machine *m)
{
	int ret;

	if (m->opts->bios)
		return 0;
	ret = memory_region_init_rom(&m->rom, m->memory, NULL, "rom", LAYOUT_ROM_SIZE);
	if (ret)
		return ret;
	rom_build(memory_region_get_ram_ptr(&m->rom), m->opts->smp);
	return memory_region_add_subregion_overlap(&m->system, LAYOUT_ROM, &m->rom, 1);
}

static int machine_map(struct machine *m)
{
	int ret = memory_region_init(&m->system, m->memory, NULL, "system", MEMORY_SIZE_ALL);

	if (!ret)
		ret = memory_region_init(&m->io, m->memory, NULL, "io", MACHINE_IO_SIZE);
	if (!ret)
		ret = memory_region_init(&m->pci_memory, m->memory, NULL, "pci", MEMORY_SIZE_ALL);
	if (!ret)
		ret = memory_region_add_subregion_overlap(&m->system, 0, &m->pci_memory, -1);
	if (!ret)
		ret = machine_map_ram(m);
	if (!ret)
		ret = machine_map_rom(m);
	if (!ret)
		ret = address_space_init(&m->as_memory, m->memory, &m->system, "memory");
	if (!ret)
		ret = address_space_init(&m->as_io, m->memory, &m->io, "I/O");
	return ret;
}

void machine_tree_down(struct machine *m)
{
	address_space_fini(&m->as_io);
	address_space_fini(&m->as_memory);
	memory_region_fini(&m->isa_bios);
	memory_region_fini(&m->rom);
	memory_region_fini(&m->ram_high);
	memory_region_fini(&m->ram_low);
	memory_region_fini(&m->ram);
	memory_region_fini(&m->pci_memory);
	memory_region_fini(&m->io);
	memory_region_fini(&m->system);
}

int machine_tree_up(struct machine *m, struct error *err)
{
	int ret = machine_map(m);

	if (ret)
		error_set(err, ret, "-m %s: the guest's memory can't be had: %s",
			  size_text(m->opts->ram_size).text, strerror(-ret));
	else
		ret = machine_ram_settle(m, err);
	if (ret)
		machine_tree_down(m);
	return ret;
}
