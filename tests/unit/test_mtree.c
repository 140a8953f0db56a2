// SPDX-License-Identifier: GPL-2.0-only
/* The tree and the view as text: what `info mtree` prints, in its three forms. */
#include "unit.h"

struct fixture {
	struct memory *mem;
	struct memory_region system, ram, low, pci, bar, io;
	struct address_space as, as_io;
	char *text;
};

static const struct memory_region_ops no_ops;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->system, f->mem, f, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, f, "pc.ram", 0x200000));
	assert_ok(memory_region_init_alias(&f->low, f->mem, f, "ram-below-4g", &f->ram, 0x100000,
					   0x100000));
	assert_ok(memory_region_init(&f->pci, f->mem, f, "pci", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_io(&f->bar, f->mem, f, &no_ops, f, "bar", 0x100));
	assert_ok(memory_region_init(&f->io, f->mem, f, "io", 0x10000));
	assert_ok(memory_region_add_subregion(&f->system, 0, &f->low));
	assert_ok(memory_region_add_subregion_overlap(&f->system, 0, &f->pci, -1));
	assert_ok(memory_region_add_subregion_overlap(&f->pci, 0xfff80, &f->bar, 1));
	assert_ok(memory_region_set_enabled(&f->io, false));
	assert_ok(address_space_init(&f->as, f->mem, &f->system, "memory"));
	assert_ok(address_space_init(&f->as_io, f->mem, &f->io, "I/O"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	address_space_fini(&f->as);
	address_space_fini(&f->as_io);
	memory_region_fini(&f->low);
	memory_region_fini(&f->system);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->pci);
	memory_region_fini(&f->bar);
	memory_region_fini(&f->io);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static const char *text_of(struct fixture *f, unsigned int flags)
{
	size_t size;
	FILE *out = open_memstream(&f->text, &size);

	mtree_info(f->mem, out, flags);
	fclose(out);
	return f->text;
}

static void trees(void **state)
{
	assert_string_equal(text_of(*state, 0),
"address-space: memory\n"
"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
"    0000000000000000-00000000000fffff (prio 0, ram): alias ram-below-4g @pc.ram 0000000000100000-00000000001fffff\n"
"    0000000000000000-ffffffffffffffff (prio -1, i/o): pci\n"
"      00000000000fff80-000000000010007f (prio 1, i/o): bar\n"
"\n"
"address-space: I/O\n"
"  0000000000000000-000000000000ffff (prio 0, i/o): io [disabled]\n"
"\n"
"memory-region: pc.ram\n"
"  0000000000000000-00000000001fffff (prio 0, ram): pc.ram\n"
"\n");
}

static void a_target_has_one_tree_however_many_aliases(void **state)
{
	struct fixture *f = *state;
	struct memory_region high;
	const char *tree;

	assert_ok(memory_region_init_alias(&high, f->mem, f, "high", &f->ram, 0, 0x100000));
	assert_ok(memory_region_add_subregion(&f->system, 0x100000000, &high));
	tree = strstr(text_of(f, 0), "memory-region: pc.ram");
	assert_non_null(tree);
	assert_null(strstr(tree + 1, "memory-region: pc.ram"));
	memory_region_fini(&high);
}

static void views(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_readonly(&f->low, true));
	assert_string_equal(text_of(f, MTREE_FLAT),
"FlatView #0\n"
" AS \"memory\", root: system\n"
" Root memory region: system\n"
"  0000000000000000-00000000000fffff (prio 0, rom): pc.ram @0000000000100000\n"
"  0000000000100000-000000000010007f (prio 1, i/o): bar @0000000000000080\n"
"\n"
"FlatView #1\n"
" AS \"I/O\", root: io\n"
" Root memory region: (none)\n"
"  No rendered FlatView\n"
"\n");
}

static void a_shared_view_is_printed_once(void **state)
{
	struct fixture *f = *state;
	struct address_space dma;

	assert_ok(address_space_init(&dma, f->mem, &f->system, "dma"));
	assert_non_null(strstr(text_of(f, MTREE_FLAT), " AS \"memory\", root: system\n"
			       " AS \"dma\", root: system\n Root memory region: system\n"));
	assert_null(strstr(strstr(f->text, "FlatView #1"), "system"));
	address_space_fini(&dma);
}

static void json_trees(void **state)
{
	assert_string_equal(text_of(*state, MTREE_JSON),
"[{\"address_space\": \"memory\", \"root\": {\"name\": \"system\", \"kind\": \"container\", "
"\"first\": \"0x0\", \"last\": \"0xffffffffffffffff\", \"priority\": 0, \"enabled\": true, "
"\"readonly\": false, \"subregions\": [{\"name\": \"pci\", \"kind\": \"container\", "
"\"first\": \"0x0\", \"last\": \"0xffffffffffffffff\", \"priority\": -1, \"enabled\": true, "
"\"readonly\": false, \"subregions\": [{\"name\": \"bar\", \"kind\": \"mmio\", "
"\"first\": \"0xfff80\", \"last\": \"0x10007f\", \"priority\": 1, \"enabled\": true, "
"\"readonly\": false, \"subregions\": []}]}, {\"name\": \"ram-below-4g\", \"kind\": \"alias\", "
"\"first\": \"0x0\", \"last\": \"0xfffff\", \"priority\": 0, \"enabled\": true, "
"\"readonly\": false, \"target\": \"pc.ram\", \"offset\": \"0x100000\", \"subregions\": []}]}}, "
"{\"address_space\": \"I/O\", \"root\": {\"name\": \"io\", \"kind\": \"container\", "
"\"first\": \"0x0\", \"last\": \"0xffff\", \"priority\": 0, \"enabled\": false, "
"\"readonly\": false, \"subregions\": []}}]\n");
}

static void json_views(void **state)
{
	assert_string_equal(text_of(*state, MTREE_JSON | MTREE_FLAT),
"[{\"address_space\": \"memory\", \"root\": \"system\", \"ranges\": [{\"first\": \"0x0\", "
"\"last\": \"0xfffff\", \"offset\": \"0x100000\", \"kind\": \"ram\", \"readonly\": false, "
"\"name\": \"pc.ram\"}, {\"first\": \"0x100000\", \"last\": \"0x10007f\", \"offset\": \"0x80\", "
"\"kind\": \"mmio\", \"readonly\": false, \"name\": \"bar\"}]}, {\"address_space\": \"I/O\", "
"\"root\": \"io\", \"ranges\": []}]\n");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(trees),
		CASE(a_target_has_one_tree_however_many_aliases),
		CASE(views),
		CASE(a_shared_view_is_printed_once),
		CASE(json_trees),
		CASE(json_views),
	};

	return cmocka_run_group_tests_name("mtree", tests, NULL, NULL);
}
