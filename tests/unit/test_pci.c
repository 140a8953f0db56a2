// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI: config space behind its masks, BARs that are sized, decoded and moved, both ways to config
 * space, and what a listener hears of a BAR's life.
 */
#include <errno.h>

#include "layout.h"
#include "memory/access.h"
#include "pci/pci.h"
#include "recorder.h"
#include "unit.h"

#define PORT_ADDRESS	LAYOUT_PCI_ADDRESS
#define PORT_DATA	LAYOUT_PCI_DATA
#define DEVFN		PCI_DEVFN(3, 0)
#define BAR(n)		(PCI_BASE_ADDRESS_0 + 4 * (n))
#define RAM_SIZE	0x100000

/* RAM, and under it a bus with a device: BAR0 of 256 bytes, 32-bit; BAR2 of 1 MiB, 64-bit. */
struct fixture {
	struct memory *mem;
	struct memory_region root, io, ram, pci, regs, shared;
	struct address_space as, as_io;
	struct pci_bus *bus;
	struct pci_device dev;
	struct recorder rec;
};

static const struct pci_identity identity = {
	.vendor = 0x1af4, .device = 0x1110, .subsystem_vendor = 0x1af4, .subsystem = 0x1100,
	.class = 0x050000, .revision = 1,
};

static const struct memory_region_ops no_ops;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err;

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(memory_region_init(&f->pci, f->mem, NULL, "pci", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", RAM_SIZE));
	assert_ok(memory_region_init_io(&f->regs, f->mem, NULL, &no_ops, f, "regs", 0x100));
	assert_ok(memory_region_init_ram(&f->shared, f->mem, NULL, "shared", 0x100000));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->ram));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0, &f->pci, -1));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	assert_ok(address_space_init(&f->as_io, f->mem, &f->io, "I/O"));
	assert_ok(pci_bus_create(&f->bus, f->mem, &f->pci, &f->io, &err));
	pci_device_init(&f->dev, "test", &identity);
	assert_ok(pci_register_bar(&f->dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &f->regs));
	assert_ok(pci_register_bar(&f->dev, 2, PCI_BASE_ADDRESS_MEM_TYPE_64 |
				   PCI_BASE_ADDRESS_MEM_PREFETCH, &f->shared));
	assert_ok(pci_device_add(f->bus, &f->dev, DEVFN, &err));
	recorder_init(&f->rec, 0);
	f->rec.listener.region_nop = NULL;
	f->rec.listener.begin = NULL;
	f->rec.listener.commit = NULL;
	assert_ok(memory_listener_register(&f->rec.listener, &f->as));
	recorder_take(&f->rec);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_listener_unregister(&f->rec.listener);
	pci_device_del(&f->dev);
	pci_bus_destroy(f->bus);
	address_space_fini(&f->as);
	address_space_fini(&f->as_io);
	memory_region_fini(&f->regs);
	memory_region_fini(&f->shared);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->pci);
	memory_region_fini(&f->io);
	memory_region_fini(&f->root);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static uint32_t get(struct fixture *f, unsigned int reg)
{
	return pci_config_read(f->bus, DEVFN, reg, 4);
}

static void set(struct fixture *f, unsigned int reg, uint32_t value)
{
	pci_config_write(f->bus, DEVFN, reg, value, 4);
}

static void decode(struct fixture *f, bool on)
{
	pci_config_write(f->bus, DEVFN, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0, 2);
}

static void identity_is_read_only(void **state)
{
	struct fixture *f = *state;

	for (unsigned int reg = 0; reg < PCI_CONFIG_SIZE; reg += 4) {
		if (reg == PCI_COMMAND || (reg >= BAR(0) && reg < BAR(6)))
			continue;
		set(f, reg, UINT32_MAX);
	}
	assert_int_equal(get(f, PCI_VENDOR_ID), 0x11101af4);
	assert_int_equal(get(f, PCI_CLASS_REVISION), 0x05000001);
	assert_int_equal(get(f, PCI_SUBSYSTEM_VENDOR_ID), 0x11001af4);
	assert_int_equal(get(f, PCI_ROM_ADDRESS), 0);
	assert_int_equal(get(f, PCI_CAPABILITY_LIST), 0);
	assert_int_equal(get(f, PCI_INTERRUPT_LINE), 0xff);
	assert_int_equal(get(f, 0x40), 0);
}

