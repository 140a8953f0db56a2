// SPDX-License-Identifier: GPL-2.0-only
/* Regions, case by case: what covers what, through which aliases, and what a change may not do. */
#include <errno.h>
#include <unistd.h>

#include "memory/flatview.h"
#include "recorder.h"
#include "unit.h"

/* A space of 2^64 and four MMIO regions a to d of 0x1000 bytes, in no container yet. */
struct fixture {
	struct memory *mem;
	struct memory_region root, a, b, c, d, box, alias, alias2;
	struct address_space as;
};

static const struct memory_region_ops no_ops;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct memory_region *leaf[] = { &f->a, &f->b, &f->c, &f->d };
	static const char *const names[] = { "a", "b", "c", "d" };

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&f->box, f->mem, NULL, "box", 0x10000));
	for (int i = 0; i < 4; i++)
		assert_ok(memory_region_init_io(leaf[i], f->mem, NULL, &no_ops, f, names[i],
						0x1000));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	address_space_fini(&f->as);
	memory_region_fini(&f->alias2);
	memory_region_fini(&f->alias);
	memory_region_fini(&f->root);
	memory_region_fini(&f->box);
	memory_region_fini(&f->a);
	memory_region_fini(&f->b);
	memory_region_fini(&f->c);
	memory_region_fini(&f->d);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void the_later_of_equals_wins(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0x1800, &f->b));
	assert_space_shows(&f->as, "+a:1000-17ff +b:1800-27ff");
	assert_ok(memory_region_set_address(&f->a, 0x1001));
	assert_space_shows(&f->as, "+a:1001-2000 +b:2001-27ff@801");
}

static void the_higher_priority_wins(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1800, &f->a, 1));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1000, &f->b, 0));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x2000, &f->c, -1));
	assert_space_shows(&f->as, "+b:1000-17ff +a:1800-27ff +c:2800-2fff@800");
}

/* Priorities count among the subregions of one container only. */
static void a_container_has_its_own_priorities(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion_overlap(&f->box, 0x800, &f->a, 100));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0, &f->box, -1));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0, &f->b, 0));
	assert_space_shows(&f->as, "+b:0-fff +a:1000-17ff@800");
}

/* Where a container of higher priority has nothing, what is below shows through. */
static void a_container_has_holes(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_size(&f->b, 0x10000));
	assert_ok(memory_region_add_subregion(&f->box, 0x4000, &f->a));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0, &f->box, 1));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->b));
	assert_space_shows(&f->as, "+b:0-3fff +a:4000-4fff +b:5000-ffff@5000");
}

static void subregions_hide_their_own_container(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion_overlap(&f->a, 0x400, &f->b, -5));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	assert_space_shows(&f->as, "+a:0-3ff +b:400-fff");
}

static void what_does_not_fit_is_cut_off(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->box, 0xf800, &f->a));
	assert_ok(memory_region_add_subregion(&f->box, 0x10000, &f->b));
	assert_ok(memory_region_add_subregion(&f->root, 0x100000, &f->box));
	assert_space_shows(&f->as, "+a:10f800-10ffff");
}

static void the_last_byte_of_64_bits(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_size(&f->b, MEMORY_SIZE_ALL));
	assert_int_equal(memory_region_size(&f->b), MEMORY_SIZE_ALL);
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->b));
	assert_space_shows(&f->as, "+b:0-ffffffffffffffff");
	assert_ok(memory_region_add_subregion(&f->root, -0x800, &f->a));
	assert_space_shows(&f->as, "+b:0-fffffffffffff7ff +a:fffffffffffff800-ffffffffffffffff");
	assert_ok(memory_region_set_address(&f->a, 0));
	assert_space_shows(&f->as, "+a:0-fff +b:1000-ffffffffffffffff@1000");
}

