// SPDX-License-Identifier: GPL-2.0-only
/* Accesses: RAM, ROM, devices and nothing at all, across their borders, of every width. */
#include "unit.h"

#include "memory/access.h"
#include "memory/dirty.h"

/* A device that answers with the offset and notes what it was asked. */
struct device {
	unsigned int reads, writes, size;
	hwaddr addr;
	uint64_t data;
	enum memtx_result result;
};

struct fixture {
	struct memory *mem;
	struct memory_region root, ram, rom, io, picky, mute, flash, regs, reserved;
	struct address_space as;
	struct device dev, picky_dev, flash_dev;
	uint8_t mapped[0x1000] __attribute__((aligned(8)));
};

static enum memtx_result dev_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct device *dev = opaque;

	dev->reads++;
	dev->addr = addr;
	dev->size = size;
	*data = 0x8877665544332200 + addr;
	return dev->result;
}

static enum memtx_result dev_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct device *dev = opaque;

	dev->writes++;
	dev->addr = addr;
	dev->size = size;
	dev->data = data;
	return dev->result;
}

static const struct memory_region_ops any_ops = {
	.read = dev_read, .write = dev_write,
	.valid = { .unaligned = true }, .impl = { .unaligned = true },
};

static const struct memory_region_ops picky_ops = {
	.read = dev_read, .write = dev_write, .valid = { .min = 2, .max = 4 },
};

static const struct memory_region_ops mute_ops;

/*
 * What answers in other ways: a ROM device at 0x6000, a RAM device at 0x7000, then a reservation.
 */
static void setup_odd(struct fixture *f)
{
	assert_ok(memory_region_init_rom_device(&f->flash, f->mem, NULL, &any_ops, &f->flash_dev,
						"flash", 0x1000));
	assert_ok(memory_region_init_ram_device_ptr(&f->regs, f->mem, NULL, "regs", 0x1000,
						    f->mapped));
	assert_ok(memory_region_init_reservation(&f->reserved, f->mem, NULL, "kept", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x6000, &f->flash));
	assert_ok(memory_region_add_subregion(&f->root, 0x7000, &f->regs));
	assert_ok(memory_region_add_subregion(&f->root, 0x8000, &f->reserved));
}

