// SPDX-License-Identifier: GPL-2.0-only
/* The tree and the view as text: what `info mtree` prints, in all its forms. */
#include "memory/flatview.h"
#include "memory/iommu.h"
#include "unit.h"

struct fixture {
	struct memory *mem;
	struct memory_owner owner;		/* of the BAR */
	struct memory_region system, ram, low, pci, bar, io;
	struct address_space as, as_io;
	char *text;
};

static const struct memory_region_ops no_ops;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memory_owner_init(&f->owner, NULL);
	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->system, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "pc.ram", 0x200000));
	assert_ok(memory_region_init_alias(&f->low, f->mem, NULL, "ram-below-4g", &f->ram, 0x100000,
					   0x100000));
	assert_ok(memory_region_init(&f->pci, f->mem, NULL, "pci", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_io(&f->bar, f->mem, &f->owner, &no_ops, f, "bar", 0x100));
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
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
	FILE *out;

	free(f->text);
	out = open_memstream(&f->text, &size);
	mtree_info(f->mem, out, flags);
	fclose(out);
	return f->text;
}

static void trees(void **state)
{
	assert_string_equal(text_of(*state, MTREE_DISABLED),
"address-space: memory\n"
"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
"    0000000000000000-00000000000fffff (prio 0, ram): alias ram-below-4g "
"@pc.ram 0000000000100000-00000000001fffff\n"
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

	assert_ok(memory_region_init_alias(&high, f->mem, NULL, "high", &f->ram, 0, 0x100000));
	assert_ok(memory_region_add_subregion(&f->system, 0x100000000, &high));
	tree = strstr(text_of(f, 0), "memory-region: pc.ram");
	assert_non_null(tree);
	assert_null(strstr(tree + 1, "memory-region: pc.ram"));
	memory_region_fini(&high);
}

/* Offsets in a target are its own, wherever it is mapped; what is in it comes by address. */
static void a_target_that_is_mapped_too(void **state)
{
	struct fixture *f = *state;
	struct memory_region bars[2], alias;

	for (unsigned int i = 0; i < 2; i++)
		assert_ok(memory_region_init_io(&bars[i], f->mem, NULL, &no_ops, NULL,
						i ? "first" : "second", 0x100));
	assert_ok(memory_region_add_subregion(&f->pci, 0x300000, &bars[0]));
	assert_ok(memory_region_add_subregion(&f->pci, 0x200000, &bars[1]));
	assert_ok(memory_region_set_address(&f->pci, 0x1000));
	assert_ok(memory_region_init_alias(&alias, f->mem, NULL, "hole", &f->pci, 0, 0x1000));
	assert_ok(memory_region_add_subregion(&f->system, 0x100000000, &alias));
	assert_non_null(strstr(text_of(f, 0), "memory-region: pci\n"
"  0000000000000000-ffffffffffffffff (prio -1, i/o): pci\n"
"    00000000000fff80-000000000010007f (prio 1, i/o): bar\n"
"    0000000000200000-00000000002000ff (prio 0, i/o): first\n"
"    0000000000300000-00000000003000ff (prio 0, i/o): second\n"));
	memory_region_fini(&alias);
	memory_region_fini(&bars[1]);
	memory_region_fini(&bars[0]);
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
"\"readonly\": false, \"nonvolatile\": false, \"subregions\": [{\"name\": \"ram-below-4g\", "
"\"kind\": \"alias\", \"first\": \"0x0\", \"last\": \"0xfffff\", \"priority\": 0, "
"\"enabled\": true, \"readonly\": false, \"nonvolatile\": false, \"target\": \"pc.ram\", "
"\"offset\": \"0x100000\", \"subregions\": []}, {\"name\": \"pci\", \"kind\": \"container\", "
"\"first\": \"0x0\", \"last\": \"0xffffffffffffffff\", \"priority\": -1, \"enabled\": true, "
"\"readonly\": false, \"nonvolatile\": false, \"subregions\": [{\"name\": \"bar\", "
"\"kind\": \"mmio\", \"first\": \"0xfff80\", \"last\": \"0x10007f\", \"priority\": 1, "
"\"enabled\": true, \"readonly\": false, \"nonvolatile\": false, \"subregions\": []}]}]}}, "
"{\"address_space\": \"I/O\", \"root\": {\"name\": \"io\", \"kind\": \"container\", "
"\"first\": \"0x0\", \"last\": \"0xffff\", \"priority\": 0, \"enabled\": false, "
"\"readonly\": false, \"nonvolatile\": false, \"subregions\": []}}]\n");
}