static void every_width_reads_its_bytes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pci_config_read(f->bus, DEVFN, 0, 1), 0xf4);
	assert_int_equal(pci_config_read(f->bus, DEVFN, 1, 1), 0x1a);
	assert_int_equal(pci_config_read(f->bus, DEVFN, 2, 2), 0x1110);
	assert_int_equal(pci_config_read(f->bus, DEVFN, PCI_CONFIG_SIZE, 4), 0);
	assert_int_equal(pci_config_read(f->bus, DEVFN, 0xfff, 1), 0);
	assert_int_equal(pci_config_read(f->bus, PCI_DEVFN(9, 0), 0, 4), UINT32_MAX);
	assert_int_equal(pci_config_read(f->bus, PCI_DEVFN(9, 0), 0, 2), UINT16_MAX);
	pci_config_write(f->bus, PCI_DEVFN(9, 0), 0, 1, 4);
	pci_config_write(f->bus, DEVFN, PCI_CONFIG_SIZE, 1, 4);
}

static void sizing(void **state)
{
	struct fixture *f = *state;

	for (int n = 0; n < PCI_NUM_BARS; n++)
		set(f, BAR(n), UINT32_MAX);
	assert_int_equal(get(f, BAR(0)), 0xffffff00);
	assert_int_equal(get(f, BAR(1)), 0);
	assert_int_equal(get(f, BAR(2)), 0xfff0000c);
	assert_int_equal(get(f, BAR(3)), 0xffffffff);
	assert_int_equal(get(f, BAR(4)), 0);
	assert_int_equal(get(f, BAR(5)), 0);
	assert_string_equal(recorder_take(&f->rec), "");
}

static void a_bar_appears_moves_and_goes(void **state)
{
	struct fixture *f = *state;

	set(f, BAR(2), 0xd0000000);
	assert_string_equal(recorder_take(&f->rec), "");
	decode(f, true);
	assert_string_equal(recorder_take(&f->rec), "+shared:d0000000-d00fffff");
	set(f, BAR(2), 0xd8012345);
	assert_int_equal(get(f, BAR(2)), 0xd800000c);
	assert_string_equal(recorder_take(&f->rec),
			    "-shared:d0000000-d00fffff +shared:d8000000-d80fffff");
	set(f, BAR(2), 0xd8000000);
	assert_string_equal(recorder_take(&f->rec), "");
	set(f, BAR(3), 0x20);
	assert_string_equal(recorder_take(&f->rec),
			    "-shared:d8000000-d80fffff +shared:20d8000000-20d80fffff");
	decode(f, false);
	assert_string_equal(recorder_take(&f->rec), "-shared:20d8000000-20d80fffff");
}

/* Byte by byte, as some firmware does: each step is taken as it is. */
static void a_bar_is_written_in_bytes(void **state)
{
	struct fixture *f = *state;

	pci_config_write(f->bus, DEVFN, BAR(0) + 3, 0xe0, 1);
	pci_config_write(f->bus, DEVFN, BAR(0) + 1, 0x12, 1);
	pci_config_write(f->bus, DEVFN, BAR(0), 0xff, 1);
	assert_int_equal(get(f, BAR(0)), 0xe0001200);
	decode(f, true);
	assert_string_equal(recorder_take(&f->rec), "+regs:e0001200-e00012ff");
}

static void sizing_while_decoding_harms_nothing(void **state)
{
	struct fixture *f = *state;

	set(f, BAR(2), 0xd0000000);
	decode(f, true);
	recorder_take(&f->rec);
	set(f, BAR(2), UINT32_MAX);
	set(f, BAR(3), UINT32_MAX);
	set(f, BAR(2), 0xd0000000);
	set(f, BAR(3), 0);
	recorder_take(&f->rec);
	assert_space_shows(&f->as, "+ram:0-fffff +shared:d0000000-d00fffff "
			   "+ecam:feb00000-febfffff");
}

/* At 0, at the end of all addresses, over RAM, over ECAM: never harm to what is there. */
static void bad_places(void **state)
{
	static const char *const nothing = "+ram:0-fffff +ecam:feb00000-febfffff";
	struct fixture *f = *state;

	decode(f, true);
	assert_space_shows(&f->as, nothing);
	set(f, BAR(3), 0xffffffff);
	set(f, BAR(2), 0xfff00000);
	set(f, BAR(0), 0xffffff00);
	assert_space_shows(&f->as, nothing);
	set(f, BAR(3), 0);
	set(f, BAR(2), 0xfeb00000);
	assert_space_shows(&f->as, nothing);
	set(f, BAR(2), 0x100000);
	set(f, BAR(0), 0x1000);
	assert_space_shows(&f->as, "+ram:0-fffff +shared:100000-1fffff +ecam:feb00000-febfffff");
}