/* RAM at 0, ROM at 0x1000, the devices at 0x2000, 0x3000 and 0x4000; then nothing. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", 0x1000));
	assert_ok(memory_region_init_rom(&f->rom, f->mem, NULL, "rom", 0x1000));
	assert_ok(memory_region_init_io(&f->io, f->mem, NULL, &any_ops, &f->dev, "io", 0x1000));
	assert_ok(memory_region_init_io(&f->picky, f->mem, NULL, &picky_ops, &f->picky_dev, "picky",
					0x1000));
	assert_ok(memory_region_init_io(&f->mute, f->mem, NULL, &mute_ops, NULL, "mute", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->ram));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->rom));
	assert_ok(memory_region_add_subregion(&f->root, 0x2000, &f->io));
	assert_ok(memory_region_add_subregion(&f->root, 0x3000, &f->picky));
	assert_ok(memory_region_add_subregion(&f->root, 0x4000, &f->mute));
	setup_odd(f);
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	memory_thread_register();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_thread_unregister();
	address_space_fini(&f->as);
	memory_region_fini(&f->root);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->rom);
	memory_region_fini(&f->io);
	memory_region_fini(&f->picky);
	memory_region_fini(&f->mute);
	memory_region_fini(&f->flash);
	memory_region_fini(&f->regs);
	memory_region_fini(&f->reserved);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void ram_of_every_width_and_alignment(void **state)
{
	static const unsigned int widths[] = { 1, 2, 3, 4, 5, 8, 16, 200 };
	struct fixture *f = *state;
	uint8_t *ram = memory_region_get_ram_ptr(&f->ram), in[200], out[200];

	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = i * 7 + 1;
	for (unsigned int w = 0; w < 8; w++) {
		for (hwaddr addr = 0x100; addr < 0x110; addr++) {
			memset(ram, 0, 0x1000);
			assert_int_equal(address_space_write(&f->as, addr, in, widths[w]),
					 MEMTX_OK);
			assert_memory_equal(ram + addr, in, widths[w]);
			assert_int_equal(ram[addr - 1], 0);
			assert_int_equal(ram[addr + widths[w]], 0);
			assert_int_equal(address_space_rw(&f->as, addr, out, widths[w], false),
					 MEMTX_OK);
			assert_memory_equal(out, in, widths[w]);
		}
	}
}

static void rom_takes_a_loaders_writes_alone(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0xdeadbeef, got = 0;

	assert_int_equal(address_space_write(&f->as, 0x1000, &v, 4), MEMTX_ERROR);
	assert_int_equal(address_space_read(&f->as, 0x1000, &got, 4), MEMTX_OK);
	assert_int_equal(got, 0);
	assert_int_equal(address_space_write_rom(&f->as, 0x1000, &v, 4), MEMTX_OK);
	assert_int_equal(address_space_read(&f->as, 0x1000, &got, 4), MEMTX_OK);
	assert_int_equal(got, 0xdeadbeef);
	assert_int_equal(address_space_write_rom(&f->as, 0x2000, &v, 4), MEMTX_ERROR);
	assert_int_equal(f->dev.writes, 0);
}

static void readonly_above_ram_holds_writes_back(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 1;

	assert_ok(memory_region_set_readonly(&f->root, true));
	assert_int_equal(address_space_write(&f->as, 0, &v, 1), MEMTX_ERROR);
	assert_int_equal(*(uint8_t *)memory_region_get_ram_ptr(&f->ram), 0);
	assert_int_equal(address_space_write(&f->as, 0x2000, &v, 1), MEMTX_ERROR);
	assert_int_equal(f->dev.writes, 0);
}

static void a_device_gets_offset_size_and_value(void **state)
{
	struct fixture *f = *state;
	uint64_t v = 0xfedcba9876543210, got = 0;

	for (unsigned int size = 1; size <= 8; size *= 2) {
		assert_int_equal(address_space_write(&f->as, 0x2011, &v, size), MEMTX_OK);
		assert_int_equal(f->dev.addr, 0x11);
		assert_int_equal(f->dev.size, size);
		assert_int_equal(f->dev.data, size == 8 ? v : v & ((1ull << 8 * size) - 1));
	}
	assert_int_equal(address_space_read(&f->as, 0x2011, &got, 2), MEMTX_OK);
	assert_int_equal(got, 0x2211);
}

/* Through an alias of a part, a device and RAM get the offset in themselves. */
static void an_alias_adds_its_offset(void **state)
{
	struct fixture *f = *state;
	struct memory_region alias;
	uint32_t v = 0x01020304;

	assert_ok(memory_region_init_alias(&alias, f->mem, NULL, "part", &f->io, 0x100, 0x100));
	assert_ok(memory_region_add_subregion(&f->root, 0x9000, &alias));
	assert_int_equal(address_space_write(&f->as, 0x9010, &v, 4), MEMTX_OK);
	assert_int_equal(f->dev.addr, 0x110);
	memory_region_fini(&alias);
	assert_ok(memory_region_init_alias(&alias, f->mem, NULL, "part", &f->ram, 0x200, 0x100));
	assert_ok(memory_region_add_subregion(&f->root, 0x9000, &alias));
	assert_int_equal(address_space_write(&f->as, 0x9010, &v, 4), MEMTX_OK);
	assert_memory_equal((char *)memory_region_get_ram_ptr(&f->ram) + 0x210, &v, 4);
	memory_region_fini(&alias);
}

