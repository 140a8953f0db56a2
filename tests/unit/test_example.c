// SPDX-License-Identifier: GPL-2.0-only
/* The device that Documentation/memory.rst shows, as it stands there. */
#include "memory/access.h"
#include "unit.h"

#include "example_device.h"

#define AT	0xfed00000u

struct fixture {
	struct memory *mem;
	struct memory_region system;
	struct address_space as;
	struct tickets tickets;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->system, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(address_space_init(&f->as, f->mem, &f->system, "memory"));
	assert_ok(tickets_init(&f->tickets, f->mem, &f->system, AT));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_region_fini(&f->tickets.mr);
	address_space_fini(&f->as);
	memory_region_fini(&f->system);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void each_read_draws_the_next_number(void **state)
{
	struct fixture *f = *state;
	enum memtx_result res;

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(address_space_ldl_le(&f->as, AT, &res), i);
		assert_int_equal(res, MEMTX_OK);
	}
	assert_int_equal(address_space_ldl_le(&f->as, AT + 4, &res), 0);
	assert_int_equal(res, MEMTX_OK);
}

static void stores_and_other_sizes_are_nobodys(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_space_stl_le(&f->as, AT, 7), MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_ldub(&f->as, AT, NULL), 0xff);
	assert_int_equal(address_space_ldl_le(&f->as, AT, NULL), 0);
}

static void one_that_goes_leaves_the_one_before_it(void **state)
{
	struct fixture *f = *state;
	struct tickets twin = { .next = 5 };

	assert_ok(tickets_init(&twin, f->mem, &f->system, AT));
	assert_int_equal(address_space_ldl_le(&f->as, AT, NULL), 5);
	memory_region_fini(&twin.mr);
	memory_region_fini(&twin.mr);
	assert_int_equal(address_space_ldl_le(&f->as, AT, NULL), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_read_draws_the_next_number),
		CASE(stores_and_other_sizes_are_nobodys),
		CASE(one_that_goes_leaves_the_one_before_it),
	};

	return cmocka_run_group_tests_name("example", tests, NULL, NULL);
}