/* A refusal of the listener's is no harm: the guest goes on, the model serves the BAR. */
static void a_refusal_is_survived(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0x600d;

	f->rec.refuse = "shared";
	set(f, BAR(2), 0xd0000000);
	decode(f, true);
	assert_int_equal(address_space_write(&f->as, 0xd0000010, &v, 4), MEMTX_OK);
	assert_memory_equal((char *)memory_region_get_ram_ptr(&f->shared) + 0x10, &v, 4);
	f->rec.refuse = NULL;
	set(f, BAR(2), 0xd8000000);
	assert_int_equal(address_space_read(&f->as, 0xd8000010, &v, 4), MEMTX_OK);
	assert_int_equal(v, 0x600d);
}

static uint32_t port_get(struct fixture *f, uint32_t address, unsigned int port, unsigned int size)
{
	uint32_t value = 0;

	address_space_write(&f->as_io, PORT_ADDRESS, &address, 4);
	address_space_read(&f->as_io, port, &value, size);
	return value;
}

static void mechanism_one(void **state)
{
	struct fixture *f = *state;
	const uint32_t here = 0x80000000 | DEVFN << 8;
	uint32_t value = 0;

	assert_int_equal(port_get(f, here, PORT_DATA, 4), 0x11101af4);
	assert_int_equal(port_get(f, here, PORT_DATA + 2, 2), 0x1110);
	assert_int_equal(port_get(f, here | PCI_CLASS_REVISION, PORT_DATA + 3, 1), 0x05);
	assert_int_equal(port_get(f, here & 0x7fffffff, PORT_DATA, 4), UINT32_MAX);
	assert_int_equal(port_get(f, here | 0x10000, PORT_DATA, 4), UINT32_MAX);
	assert_int_equal(port_get(f, 0x80000000 | PCI_DEVFN(31, 7) << 8, PORT_DATA, 4), UINT32_MAX);
	address_space_read(&f->as_io, PORT_ADDRESS, &value, 4);
	assert_int_equal(value, 0x80000000 | PCI_DEVFN(31, 7) << 8);
	port_get(f, here | BAR(2), PORT_DATA, 4);
	value = 0xd0000000;
	address_space_write(&f->as_io, PORT_DATA, &value, 4);
	assert_int_equal(get(f, BAR(2)), 0xd000000c);
}

static void ecam(void **state)
{
	const hwaddr here = LAYOUT_ECAM + (DEVFN << 12);
	struct fixture *f = *state;
	uint64_t value = 0;

	assert_int_equal(address_space_read(&f->as, here, &value, 4), MEMTX_OK);
	assert_int_equal(value, 0x11101af4);
	assert_int_equal(address_space_read(&f->as, here + 0x100, &value, 4), MEMTX_OK);
	assert_int_equal(value, 0);
	assert_int_equal(address_space_read(&f->as, here + 0x1000, &value, 4), MEMTX_OK);
	assert_int_equal(value, UINT32_MAX);
	value = 0xd0000000;
	assert_int_equal(address_space_write(&f->as, here + BAR(2), &value, 4), MEMTX_OK);
	value = PCI_COMMAND_MEMORY;
	assert_int_equal(address_space_write(&f->as, here + PCI_COMMAND, &value, 1), MEMTX_OK);
	assert_string_equal(recorder_take(&f->rec), "+shared:d0000000-d00fffff");
	assert_int_equal(address_space_read(&f->as, here, &value, 8), MEMTX_DECODE_ERROR);
	assert_true(value == UINT64_MAX);
}

static void bars_that_cannot_be(void **state)
{
	struct fixture *f = *state;
	struct pci_device dev;
	struct memory_region odd, small;

	assert_ok(memory_region_init_io(&odd, f->mem, NULL, &no_ops, f, "odd", 0x3000));
	assert_ok(memory_region_init_io(&small, f->mem, NULL, &no_ops, f, "small", 8));
	pci_device_init(&dev, "bad", &identity);
	assert_int_equal(pci_register_bar(&dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &odd), -EINVAL);
	assert_int_equal(pci_register_bar(&dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &small), -EINVAL);
	assert_int_equal(pci_register_bar(&dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &f->root),
			 -EINVAL);
	assert_int_equal(pci_register_bar(&dev, 5, PCI_BASE_ADDRESS_MEM_TYPE_64, &f->regs),
			 -EINVAL);
	assert_int_equal(pci_register_bar(&dev, 6, PCI_BASE_ADDRESS_MEM_TYPE_32, &f->regs),
			 -EINVAL);
	assert_ok(pci_register_bar(&dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, &f->regs));
	assert_int_equal(pci_register_bar(&dev, 1, PCI_BASE_ADDRESS_MEM_TYPE_32, &f->regs),
			 -EINVAL);
	memory_region_fini(&odd);
	memory_region_fini(&small);
}