static void an_access_that_is_not_valid_reads_all_ones(void **state)
{
	static const struct {
		hwaddr addr;
		unsigned int size;
		bool valid;
	} cases[] = {
		{ 0x3000, 1, false }, { 0x3000, 2, true },  { 0x3000, 4, true },
		{ 0x3000, 8, false }, { 0x3001, 2, false }, { 0x3002, 4, false },
		{ 0x3002, 2, true },  { 0x4000, 4, false },
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum memtx_result expected = cases[i].valid ? MEMTX_OK : MEMTX_DECODE_ERROR;
		uint64_t got = 0, ones = UINT64_MAX >> (64 - 8 * cases[i].size);

		f->picky_dev = (struct device){ 0 };
		assert_int_equal(address_space_read(&f->as, cases[i].addr, &got, cases[i].size),
				 expected);
		assert_int_equal(got == ones, !cases[i].valid);
		assert_int_equal(address_space_write(&f->as, cases[i].addr, &got, cases[i].size),
				 expected);
		assert_int_equal(f->picky_dev.reads, cases[i].valid);
		assert_int_equal(f->picky_dev.writes, cases[i].valid);
	}
}

static void a_device_may_refuse(void **state)
{
	struct fixture *f = *state;
	uint32_t got = 0;

	f->dev.result = MEMTX_ERROR;
	assert_int_equal(address_space_read(&f->as, 0x2000, &got, 4), MEMTX_ERROR);
	assert_int_equal(got, 0xffffffff);
	assert_int_equal(address_space_write(&f->as, 0x2000, &got, 4), MEMTX_ERROR);
}

static void nobody_answers_with_all_ones(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[32] = { 0 };

	assert_int_equal(address_space_read(&f->as, 0x5000, buf, 4), MEMTX_DECODE_ERROR);
	assert_int_equal(buf[3], 0xff);
	assert_int_equal(buf[4], 0);
	assert_int_equal(address_space_write(&f->as, 0x5000, buf, 4), MEMTX_DECODE_ERROR);
	/* and at the very end of all addresses, where an access goes on at 0 */
	memset(memory_region_get_ram_ptr(&f->ram), 0x5a, 16);
	assert_int_equal(address_space_read(&f->as, UINT64_MAX - 3, buf, 8), MEMTX_DECODE_ERROR);
	assert_memory_equal(buf, "\xff\xff\xff\xff\x5a\x5a\x5a\x5a", 8);
}

static void an_access_is_split_where_regions_meet(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[8], *ram = memory_region_get_ram_ptr(&f->ram);
	uint64_t v = 0x1122334455667788;

	memset(ram + 0xff0, 0xab, 16);
	assert_int_equal(address_space_read(&f->as, 0xffe, buf, 8), MEMTX_OK);
	assert_memory_equal(buf, "\xab\xab\0\0\0\0\0\0", 8);
	assert_int_equal(address_space_write(&f->as, 0xffe, &v, 8), MEMTX_ERROR);
	assert_memory_equal(ram + 0xffe, "\x88\x77", 2);
	/* ROM, then 3 bytes of a device: one access of 2 and one of 1 */
	assert_int_equal(address_space_read(&f->as, 0x1fff, buf, 4), MEMTX_OK);
	assert_int_equal(f->dev.reads, 2);
	assert_int_equal(f->dev.size, 1);
	assert_int_equal(f->dev.addr, 2);
	assert_memory_equal(buf, "\0\x00\x22\x02", 4);
	/* the last device, then nobody */
	memset(buf, 0, sizeof(buf));
	assert_int_equal(address_space_read(&f->as, 0x4ffe, buf, 4), MEMTX_DECODE_ERROR);
	assert_memory_equal(buf, "\xff\xff\xff\xff\0\0\0\0", 8);
}

/* A device that takes itself out of the tree when it is written to, as a BAR does. */
struct mover {
	struct memory_region mr;
	int result;
};

static enum memtx_result mover_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct mover *mover = opaque;

	(void)addr;
	(void)size;
	mover->result = memory_region_set_address(&mover->mr, data);
	return MEMTX_OK;
}