static void disabled_is_not_there(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->box, 0, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->box));
	assert_ok(memory_region_set_enabled(&f->box, false));
	assert_space_shows(&f->as, "");
	assert_ok(memory_region_set_enabled(&f->box, true));
	assert_space_shows(&f->as, "+a:0-fff");
	assert_ok(memory_region_set_enabled(&f->root, false));
	assert_space_shows(&f->as, "");
}

static void readonly_is_inherited(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->box, 0, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->box));
	assert_ok(memory_region_add_subregion(&f->root, 0x10000, &f->b));
	assert_ok(memory_region_set_readonly(&f->box, true));
	assert_space_shows(&f->as, "+a:0-fff! +b:10000-10fff");
	assert_ok(memory_region_set_readonly(&f->root, true));
	assert_ok(memory_region_set_readonly(&f->box, false));
	assert_space_shows(&f->as, "+a:0-fff! +b:10000-10fff!");
}

static void an_alias_shows_a_part(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "alias", &f->a, 0x400, 0x100));
	assert_ok(memory_region_add_subregion(&f->root, 0x5000, &f->alias));
	assert_space_shows(&f->as, "+a:0-fff +a:5000-50ff@400");
	assert_ok(memory_region_set_alias_offset(&f->alias, 0xf80));
	assert_space_shows(&f->as, "+a:0-fff +a:5000-507f@f80");
	assert_ok(memory_region_set_alias_offset(&f->alias, -1));
	assert_space_shows(&f->as, "+a:0-fff");
}

static void an_alias_of_an_alias(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->box, 0x2000, &f->a));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "x", &f->box, 0x1000, 0x8000));
	assert_ok(memory_region_init_alias(&f->alias2, f->mem, NULL, "y", &f->alias, 0x1800,
					   0x8000));
	assert_ok(memory_region_add_subregion(&f->root, 0x100000, &f->alias2));
	assert_space_shows(&f->as, "+a:100000-1007ff@800");
	assert_ok(memory_region_set_readonly(&f->alias, true));
	assert_space_shows(&f->as, "+a:100000-1007ff@800!");
	assert_ok(memory_region_set_enabled(&f->alias, false));
	assert_space_shows(&f->as, "");
}

static void neighbours_merge_if_they_are_one(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "x", &f->a, 0, 0x800));
	assert_ok(memory_region_init_alias(&f->alias2, f->mem, NULL, "y", &f->a, 0x800, 0x800));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->alias));
	assert_ok(memory_region_add_subregion(&f->root, 0x1800, &f->alias2));
	assert_space_shows(&f->as, "+a:1000-1fff");
	assert_ok(memory_region_set_readonly(&f->alias2, true));
	assert_space_shows(&f->as, "+a:1000-17ff +a:1800-1fff@800!");
	assert_ok(memory_region_set_readonly(&f->alias2, false));
	assert_ok(memory_region_set_alias_offset(&f->alias2, 0x700));
	assert_space_shows(&f->as, "+a:1000-17ff +a:1800-1fff@700");
	assert_ok(memory_region_set_address(&f->alias2, 0x1801));
	assert_space_shows(&f->as, "+a:1000-17ff +a:1801-2000@700");
}

/* The machine's shape: one RAM block below and above 4 GiB, with a hole for PCI. */
static void ram_in_two_parts(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_size(&f->a, 0x140000000));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "low", &f->a, 0, 0xc0000000));
	assert_ok(memory_region_init_alias(&f->alias2, f->mem, NULL, "high", &f->a, 0xc0000000,
					   0x80000000));
	assert_ok(memory_region_set_size(&f->box, MEMORY_SIZE_ALL));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->alias));
	assert_ok(memory_region_add_subregion(&f->root, 0x100000000, &f->alias2));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0, &f->box, -1));
	assert_ok(memory_region_add_subregion(&f->box, 0xbffff800, &f->b));
	assert_space_shows(&f->as, "+a:0-bfffffff +b:c0000000-c00007ff@800 "
				   "+a:100000000-17fffffff@c0000000");
}

