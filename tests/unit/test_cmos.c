// SPDX-License-Identifier: GPL-2.0-only
/* The clock and the memory that firmware reads sizes from: each register as it is agreed on. */
#include "hw/cmos.h"
#include "layout.h"
#include "memory/access.h"
#include "unit.h"

#define MIB	0x100000ull
#define GIB	0x40000000ull

struct fixture {
	struct memory *mem;
	struct memory_region io;
	struct address_space as;
	struct cmos cmos;
};

/* Thursday, 2026-12-31, 23:58:59, and eleven hours before. */
static time_t late(void)
{
	return 1798761539;
}

static time_t noon(void)
{
	return late() - 11 * 3600;
}

static time_t midnight(void)
{
	return late() - 23 * 3600;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&f->as, f->mem, &f->io, "I/O"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	address_space_fini(&f->as);
	memory_region_fini(&f->io);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void start(struct fixture *f, uint64_t low, uint64_t high, unsigned int cpus,
		  time_t (*now)(void))
{
	struct cmos_config config = {
		.ram_low = low, .ram_high = high, .nr_cpus = cpus, .now = now,
	};

	assert_ok(cmos_init(&f->cmos, f->mem, &f->io, &config));
}

static uint8_t get(struct fixture *f, uint8_t index)
{
	assert_ok(address_space_stb(&f->as, LAYOUT_CMOS, index));
	return address_space_ldub(&f->as, LAYOUT_CMOS + 1, NULL);
}

static void put(struct fixture *f, uint8_t index, uint8_t value)
{
	assert_ok(address_space_stb(&f->as, LAYOUT_CMOS, index));
	assert_ok(address_space_stb(&f->as, LAYOUT_CMOS + 1, value));
}

static uint32_t get_le(struct fixture *f, uint8_t index, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= get(f, index + i) << 8 * i;
	return value;
}

static void sizes(void **state)
{
	static const struct {
		uint64_t low, high;
		uint32_t extended, above_16m, above_4g;
	} cases[] = {
		{ 16 * MIB, 0, 15 * 1024, 0, 0 },
		{ 64 * MIB, 0, 63 * 1024, 48 * 16, 0 },
		{ 65 * MIB, 0, 0xffff, 49 * 16, 0 },
		{ 3 * GIB, 61 * GIB, 0xffff, (3 * 1024 - 16) * 16, 61 * 1024 * 16 },
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(f, cases[i].low, cases[i].high, 1, late);
		assert_int_equal(get_le(f, 0x15, 2), 640);
		assert_int_equal(get_le(f, 0x17, 2), cases[i].extended);
		assert_int_equal(get_le(f, 0x30, 2), cases[i].extended);
		assert_int_equal(get_le(f, 0x34, 2), cases[i].above_16m);
		assert_int_equal(get_le(f, 0x5b, 3), cases[i].above_4g);
		cmos_fini(&f->cmos);
	}
}

static void cpus(void **state)
{
	struct fixture *f = *state;

	start(f, 16 * MIB, 0, 8, late);
	assert_int_equal(get(f, 0x5f), 7);
	cmos_fini(&f->cmos);
}

static void clock_in_bcd(void **state)
{
	static const uint8_t expected[][2] = {
		{ 0x00, 0x59 }, { 0x02, 0x58 }, { 0x04, 0x23 }, { 0x06, 0x05 }, { 0x07, 0x31 },
		{ 0x08, 0x12 }, { 0x09, 0x26 }, { 0x32, 0x20 }, { 0x0c, 0x00 }, { 0x0d, 0x80 },
	};
	struct fixture *f = *state;

	start(f, 16 * MIB, 0, 1, late);
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(get(f, expected[i][0]), expected[i][1]);
		put(f, expected[i][0], 0x77);	/* can't be set */
		assert_int_equal(get(f, expected[i][0]), expected[i][1]);
	}
	cmos_fini(&f->cmos);
}

static void clock_in_binary(void **state)
{
	struct fixture *f = *state;

	start(f, 16 * MIB, 0, 1, late);
	put(f, 0x0b, 0x06);
	assert_int_equal(get(f, 0x00), 59);
	assert_int_equal(get(f, 0x04), 23);
	assert_int_equal(get(f, 0x07), 31);
	assert_int_equal(get(f, 0x32), 20);
	cmos_fini(&f->cmos);
}

static void clock_of_twelve_hours(void **state)
{
	static const struct {
		time_t (*now)(void);
		uint8_t hours;
	} cases[] = { { late, 0x80 | 0x11 }, { noon, 0x80 | 0x12 }, { midnight, 0x12 } };
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 3; i++) {
		start(f, 16 * MIB, 0, 1, cases[i].now);
		put(f, 0x0b, 0x00);
		assert_int_equal(get(f, 0x04), cases[i].hours);
		cmos_fini(&f->cmos);
	}
}

static void memory_keeps_what_is_written(void **state)
{
	struct fixture *f = *state;

	start(f, 16 * MIB, 0, 1, late);
	put(f, 0x0f, 0x5a);
	put(f, 0x80 | 0x7f, 0xa5);	/* bit 7 is not the memory's */
	assert_int_equal(get(f, 0x0f), 0x5a);
	assert_int_equal(get(f, 0x7f), 0xa5);
	assert_int_equal(address_space_ldub(&f->as, LAYOUT_CMOS, NULL), 0xff);
	cmos_fini(&f->cmos);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sizes),
		CASE(cpus),
		CASE(clock_in_bcd),
		CASE(clock_in_binary),
		CASE(clock_of_twelve_hours),
		CASE(memory_keeps_what_is_written),
	};

	return cmocka_run_group_tests_name("cmos", tests, NULL, NULL);
}