static void a_device_may_move_itself(void **state)
{
	static const struct memory_region_ops ops = { .write = mover_write };
	struct fixture *f = *state;
	struct mover mover = { .result = 1 };
	uint64_t to = 0xa000;

	assert_ok(memory_region_init_io(&mover.mr, f->mem, NULL, &ops, &mover, "mover", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x9000, &mover.mr));
	assert_int_equal(address_space_write(&f->as, 0x9000, &to, 8), MEMTX_OK);
	assert_ok(mover.result);
	assert_int_equal(address_space_write(&f->as, 0x9000, &to, 8), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_write(&f->as, 0xa000, &to, 8), MEMTX_OK);
	memory_region_fini(&mover.mr);
}

static void a_rom_device_is_read_directly_in_romd_mode(void **state)
{
	struct fixture *f = *state;
	uint8_t *rom = memory_region_get_ram_ptr(&f->flash);
	uint32_t v = 0x12345678, got = 0;

	memset(rom, 0x3c, 0x1000);
	assert_int_equal(address_space_read(&f->as, 0x6010, &got, 4), MEMTX_OK);
	assert_int_equal(got, 0x3c3c3c3c);
	assert_int_equal(f->flash_dev.reads, 0);
	assert_int_equal(address_space_write(&f->as, 0x6010, &v, 4), MEMTX_OK);
	assert_int_equal(f->flash_dev.writes, 1);
	assert_int_equal(f->flash_dev.addr, 0x10);
	assert_int_equal(f->flash_dev.data, v);
	assert_int_equal(rom[0x10], 0x3c);
	assert_ok(memory_region_rom_device_set_romd(&f->flash, false));
	assert_int_equal(address_space_read(&f->as, 0x6010, &got, 4), MEMTX_OK);
	assert_int_equal(got, 0x44332210);
	assert_int_equal(f->flash_dev.reads, 1);
	assert_int_equal(address_space_write_rom(&f->as, 0x6010, &v, 4), MEMTX_OK);
	assert_memory_equal(rom + 0x10, &v, 4);
	assert_int_equal(f->flash_dev.writes, 1);
	assert_ok(memory_region_set_readonly(&f->flash, true));
	assert_int_equal(address_space_write(&f->as, 0x6010, &v, 4), MEMTX_ERROR);
	assert_int_equal(f->flash_dev.writes, 1);
}

static void a_ram_device_is_loaded_and_stored_to(void **state)
{
	struct fixture *f = *state;
	uint8_t in[23], out[23] = { 0 };

	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = 0x80 + i;
	for (unsigned int off = 0; off < 9; off++) {
		memset(f->mapped, 0, 0x40);
		assert_int_equal(address_space_write(&f->as, 0x7000 + off, in, 23), MEMTX_OK);
		assert_memory_equal(f->mapped + off, in, 23);
		assert_int_equal(f->mapped[off + 23], 0);
		assert_int_equal(address_space_read(&f->as, 0x7000 + off, out, 23), MEMTX_OK);
		assert_memory_equal(out, in, 23);
	}
	assert_int_equal(address_space_write_rom(&f->as, 0x7000, in, 4), MEMTX_ERROR);
	assert_int_equal(f->mapped[0], 0);
	assert_ok(memory_region_set_readonly(&f->regs, true));
	assert_int_equal(address_space_write(&f->as, 0x7000, in, 4), MEMTX_ERROR);
	assert_int_equal(f->mapped[0], 0);
}

static void a_reservation_answers_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t got = 0;

	assert_int_equal(address_space_read(&f->as, 0x8000, &got, 4), MEMTX_DECODE_ERROR);
	assert_int_equal(got, 0xffffffff);
	assert_int_equal(address_space_write(&f->as, 0x8000, &got, 4), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_write_rom(&f->as, 0x8000, &got, 4), MEMTX_DECODE_ERROR);
}

/* Many bytes are made of what the device takes; 8 are one access, which this one does not. */
static void a_transfer_has_the_widths_of_the_device(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[16];

	assert_int_equal(address_space_read(&f->as, 0x3000, buf, 16), MEMTX_OK);
	assert_int_equal(f->picky_dev.reads, 4);
	assert_memory_equal(buf, "\x00\x22\x33\x44\x04\x22\x33\x44\x08", 9);
	assert_int_equal(address_space_write(&f->as, 0x3002, buf, 12), MEMTX_OK);
	assert_int_equal(f->picky_dev.writes, 4);
	assert_int_equal(f->picky_dev.addr, 0xc);
	assert_int_equal(f->picky_dev.size, 2);
	assert_int_equal(address_space_write(&f->as, 0x3001, buf, 3), MEMTX_DECODE_ERROR);
	assert_int_equal(f->picky_dev.writes, 5);
	assert_int_equal(f->picky_dev.addr, 2);
}