static void a_circle_is_refused_and_survived(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->root, 0x20000, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->box));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "x", &f->box, 0, 0x10000));
	assert_int_equal(memory_region_add_subregion(&f->box, 0, &f->alias), -ELOOP);
	assert_space_shows(&f->as, "+a:20000-20fff");
	/* nothing can be rendered now: a region that ends must still not be left in a view */
	memory_region_fini(&f->a);
	assert_space_shows(&f->as, "");
	assert_int_equal(memory_region_add_subregion(&f->alias, 0, &f->b), -ELOOP);
	assert_ok(memory_region_del_subregion(&f->box, &f->alias));
	assert_ok(memory_region_add_subregion(&f->box, 0, &f->c));
	assert_space_shows(&f->as, "+c:0-fff");
	assert_ok(memory_region_del_subregion(&f->alias, &f->b));
}

/* Each time around there are eight times as many ways. */
static void circles_that_part_end(void **state)
{
	struct fixture *f = *state;
	struct memory_region back[8];

	for (int i = 0; i < 8; i++) {
		assert_ok(memory_region_init_alias(&back[i], f->mem, NULL, "x", &f->root, 0,
						   0x10000));
		assert_ok(memory_region_add_subregion(&f->box, 0, &back[i]));
	}
	alarm(20);
	assert_int_equal(memory_region_add_subregion(&f->root, 0, &f->box), -ELOOP);
	assert_ok(memory_region_del_subregion(&f->root, &f->box));
	alarm(0);
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	assert_space_shows(&f->as, "+a:0-fff");
	for (int i = 0; i < 8; i++)
		memory_region_fini(&back[i]);
}

/* A window on a part of the container that it is in is no circle. */
static void a_window_on_its_own_container(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->a));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "x", &f->root, 0x1000, 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x8000, &f->alias));
	assert_space_shows(&f->as, "+a:1000-1fff +a:8000-8fff");
}

static void bad_calls_are_refused(void **state)
{
	struct fixture *f = *state;
	struct memory_region bad = { 0 };

	assert_int_equal(memory_region_init(&bad, f->mem, NULL, "bad", 0), -EINVAL);
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	assert_int_equal(memory_region_add_subregion(&f->box, 0, &f->a), -EBUSY);
	assert_int_equal(memory_region_del_subregion(&f->box, &f->a), -ENOENT);
	assert_int_equal(memory_region_del_subregion(&f->box, &f->b), -ENOENT);
	assert_int_equal(memory_region_set_size(&f->a, 0), -EINVAL);
	assert_int_equal(memory_region_set_alias_offset(&f->a, 1), -EINVAL);
	assert_space_shows(&f->as, "+a:0-fff");
	memory_region_fini(&bad);
}

static void a_region_that_ends_leaves_the_tree(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_add_subregion(&f->root, 0, &f->box));
	assert_ok(memory_region_add_subregion(&f->box, 0, &f->a));
	assert_ok(memory_region_add_subregion(&f->box, 0x1000, &f->b));
	assert_true(memory_region_is_mapped(&f->a));
	memory_region_fini(&f->box);
	assert_space_shows(&f->as, "");
	assert_false(memory_region_is_mapped(&f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	memory_region_fini(&f->a);
	assert_space_shows(&f->as, "");
}

static void transactions_nest(void **state)
{
	struct fixture *f = *state;
	const struct flatview *before = f->as.view;

	memory_transaction_begin(f->mem);
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->b));
	assert_ok(memory_transaction_commit(f->mem));
	assert_ptr_equal(f->as.view, before);
	assert_ok(memory_transaction_commit(f->mem));
	assert_ptr_not_equal(f->as.view, before);
	assert_space_shows(&f->as, "+a:0-fff +b:1000-1fff");
}

