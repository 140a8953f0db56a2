// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware's log: what is written to the port goes out, byte by byte, and a read says it is there.
 */
#include "hw/debugcon.h"
#include "memory/access.h"
#include "unit.h"

/* The chardev behind it is this file's own. */
struct chardev {
	char sent[16];
	size_t nr;
};

void chardev_write(struct chardev *c, const void *buf, size_t len)
{
	assert_true(c->nr + len < sizeof(c->sent));
	memcpy(c->sent + c->nr, buf, len);
	c->nr += len;
}

struct fixture {
	struct memory *mem;
	struct memory_region io;
	struct address_space as;
	struct chardev chardev;
	struct debugcon debugcon;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&f->as, f->mem, &f->io, "I/O"));
	f->debugcon.chardev = &f->chardev;
	assert_ok(debugcon_init(&f->debugcon, f->mem, &f->io));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	debugcon_fini(&f->debugcon);
	address_space_fini(&f->as);
	memory_region_fini(&f->io);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void bytes_go_out(void **state)
{
	struct fixture *f = *state;

	for (const char *s = "hello"; *s; s++)
		assert_ok(address_space_stb(&f->as, 0x402, *s));
	assert_string_equal(f->chardev.sent, "hello");
}

static void it_is_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_space_ldub(&f->as, 0x402, NULL), 0xe9);
	assert_int_equal(f->chardev.nr, 0);
}

/* One port wide: its neighbours are nobody's. */
static void no_other_port(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_space_stb(&f->as, 0x401, 'x'), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_stb(&f->as, 0x403, 'x'), MEMTX_DECODE_ERROR);
	assert_int_equal(f->chardev.nr, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bytes_go_out),
		CASE(it_is_there),
		CASE(no_other_port),
	};

	return cmocka_run_group_tests_name("debugcon", tests, NULL, NULL);
}
