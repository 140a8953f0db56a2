// SPDX-License-Identifier: GPL-2.0-only
/* Owners: a device that goes while somebody still holds a section of it. */
#include <unistd.h>

#include <urcu/urcu-memb.h>

#include "memory/memory.h"
#include "unit.h"
#include "util.h"

/* A device with one region of RAM that may go at run time. */
struct device {
	struct memory_owner owner;
	struct memory_region mr;
	unsigned int *released;
};

static void device_release(struct memory_owner *owner)
{
	struct device *dev = container_of(owner, struct device, owner);

	memory_region_fini(&dev->mr);
	++*dev->released;
	free(dev);
}

struct fixture {
	struct memory *mem;
	struct memory_region root;
	struct address_space as;
	struct device *dev;
	unsigned int released;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	f->dev = calloc(1, sizeof(*f->dev));
	f->dev->released = &f->released;
	memory_owner_init(&f->dev->owner, device_release);
	assert_ok(memory_region_init_ram(&f->dev->mr, f->mem, &f->dev->owner, "dev", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->dev->mr));
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
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void the_last_to_let_go_releases(void **state)
{
	struct fixture *f = *state;

	memory_owner_put(&f->dev->owner);
	assert_int_equal(f->released, 1);
	assert_false(memory_region_present(&f->root, 0x1000));
}

static void a_section_keeps_its_owner(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;
	char *ram;

	assert_true(memory_region_find(&f->root, 0x1800, 4, &sec));
	assert_int_equal(sec.offset_within_region, 0x800);
	ram = memory_region_get_ram_ptr(sec.mr);
	assert_ok(memory_region_del_subregion(&f->root, &f->dev->mr));
	memory_owner_put(&f->dev->owner);
	assert_int_equal(f->released, 0);
	ram[0x800] = 1;
	memory_section_put(&sec);
	assert_int_equal(f->released, 1);
}

/* Its end waits for all accesses, so for the one that is going on here, too. */
static void a_section_put_within_an_access_releases_later(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;

	alarm(20);
	urcu_memb_read_lock();
	assert_true(memory_region_find(&f->root, 0x1000, 4, &sec));
	memory_owner_put(&f->dev->owner);
	memory_section_put(&sec);
	assert_int_equal(f->released, 0);
	urcu_memb_read_unlock();
	urcu_memb_barrier();
	assert_int_equal(f->released, 1);
	alarm(0);
}

/* As a guest does it that ejects a device by a store to a register. */
static void an_owner_put_within_an_access_is_released_later(void **state)
{
	struct fixture *f = *state;

	alarm(20);
	urcu_memb_read_lock();
	memory_owner_put(&f->dev->owner);
	assert_int_equal(f->released, 0);
	assert_false(memory_region_present(&f->root, 0x1000));
	urcu_memb_read_unlock();
	urcu_memb_barrier();
	assert_int_equal(f->released, 1);
	alarm(0);
}

static void two_sections_are_two_references(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section one, two;

	assert_true(memory_region_find(&f->root, 0x1000, 4, &one));
	assert_true(memory_region_find(&f->root, 0, 0x2000, &two));
	assert_int_equal(two.offset_within_address_space, 0x1000);
	memory_owner_put(&f->dev->owner);
	memory_section_put(&two);
	assert_int_equal(f->released, 0);
	memory_section_put(&one);
	assert_int_equal(f->released, 1);
}

static void nothing_found_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;

	assert_false(memory_region_find(&f->root, 0, 0x1000, &sec));
	assert_false(memory_region_find(&f->root, 0x2000, 1, &sec));
	assert_true(memory_region_present(&f->root, 0x1fff));
	memory_owner_put(&f->dev->owner);
	assert_int_equal(f->released, 1);
}

/* Between the last put and the end of its regions, an owner is still in the view. */
static void late_release(struct memory_owner *owner)
{
	struct device *dev = container_of(owner, struct device, owner);
	struct memory_region_section sec;

	assert_false(memory_region_find(dev->mr.container, 0x1000, 1, &sec));
	device_release(owner);
}

static void an_owner_on_its_way_out_is_not_found(void **state)
{
	struct fixture *f = *state;

	f->dev->owner.release = late_release;
	memory_owner_put(&f->dev->owner);
	assert_int_equal(f->released, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_last_to_let_go_releases),
		TEST(a_section_keeps_its_owner),
		TEST(a_section_put_within_an_access_releases_later),
		TEST(an_owner_put_within_an_access_is_released_later),
		TEST(two_sections_are_two_references),
		TEST(nothing_found_holds_nothing),
		TEST(an_owner_on_its_way_out_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