static void an_empty_transaction_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct flatview *before;

	assert_ok(memory_region_add_subregion(&f->root, 0, &f->a));
	before = f->as.view;
	memory_transaction_begin(f->mem);
	assert_ok(memory_region_set_enabled(&f->a, true));
	assert_ok(memory_region_set_readonly(&f->a, false));
	assert_ok(memory_region_set_address(&f->a, 0));
	assert_ok(memory_region_set_size(&f->a, 0x1000));
	assert_ok(memory_region_set_address(&f->b, 0x1000));
	assert_ok(memory_transaction_commit(f->mem));
	assert_ptr_equal(f->as.view, before);
}

/* Spaces whose roots come to the same region share one view. */
static void spaces_share_a_view(void **state)
{
	struct fixture *f = *state;
	struct address_space other;

	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0x3000, &f->b));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "x", &f->root, 0,
					   MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_alias(&f->alias2, f->mem, NULL, "y", &f->alias, 0,
					   MEMORY_SIZE_ALL));
	assert_ok(address_space_init(&other, f->mem, &f->alias2, "other"));
	assert_ptr_equal(other.view, f->as.view);
	assert_ok(memory_region_set_readonly(&f->alias, true));
	assert_ptr_not_equal(other.view, f->as.view);
	assert_space_shows(&other, "+a:1000-1fff! +b:3000-3fff!");
	assert_ok(memory_region_set_readonly(&f->alias, false));
	assert_ptr_equal(other.view, f->as.view);
	assert_ok(memory_region_set_alias_offset(&f->alias2, 0x1000));
	assert_space_shows(&other, "+a:0-fff +b:2000-2fff");
	assert_ok(memory_region_set_alias_offset(&f->alias2, 0));
	assert_ok(memory_region_set_size(&f->alias2, 0x2000));
	assert_space_shows(&other, "+a:1000-1fff");
	address_space_fini(&other);
}

static void spaces_look_through_an_only_child(void **state)
{
	struct fixture *f = *state;
	struct address_space other;

	assert_ok(memory_region_add_subregion(&f->box, 0x3000, &f->a));
	assert_ok(memory_region_add_subregion(&f->box, 0x8000, &f->c));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->box));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->b));
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_ok(address_space_init(&other, f->mem, &f->box, "other"));
	assert_ptr_equal(other.view, f->as.view);
	assert_ok(memory_region_set_enabled(&f->b, true));
	assert_ptr_not_equal(other.view, f->as.view);
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_ok(memory_region_set_size(&f->root, 0x4000));
	assert_space_shows(&f->as, "+a:3000-3fff");
	assert_space_shows(&other, "+a:3000-3fff +c:8000-8fff");
	address_space_fini(&other);
}

static void find_the_first_in_a_range(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;

	assert_ok(memory_region_add_subregion(&f->box, 0x3000, &f->a));
	assert_ok(memory_region_add_subregion(&f->root, 0x100000, &f->box));
	assert_false(memory_region_find(&f->root, 0x100000, 0x3000, &sec));
	assert_true(memory_region_find(&f->root, 0x100000, 0x3001, &sec));
	assert_ptr_equal(sec.mr, &f->a);
	assert_int_equal(sec.size, 1);
	assert_true(memory_region_find(&f->box, 0x3800, 0x10000, &sec));
	assert_int_equal(sec.offset_within_address_space, 0x103800);
	assert_int_equal(sec.offset_within_region, 0x800);
	assert_int_equal(sec.size, 0x800);
	assert_true(memory_region_find(&f->a, 0, 1, &sec));
	assert_ok(memory_region_add_subregion(&f->box, 0x4000, &f->b));
	assert_false(memory_region_find(&f->a, 0x1000, 1, &sec));
	assert_ok(memory_region_del_subregion(&f->box, &f->b));
	assert_false(memory_region_find(&f->b, 0, 1, &sec));
	assert_false(memory_region_find(&f->box, UINT64_MAX, 1, &sec));
	/* a region that goes on behind the end of all addresses is not seen at their start */
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->c));
	assert_ok(memory_region_add_subregion(&f->root, -0x800, &f->d));
	assert_true(memory_region_find(&f->d, 0x7ff, 1, &sec));
	assert_false(memory_region_find(&f->d, 0x800, 1, &sec));
}

