// SPDX-License-Identifier: GPL-2.0-only
/* How a guest ends itself: exactly the values that ask for it, at exactly those ports. */
#include "hw/power.h"
#include "layout.h"
#include "memory/access.h"
#include "unit.h"

#define SLEEP_S5	(1 << 5 | LAYOUT_S5_TYPE << 2)
#define PULSE_RESET	0xfe

struct fixture {
	struct memory *mem;
	struct memory_region io;
	struct address_space as;
	struct power power;
	unsigned int events[2];
};

static void event(void *opaque, enum power_event event)
{
	struct fixture *f = opaque;

	f->events[event]++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&f->as, f->mem, &f->io, "I/O"));
	f->power.event = event;
	f->power.opaque = f;
	assert_ok(power_init(&f->power, f->mem, &f->io));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	power_fini(&f->power);
	address_space_fini(&f->as);
	memory_region_fini(&f->io);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

/* How often writing each byte to @port makes @kind happen; @value is the last one that did. */
static unsigned int try_all(struct fixture *f, uint16_t port, enum power_event kind, int *value)
{
	unsigned int before = f->events[kind], other = f->events[!kind];

	for (int i = 0; i < 256; i++) {
		unsigned int now = f->events[kind];
		uint8_t byte = i;

		address_space_rw(&f->as, port, &byte, 1, true);
		if (f->events[kind] != now)
			*value = i;
	}
	assert_int_equal(f->events[!kind], other);
	return f->events[kind] - before;
}

static void sleep_control(void **state)
{
	struct fixture *f = *state;
	int value;

	/* four of the eight bits mean nothing */
	assert_int_equal(try_all(f, LAYOUT_ACPI_SLEEP, POWER_OFF, &value), 16);
	assert_int_equal(value & (1 << 5 | 7 << 2), SLEEP_S5);
	assert_int_equal(try_all(f, LAYOUT_ACPI_SLEEP + 1, POWER_OFF, &value), 0);
}

static void reset_register(void **state)
{
	struct fixture *f = *state;
	int value;

	assert_int_equal(try_all(f, LAYOUT_RESET, POWER_RESET, &value), 1);
	assert_int_equal(value, LAYOUT_RESET_VALUE);
}

static void keyboard_controller(void **state)
{
	struct fixture *f = *state;
	int value;

	assert_int_equal(try_all(f, LAYOUT_KEYBOARD, POWER_RESET, &value), 1);
	assert_int_equal(value, PULSE_RESET);
}

static void reading_does_nothing(void **state)
{
	static const uint16_t ports[] = {
		LAYOUT_ACPI_SLEEP, LAYOUT_ACPI_SLEEP + 1, LAYOUT_RESET, LAYOUT_KEYBOARD,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		uint8_t byte = 0xff;

		assert_int_equal(address_space_rw(&f->as, ports[i], &byte, 1, false), MEMTX_OK);
		assert_int_equal(byte, 0);
	}
	assert_int_equal(f->events[POWER_OFF] + f->events[POWER_RESET], 0);
}

static void a_word_is_no_byte(void **state)
{
	struct fixture *f = *state;
	uint16_t off = SLEEP_S5;

	assert_int_equal(address_space_rw(&f->as, LAYOUT_ACPI_SLEEP, &off, 2, true),
			 MEMTX_DECODE_ERROR);
	assert_int_equal(f->events[POWER_OFF] + f->events[POWER_RESET], 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(sleep_control),
		test(reset_register),
		test(keyboard_controller),
		test(reading_does_nothing),
		test(a_word_is_no_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