static void json_views(void **state)
{
	assert_string_equal(text_of(*state, MTREE_JSON | MTREE_FLAT),
"[{\"address_space\": \"memory\", \"root\": \"system\", \"ranges\": [{\"first\": \"0x0\", "
"\"last\": \"0xfffff\", \"offset\": \"0x100000\", \"kind\": \"ram\", \"readonly\": false, "
"\"nonvolatile\": false, \"romd\": false, \"name\": \"pc.ram\"}, {\"first\": \"0x100000\", "
"\"last\": \"0x10007f\", \"offset\": \"0x80\", \"kind\": \"mmio\", \"readonly\": false, "
"\"nonvolatile\": false, \"romd\": false, \"name\": \"bar\"}]}, {\"address_space\": \"I/O\", "
"\"root\": \"io\", \"ranges\": []}]\n");
}

static void json_with_owners_and_dispatch(void **state)
{
	struct fixture *f = *state;
	char expected[128];

	snprintf(expected, sizeof(expected), "\"name\": \"bar\", \"owner\": \"%p\", "
		 "\"sub_page\": true}", (void *)&f->owner);
	assert_non_null(strstr(text_of(f, MTREE_JSON | MTREE_OWNERS | MTREE_DISPATCH), expected));
	assert_non_null(strstr(f->text, "\"name\": \"pc.ram\", \"owner\": null, "
			       "\"sub_page\": false}"));
}

/* --- what a region is, in one word --- */

static enum memtx_result no_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	(void)opaque;
	(void)addr;
	(void)data;
	(void)size;
	return MEMTX_OK;
}

static const struct memory_region_ops write_ops = { .write = no_write };

static struct iommu_entry no_entry(void *opaque, hwaddr addr, bool is_write)
{
	(void)opaque;
	(void)addr;
	(void)is_write;
	return (struct iommu_entry){ .addr_mask = 0xfff };
}

static const struct iommu_ops iommu_ops = { .translate = no_entry };

/* Whether the tree and the view both call @mr @word, when it is at 4 GiB. */
static void assert_word(struct fixture *f, struct memory_region *mr, const char *word)
{
	char expected[128];

	snprintf(expected, sizeof(expected), "0000000100000000-0000000100000fff (prio 0, %s): it",
		 word);
	assert_non_null(strstr(text_of(f, 0), expected));
	assert_non_null(strstr(text_of(f, MTREE_FLAT), expected));
	assert_true(memory_region_is_mapped(mr));
}

static void assert_word_once(struct fixture *f, struct memory_region *mr, const char *word)
{
	assert_ok(memory_region_add_subregion(&f->system, 0x100000000, mr));
	assert_word(f, mr, word);
	memory_region_fini(mr);
}

static void words(void **state)
{
	struct fixture *f = *state;
	static uint8_t page[0x1000] __attribute__((aligned(0x1000)));
	struct memory_region mr;

	assert_ok(memory_region_init_ram(&mr, f->mem, NULL, "it", 0x1000));
	assert_word_once(f, &mr, "ram");
	assert_ok(memory_region_init_rom(&mr, f->mem, NULL, "it", 0x1000));
	assert_word_once(f, &mr, "rom");
	assert_ok(memory_region_init_ram_device_ptr(&mr, f->mem, NULL, "it", 0x1000, page));
	assert_word_once(f, &mr, "ramd");
	assert_ok(memory_region_init_ram(&mr, f->mem, NULL, "it", 0x1000));
	assert_ok(memory_region_set_nonvolatile(&mr, true));
	assert_word_once(f, &mr, "nv-ram");
	assert_ok(memory_region_init_io(&mr, f->mem, NULL, &no_ops, NULL, "it", 0x1000));
	assert_word_once(f, &mr, "i/o");
	assert_ok(memory_region_init_reservation(&mr, f->mem, NULL, "it", 0x1000));
	assert_word_once(f, &mr, "reservation");
	assert_ok(memory_region_init_iommu(&mr, f->mem, NULL, &iommu_ops, NULL, "it", 0x1000));
	assert_word_once(f, &mr, "iommu");
}