static void containers_nest_deeply(void **state)
{
	struct memory_region boxes[40];
	struct fixture *f = *state;

	for (int i = 0; i < 40; i++)
		assert_ok(memory_region_init(&boxes[i], f->mem, NULL, "nest", 0x10000));
	for (int i = 0; i < 39; i++)
		assert_ok(memory_region_add_subregion(&boxes[i], 0x10, &boxes[i + 1]));
	assert_ok(memory_region_add_subregion(&boxes[39], 0, &f->a));
	assert_ok(memory_region_add_subregion(&boxes[20], 0x8000, &f->b));
	assert_ok(memory_region_add_subregion(&f->root, 0x10000, &boxes[0]));
	assert_space_shows(&f->as, "+a:10270-1126f +b:18140-1913f");
	for (int i = 0; i < 40; i++)
		memory_region_fini(&boxes[i]);
}

/* However it is rendered: cut by damage, with something behind it, with a neighbour that went. */
static void what_never_merges_stays_whole(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_unmergeable(&f->a, true));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1000, &f->a, 1));
	assert_ok(memory_region_add_subregion(&f->root, 0x1800, &f->b));
	assert_space_shows(&f->as, "+a:1000-1fff +b:2000-27ff@800");
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1800, &f->c, 2));
	assert_space_shows(&f->as, "+a:1000-17ff +c:1800-27ff");
	assert_ok(memory_region_set_enabled(&f->c, false));
	assert_space_shows(&f->as, "+a:1000-1fff +b:2000-27ff@800");
	assert_ok(memory_region_set_enabled(&f->b, false));
	assert_space_shows(&f->as, "+a:1000-1fff");
}

static void what_never_merges_is_two_through_two_aliases(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_unmergeable(&f->a, true));
	assert_ok(memory_region_init_alias(&f->alias, f->mem, NULL, "alias", &f->a, 0, 0x800));
	assert_ok(memory_region_init_alias(&f->alias2, f->mem, NULL, "alias2", &f->a, 0x800,
					   0x800));
	assert_ok(memory_region_add_subregion(&f->root, 0x1000, &f->alias));
	assert_ok(memory_region_add_subregion(&f->root, 0x1800, &f->alias2));
	assert_space_shows(&f->as, "+a:1000-17ff +a:1800-1fff@800");
	assert_ok(memory_region_set_unmergeable(&f->a, false));
	assert_space_shows(&f->as, "+a:1000-1fff");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_later_of_equals_wins),
		CASE(the_higher_priority_wins),
		CASE(a_container_has_its_own_priorities),
		CASE(a_container_has_holes),
		CASE(subregions_hide_their_own_container),
		CASE(what_does_not_fit_is_cut_off),
		CASE(the_last_byte_of_64_bits),
		CASE(disabled_is_not_there),
		CASE(readonly_is_inherited),
		CASE(an_alias_shows_a_part),
		CASE(an_alias_of_an_alias),
		CASE(neighbours_merge_if_they_are_one),
		CASE(what_never_merges_stays_whole),
		CASE(what_never_merges_is_two_through_two_aliases),
		CASE(ram_in_two_parts),
		CASE(a_circle_is_refused_and_survived),
		CASE(circles_that_part_end),
		CASE(a_window_on_its_own_container),
		CASE(bad_calls_are_refused),
		CASE(a_region_that_ends_leaves_the_tree),
		CASE(transactions_nest),
		CASE(an_empty_transaction_changes_nothing),
		CASE(spaces_share_a_view),
		CASE(spaces_look_through_an_only_child),
		CASE(find_the_first_in_a_range),
		CASE(containers_nest_deeply),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