static void set_fills_any_length(void **state)
{
	struct fixture *f = *state;
	uint8_t *ram = memory_region_get_ram_ptr(&f->ram), expected[2000];

	memset(expected, 0x77, sizeof(expected));
	for (uint64_t len = 0; len < sizeof(expected); len = len * 2 + 1) {
		memset(ram, 0, 0x1000);
		assert_int_equal(address_space_set(&f->as, 3, 0x77, len), MEMTX_OK);
		assert_memory_equal(ram + 3, expected, len);
		assert_int_equal(ram[2] | ram[3 + len], 0);
	}
	assert_int_equal(address_space_set(&f->as, 0xff0, 0x77, 0x20), MEMTX_ERROR);
	assert_int_equal(ram[0xfff], 0x77);
	assert_int_equal(address_space_set(&f->as, 0x3000, 0x77, 1032), MEMTX_OK);
	assert_int_equal(f->picky_dev.writes, 1032 / 4);
	assert_int_equal(f->picky_dev.data, 0x77777777);
	assert_int_equal(address_space_set(&f->as, 0x2000, 0x77, 4), MEMTX_OK);
	assert_int_equal(f->dev.writes, 1);
}

static void what_may_be_accessed(void **state)
{
	static const struct {
		hwaddr addr;
		uint64_t len;
		bool read, write;
	} cases[] = {
		{ 0, 0x1000, true, true },	{ 0xfff, 2, true, false },
		{ 0x1000, 0x1000, true, false },{ 0x2000, 3, true, true },
		{ 0x3000, 8, false, false },	{ 0x3000, 16, true, true },
		{ 0x3001, 2, false, false },	{ 0x4000, 4, false, false },
		{ 0x1ffe, 4, true, false },	{ 0x5000, 1, false, false },
		{ 0x6000, 0x1000, true, true },	{ 0x7000, 0x1000, true, true },
		{ 0x7fff, 2, false, false },	{ 0x8000, 4, false, false },
		{ 0x5000, 0, true, true },
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(address_space_access_valid(&f->as, cases[i].addr, cases[i].len,
							    false), cases[i].read);
		assert_int_equal(address_space_access_valid(&f->as, cases[i].addr, cases[i].len,
							    true), cases[i].write);
	}
	assert_ok(memory_region_set_readonly(&f->root, true));
	assert_false(address_space_access_valid(&f->as, 0x7000, 4, true));
	assert_false(address_space_access_valid(&f->as, 0x2000, 4, true));
	assert_true(address_space_access_valid(&f->as, 0x2000, 4, false));
	assert_int_equal(f->dev.reads + f->dev.writes + f->picky_dev.writes, 0);
}

