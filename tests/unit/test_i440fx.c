// SPDX-License-Identifier: GPL-2.0-only
/* The attribute map: what a guest reads and writes in each segment, in each of the four modes. */
#include <errno.h>

#include "hw/i440fx.h"
#include "memory/access.h"
#include "memory/listener.h"
#include "unit.h"

#define ROM_BYTE	0xb1
#define RAM_BYTE	0xaa
#define LOW		0xc0000
#define END		0x100000
#define PAM(i)		(0x59 + ((i) + 1) / 2)

struct fixture {
	struct memory *mem;
	struct memory_region system, io, ram, pci, rom;
	struct address_space as;
	struct pci_bus *bus;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err;

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->system, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(memory_region_init(&f->pci, f->mem, NULL, "pci", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", 2 * END));
	assert_ok(memory_region_init_rom(&f->rom, f->mem, NULL, "rom", END - LOW));
	memset(memory_region_get_ram_ptr(&f->ram), RAM_BYTE, 2 * END);
	memset(memory_region_get_ram_ptr(&f->rom), ROM_BYTE, END - LOW);
	assert_ok(memory_region_add_subregion(&f->pci, LOW, &f->rom));
	assert_ok(memory_region_add_subregion(&f->system, 0, &f->ram));
	assert_ok(memory_region_add_subregion_overlap(&f->system, 0, &f->pci, -1));
	assert_ok(address_space_init(&f->as, f->mem, &f->system, "memory"));
	assert_ok(pci_bus_create(&f->bus, f->mem, &f->pci, &f->io, &err));
	assert_ok(i440fx_create(&(struct i440fx_config){ f->bus, f->mem, &f->system, &f->ram,
				&f->pci }, &err));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pci_bus_destroy(f->bus);
	address_space_fini(&f->as);
	memory_region_fini(&f->rom);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->pci);
	memory_region_fini(&f->io);
	memory_region_fini(&f->system);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

/* First and last byte of a segment. */
static hwaddr segment_first(unsigned int i)
{
	return i ? LOW + (i - 1) * 0x4000 : 0xf0000;
}

static hwaddr segment_last(unsigned int i)
{
	return segment_first(i) + (i ? 0x3fff : 0xffff);
}

static void set_mode(struct fixture *f, unsigned int i, unsigned int mode)
{
	unsigned int shift = i % 2 ? 0 : 4;
	uint32_t other = pci_config_read(f->bus, 0, PAM(i), 1) & ~(0xfu << shift);

	pci_config_write(f->bus, 0, PAM(i), other | mode << shift, 1);
}

static void assert_reads(struct fixture *f, unsigned int i, uint8_t byte)
{
	assert_int_equal(address_space_ldub(&f->as, segment_first(i), NULL), byte);
	assert_int_equal(address_space_ldub(&f->as, segment_last(i), NULL), byte);
}

static uint8_t *ram(struct fixture *f, hwaddr addr)
{
	return (uint8_t *)memory_region_get_ram_ptr(&f->ram) + addr;
}

/* Whether a guest's store to the segment's last byte reaches RAM. */
static bool takes_stores(struct fixture *f, unsigned int i)
{
	hwaddr addr = segment_last(i);
	bool taken;

	address_space_stb(&f->as, addr, 0x11);
	taken = *ram(f, addr) == 0x11;
	*ram(f, addr) = RAM_BYTE;
	return taken;
}

static void the_bridge_is_an_i440fx(void **state)
{
	struct fixture *f = *state;
	enum memtx_result res;

	assert_int_equal(pci_config_read(f->bus, 0, 0, 4), 0x12378086);
	assert_int_equal(pci_config_read(f->bus, 0, 8, 4), 0x06000002);
	/* it has no ECAM */
	address_space_ldl_le(&f->as, 0xfeb00000, &res);
	assert_int_equal(res, MEMTX_DECODE_ERROR);
}

static void after_reset_the_bus_is_seen(void **state)
{
	for (unsigned int i = 0; i < I440FX_SEGMENTS; i++) {
		assert_reads(*state, i, ROM_BYTE);
		assert_false(takes_stores(*state, i));
	}
}

static void modes(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < I440FX_SEGMENTS; i++) {
		set_mode(f, i, 1);
		assert_reads(f, i, RAM_BYTE);
		assert_false(takes_stores(f, i));
		set_mode(f, i, 3);
		assert_reads(f, i, RAM_BYTE);
		assert_true(takes_stores(f, i));
		/* no others: the neighbours, where there are, are as before */
		if (i > 1)
			assert_int_equal(address_space_ldub(&f->as, segment_first(i) - 1, NULL),
					 ROM_BYTE);
		if (i && i + 1 < I440FX_SEGMENTS)
			assert_int_equal(address_space_ldub(&f->as, segment_last(i) + 1, NULL),
					 ROM_BYTE);
		set_mode(f, i, 2);
		assert_reads(f, i, ROM_BYTE);
		assert_false(takes_stores(f, i));
		set_mode(f, i, 0);
		assert_reads(f, i, ROM_BYTE);
	}
}

/* Firmware writes all at once; the bits of no meaning stay 0, the lower half of the first too. */
static void all_at_once(void **state)
{
	struct fixture *f = *state;

	pci_config_write(f->bus, 0, 0x58, 0xffffffff, 4);
	pci_config_write(f->bus, 0, 0x5c, 0xffffffff, 4);
	assert_int_equal(pci_config_read(f->bus, 0, 0x58, 4), 0x33333000);
	assert_int_equal(pci_config_read(f->bus, 0, 0x5c, 4), 0x33333333);
	for (unsigned int i = 0; i < I440FX_SEGMENTS; i++)
		assert_true(takes_stores(f, i));
	/* all of it RAM: one section */
	assert_reads(f, 0, RAM_BYTE);
}

static void other_registers_change_nothing(void **state)
{
	struct fixture *f = *state;

	pci_config_write(f->bus, 0, 0x54, 0xffffffff, 4);
	pci_config_write(f->bus, 0, 0x60, 0xffffffff, 4);
	after_reset_the_bus_is_seen(state);
	assert_int_equal(pci_config_read(f->bus, 0, 0x54, 4), 0);
	assert_int_equal(pci_config_read(f->bus, 0, 0x60, 4), 0);
	assert_int_equal(pci_config_read(f->bus, 0, 0x58, 4), 0);
}

static int no_slot_is_left(struct memory_listener *l, const struct memory_change *change)
{
	(void)l;
	(void)change;
	return -ENOSPC;
}

/* A view that can't be: nothing is switched, the register says so, others' changes go on. */
static void vetoed(void **state)
{
	struct memory_listener listener = { .name = "full", .check = no_slot_is_left };
	struct fixture *f = *state;

	set_mode(f, 1, 3);
	assert_ok(memory_listener_register(&listener, &f->as));
	set_mode(f, 1, 1);
	set_mode(f, 2, 3);
	assert_int_equal(pci_config_read(f->bus, 0, PAM(1), 1), 3);
	memory_transaction_begin(f->mem);
	assert_ok(memory_transaction_commit(f->mem));
	memory_listener_unregister(&listener);
	assert_true(takes_stores(f, 1));
	assert_reads(f, 2, ROM_BYTE);
	set_mode(f, 2, 3);
	assert_true(takes_stores(f, 2));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_bridge_is_an_i440fx),
		CASE(after_reset_the_bus_is_seen),
		CASE(modes),
		CASE(all_at_once),
		CASE(other_registers_change_nothing),
		CASE(vetoed),
	};

	return cmocka_run_group_tests_name("i440fx", tests, NULL, NULL);
}