static void a_rom_device_has_two_words(void **state)
{
	struct fixture *f = *state;
	struct memory_region mr;

	assert_ok(memory_region_init_rom_device(&mr, f->mem, NULL, &write_ops, NULL, "it", 0x1000));
	assert_ok(memory_region_add_subregion(&f->system, 0x100000000, &mr));
	assert_word(f, &mr, "romd");
	assert_ok(memory_region_rom_device_set_romd(&mr, false));
	assert_word(f, &mr, "i/o");
	memory_region_fini(&mr);
}

/* --- flags --- */

static void disabled_ones_are_left_out(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_enabled(&f->pci, false));
	assert_null(strstr(text_of(f, 0), "pci"));
	assert_null(strstr(f->text, "bar"));
	assert_non_null(strstr(text_of(f, MTREE_DISABLED), "(prio -1, i/o): pci [disabled]\n"
			       "      00000000000fff80-000000000010007f (prio 1, i/o): bar\n"));
}

static void owners(void **state)
{
	struct fixture *f = *state;
	char expected[64];

	snprintf(expected, sizeof(expected), ": bar owner:{%p, 1 holds}\n", (void *)&f->owner);
	assert_non_null(strstr(text_of(f, MTREE_OWNERS), expected));
	assert_non_null(strstr(f->text, "(prio -1, i/o): pci owner:{machine}\n"));
	snprintf(expected, sizeof(expected), ": bar @0000000000000080 owner:{%p}\n",
		 (void *)&f->owner);
	assert_non_null(strstr(text_of(f, MTREE_OWNERS | MTREE_FLAT), expected));
	assert_non_null(strstr(f->text, ": pc.ram @0000000000100000 owner:{machine}\n"));
}

static void dispatch(void **state)
{
	char leaves[64];

	snprintf(leaves, sizeof(leaves), "    Leaves (up to %d sections each)\n", FLAT_LEAF_MAX);
	assert_non_null(strstr(text_of(*state, MTREE_DISPATCH),
"  Dispatch\n"
"    Physical sections\n"
"      #0 @0000000000000000..00000000000fffff pc.ram\n"
"      #1 @0000000000100000..000000000010007f bar [sub-page]\n"));
	assert_non_null(strstr(((struct fixture *)*state)->text, leaves));
	assert_non_null(strstr(((struct fixture *)*state)->text,
			       "      [0] @0000000000000000 #0..#1\n\n"));
}

/* More sections than a leaf has room for. */
static void dispatch_of_many(void **state)
{
	struct fixture *f = *state;
	struct memory_region *v = calloc(2 * FLAT_LEAF_MAX, sizeof(*v));
	const char *second;
	unsigned int last;

	for (unsigned int i = 0; i < 2 * FLAT_LEAF_MAX; i++) {
		assert_ok(memory_region_init_io(&v[i], f->mem, NULL, &no_ops, NULL, "bar", 0x1000));
		assert_ok(memory_region_add_subregion(&f->system, 0x100000000 + 0x2000 * i, &v[i]));
	}
	assert_non_null(strstr(text_of(f, MTREE_DISPATCH), "      [0] @0000000000000000 #0..#"));
	second = strstr(f->text, "      [1] @");
	assert_non_null(second);
	assert_int_equal(sscanf(strstr(f->text, "      [0] @0000000000000000 #0..#"),
				" [0] @0000000000000000 #0..#%u", &last), 1);
	assert_true(last < FLAT_LEAF_MAX);
	assert_int_equal(strtoul(strchr(second, '#') + 1, NULL, 10), last + 1);
	for (unsigned int i = 0; i < 2 * FLAT_LEAF_MAX; i++)
		memory_region_fini(&v[i]);
	free(v);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(trees),
		CASE(a_target_has_one_tree_however_many_aliases),
		CASE(a_target_that_is_mapped_too),
		CASE(views),
		CASE(a_shared_view_is_printed_once),
		CASE(json_trees),
		CASE(json_views),
		CASE(json_with_owners_and_dispatch),
		CASE(words),
		CASE(a_rom_device_has_two_words),
		CASE(disabled_ones_are_left_out),
		CASE(owners),
		CASE(dispatch),
		CASE(dispatch_of_many),
	};

	return cmocka_run_group_tests_name("mtree", tests, NULL, NULL);
}