/* The opposite order is the same bytes swapped, and each function stores what its twin loads. */
static void loads_and_stores_of_fixed_width(void **state)
{
	struct fixture *f = *state;
	enum memtx_result res = MEMTX_ERROR;

	assert_int_equal(address_space_stq_le(&f->as, 0x10, 0x8877665544332211), MEMTX_OK);
	assert_memory_equal((char *)memory_region_get_ram_ptr(&f->ram) + 0x10,
			    "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	assert_int_equal(address_space_ldub(&f->as, 0x10, &res), 0x11);
	assert_int_equal(res, MEMTX_OK);
	assert_int_equal(address_space_lduw_le(&f->as, 0x10, NULL), 0x2211);
	assert_int_equal(address_space_lduw_be(&f->as, 0x10, NULL), 0x1122);
	assert_int_equal(address_space_ldl_le(&f->as, 0x10, NULL), 0x44332211);
	assert_int_equal(address_space_ldl_be(&f->as, 0x10, NULL), 0x11223344);
	assert_true(address_space_ldq_le(&f->as, 0x10, NULL) == 0x8877665544332211);
	assert_true(address_space_ldq_be(&f->as, 0x10, NULL) == 0x1122334455667788);
	assert_int_equal(address_space_stq_be(&f->as, 0x20, 0x1122334455667788), MEMTX_OK);
	assert_int_equal(address_space_stl_be(&f->as, 0x28, 0x11223344), MEMTX_OK);
	assert_int_equal(address_space_stl_le(&f->as, 0x2c, 0x88776655), MEMTX_OK);
	assert_int_equal(address_space_stw_be(&f->as, 0x30, 0x1122), MEMTX_OK);
	assert_int_equal(address_space_stw_le(&f->as, 0x32, 0x4433), MEMTX_OK);
	assert_int_equal(address_space_stb(&f->as, 0x34, 0x55), MEMTX_OK);
	assert_memory_equal((char *)memory_region_get_ram_ptr(&f->ram) + 0x20,
			    "\x11\x22\x33\x44\x55\x66\x77\x88\x11\x22\x33\x44\x55\x66\x77"
			    "\x88\x11\x22\x33\x44\x55", 21);
}

static void a_load_that_fails_is_all_ones(void **state)
{
	struct fixture *f = *state;
	enum memtx_result res = MEMTX_OK;

	assert_int_equal(address_space_ldub(&f->as, 0x5000, &res), 0xff);
	assert_int_equal(res, MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_lduw_be(&f->as, 0x5000, NULL), 0xffff);
	assert_int_equal(address_space_ldl_le(&f->as, 0x5000, NULL), 0xffffffff);
	/* half of it RAM */
	assert_ok(memory_region_del_subregion(&f->root, &f->rom));
	assert_true(address_space_ldq_le(&f->as, 0xffc, &res) == UINT64_MAX);
	assert_int_equal(res, MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_stl_le(&f->as, 0x5000, 0), MEMTX_DECODE_ERROR);
}

static void stores_make_pages_dirty(void **state)
{
	struct fixture *f = *state;
	uint8_t v[16] = { 0 };

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	memory_region_reset_dirty(&f->ram, 0, 0x1000, DIRTY_VGA);
	assert_int_equal(address_space_read(&f->as, 0x10, v, 16), MEMTX_OK);
	assert_false(memory_region_get_dirty(&f->ram, 0, 0x1000, DIRTY_VGA));
	assert_int_equal(address_space_write(&f->as, 0x10, v, 16), MEMTX_OK);
	assert_true(memory_region_get_dirty(&f->ram, 0, 0x1000, DIRTY_VGA));
	memory_region_reset_dirty(&f->ram, 0, 0x1000, DIRTY_VGA);
	assert_int_equal(address_space_write_rom(&f->as, 0x10, v, 4), MEMTX_OK);
	assert_true(memory_region_get_dirty(&f->ram, 0, 0x1000, DIRTY_VGA));
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ram_of_every_width_and_alignment),
		CASE(rom_takes_a_loaders_writes_alone),
		CASE(readonly_above_ram_holds_writes_back),
		CASE(a_device_gets_offset_size_and_value),
		CASE(an_alias_adds_its_offset),
		CASE(an_access_that_is_not_valid_reads_all_ones),
		CASE(a_device_may_refuse),
		CASE(nobody_answers_with_all_ones),
		CASE(an_access_is_split_where_regions_meet),
		CASE(a_device_may_move_itself),
		CASE(a_rom_device_is_read_directly_in_romd_mode),
		CASE(a_ram_device_is_loaded_and_stored_to),
		CASE(a_reservation_answers_nothing),
		CASE(a_transfer_has_the_widths_of_the_device),
		CASE(set_fills_any_length),
		CASE(what_may_be_accessed),
		CASE(loads_and_stores_of_fixed_width),
		CASE(a_load_that_fails_is_all_ones),
		CASE(stores_make_pages_dirty),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