static void capabilities(void **state)
{
	static const struct pci_capability_reg regs[] = {
		{ 2, 1, 0x10, 0 }, { 4, 4, 0x11223344, 0xff00 }, { 8, 2, 0, 0x8001 },
	};
	struct fixture *f = *state;
	struct pci_device dev;
	struct error err;

	pci_device_init(&dev, "able", &identity);
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_VNDR, 0x50, 12, regs, 3));
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_MSI, 0x40, 14, NULL, 0));
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_VNDR, 0xfc, 4, NULL, 0));
	assert_ok(pci_device_add(f->bus, &dev, DEVFN + 8, &err));
	for (unsigned int reg = 0x40; reg < PCI_CONFIG_SIZE; reg += 4)
		pci_config_write(f->bus, dev.devfn, reg, UINT32_MAX, 4);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, PCI_CAPABILITY_LIST, 4), 0x50);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0x50, 4), 0x104009);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0x54, 4), 0x1122ff44);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0x58, 4), 0x8001);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0x40, 4), 0xfc05);
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0xfc, 4), 0x0009);
	assert_int_equal(get(f, PCI_STATUS) & PCI_STATUS_CAP_LIST << 16, 0);
	pci_device_del(&dev);
}

static void capabilities_that_cannot_be(void **state)
{
	static const struct {
		unsigned int offset, size;
	} bad[] = {
		{ 0x3c, 4 }, { 0x42, 4 }, { 0x100, 4 }, { 0xfc, 8 }, { 0x44, 3 }, { 0x44, 0x100 },
		{ 0x44, UINT32_MAX }, { 0x50, 4 }, { 0x4c, 5 }, { 0x58, 4 }, { 0x48, 0x20 },
	};
	struct pci_device dev;

	(void)state;
	pci_device_init(&dev, "able", &identity);
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_VNDR, 0x50, 9, NULL, 0));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pci_add_capability(&dev, PCI_CAP_ID_MSI, bad[i].offset,
						    bad[i].size, NULL, 0), -EINVAL);
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_MSI, 0x4c, 4, NULL, 0));
	assert_ok(pci_add_capability(&dev, PCI_CAP_ID_MSI, 0x5c, 0xa4, NULL, 0));
}

static void slots_of_the_bus(void **state)
{
	struct fixture *f = *state;
	struct pci_device dev;
	struct error err;

	pci_device_init(&dev, "second", &identity);
	assert_int_equal(pci_device_add(f->bus, &dev, DEVFN, &err), -EBUSY);
	assert_ok(pci_device_add(f->bus, &dev, PCI_DEVFN_ANY, &err));
	assert_int_equal(pci_config_read(f->bus, dev.devfn, 0, 4), 0x11101af4);
	pci_device_del(&dev);
	assert_int_equal(pci_config_read(f->bus, PCI_DEVFN(1, 0), 0, 4), UINT32_MAX);
	set(f, BAR(2), 0xd0000000);
	decode(f, true);
	recorder_take(&f->rec);
	pci_device_del(&f->dev);
	assert_string_equal(recorder_take(&f->rec), "-shared:d0000000-d00fffff");
	assert_int_equal(get(f, 0), UINT32_MAX);
}

static void firmware_assigns(void **state)
{
	struct fixture *f = *state;
	struct error err;
	uint64_t bar0, bar2;

	assert_ok(pci_assign(f->bus, &err));
	assert_string_equal(recorder_take(&f->rec), "");
	bar0 = get(f, BAR(0)) & ~0xfull;
	bar2 = (get(f, BAR(2)) & ~0xfull) | (uint64_t)get(f, BAR(3)) << 32;
	assert_true(bar0 >= LAYOUT_PCI32 && bar0 + 0xff <= LAYOUT_PCI32_LAST);
	assert_true(bar2 >= LAYOUT_PCI32 && bar2 + 0xfffff <= LAYOUT_PCI32_LAST);
	assert_true(bar0 + 0xfff < bar2 || bar0 > bar2 + 0xfffff);
	assert_int_equal(bar2 % 0x100000, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(identity_is_read_only),
		CASE(every_width_reads_its_bytes),
		CASE(sizing),
		CASE(a_bar_appears_moves_and_goes),
		CASE(a_bar_is_written_in_bytes),
		CASE(sizing_while_decoding_harms_nothing),
		CASE(bad_places),
		CASE(a_refusal_is_survived),
		CASE(mechanism_one),
		CASE(ecam),
		CASE(bars_that_cannot_be),
		CASE(capabilities),
		CASE(capabilities_that_cannot_be),
		CASE(slots_of_the_bus),
		CASE(firmware_assigns),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
