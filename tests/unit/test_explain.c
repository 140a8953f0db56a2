// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why an address means what it means: a worked tree for each reason, and, for random trees, that
 * what is said to answer is what a lookup finds.
 */
#include <fcntl.h>
#include <unistd.h>

#include "memory/explain.h"
#include "memory/flatview.h"
#include "unit.h"

#define ADDR	0x1800		/* what the worked trees are asked about */

struct fixture {
	struct memory *mem;
	struct memory_region root;
	struct address_space as;
	struct explanation e;
	char *text;
};

static const struct memory_region_ops no_ops;

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	memory_thread_register();
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	address_space_fini(&f->as);
	memory_region_fini(&f->root);
	memory_thread_unregister();
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void io(struct fixture *f, struct memory_region *mr, const char *name, uint64_t size)
{
	assert_ok(memory_region_init_io(mr, f->mem, NULL, &no_ops, NULL, name, size));
}

static void container(struct fixture *f, struct memory_region *mr, const char *name, uint64_t size)
{
	assert_ok(memory_region_init(mr, f->mem, NULL, name, size));
}

static void add(struct memory_region *parent, hwaddr at, struct memory_region *mr, int priority)
{
	assert_ok(memory_region_add_subregion_overlap(parent, at, mr, priority));
}

static void fini_all(struct memory_region *v, unsigned int nr)
{
	while (nr--)
		memory_region_fini(&v[nr]);
}

static const char *text(struct fixture *f, hwaddr addr, bool json)
{
	size_t size;
	FILE *out;

	free(f->text);
	out = open_memstream(&f->text, &size);
	assert_ok(explain_info(&f->as, addr, NULL, out, json));
	fclose(out);
	return f->text;
}

/* --- worked trees --- */

static void nobody(void **state)
{
	assert_string_equal(text(*state, ADDR, false), "0x1800 in memory: nobody answers\n");
}

static void a_higher_priority(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "low", 0x1000);
	io(f, &v[1], "high", 0x400);
	add(&f->root, 0x1000, &v[0], -1);
	add(&f->root, 0x1600, &v[1], 3);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: high @0x200 (i/o), a part of 0x1600-0x19ff\n"
"    on the way root @0x1800 > high @0x200\n"
"  hides low @0x800: priority 3 of high is above -1 of low\n"
"    on the way root @0x1800 > low @0x800\n");
	fini_all(v, 2);
}

static void a_later_addition(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "first", 0x1000);
	io(f, &v[1], "second", 0x1000);
	add(&f->root, 0x1000, &v[1], 7);
	assert_ok(memory_region_del_subregion(&f->root, &v[1]));
	add(&f->root, 0x1000, &v[0], 7);
	add(&f->root, 0x1000, &v[1], 7);
	assert_non_null(strstr(text(f, ADDR, false),
		"  hides first @0x800: second was added later than first, both with priority 7\n"));
	fini_all(v, 2);
}

/* What counts is where the ways part, not the regions at their ends. */
static void containers_decide(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[4];

	container(f, &v[0], "front", 0x2000);
	container(f, &v[1], "back", 0x2000);
	io(f, &v[2], "in-front", 0x2000);
	io(f, &v[3], "in-back", 0x2000);
	add(&v[0], 0, &v[2], -5);
	add(&v[1], 0, &v[3], 5);
	add(&f->root, 0, &v[0], 1);
	add(&f->root, 0, &v[1], 0);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: in-front @0x1800 (i/o), a part of 0x0-0x1fff\n"
"    on the way root @0x1800 > front @0x1800 > in-front @0x1800\n"
"  hides in-back @0x1800: priority 1 of front is above 0 of back\n"
"    on the way root @0x1800 > back @0x1800 > in-back @0x1800\n");
	fini_all(v, 4);
}

static void a_subregion_of_a_device(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "device", 0x2000);
	io(f, &v[1], "table", 0x1000);
	add(&v[0], 0x1000, &v[1], -1);
	add(&f->root, 0, &v[0], 0);
	assert_non_null(strstr(text(f, ADDR, false),
			       "  hides device @0x1800: table is its subregion\n"
			       "    on the way root @0x1800 > device @0x1800\n"));
	fini_all(v, 2);
}

static void disabled(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	container(f, &v[0], "bridge", 0x2000);
	io(f, &v[1], "bar", 0x2000);
	add(&v[0], 0, &v[1], 0);
	add(&f->root, 0, &v[0], 0);
	assert_ok(memory_region_set_enabled(&v[0], false));
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: nobody answers\n"
"  not there: bar @0x1800: bridge is disabled\n"
"    on the way root @0x1800 > bridge @0x1800 > bar @0x1800\n");
	fini_all(v, 2);
}

static void cut_off_by_a_container(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	container(f, &v[0], "window", 0x800);
	io(f, &v[1], "bar", 0x2000);
	add(&v[0], 0x400, &v[1], 0);
	add(&f->root, 0x1000, &v[0], 0);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: nobody answers\n"
"  not there: bar @0x400: container window ends after 0x7ff\n"
"    on the way root @0x1800 > window @0x800 > bar @0x400\n");
	assert_non_null(strstr(text(f, ADDR, true), "\"why\": \"cut-off\", \"by\": \"window\""));
	assert_non_null(strstr(text(f, ADDR - 1, false), "0x17ff in memory: bar @0x3ff (i/o)"));
	fini_all(v, 2);
}

/* What is disabled and ends too early is missing for a reason that is no news. */
static void one_thing_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[3];

	container(f, &v[0], "window", 0x800);
	io(f, &v[1], "bar", 0x2000);
	assert_ok(memory_region_init_alias(&v[2], f->mem, NULL, "alias", &v[0], 0, 0x2000));
	add(&v[0], 0, &v[1], 0);
	add(&f->root, 0x1000, &v[2], 0);
	assert_non_null(strstr(text(f, ADDR, false), "bar @0x800: container window ends after"));
	assert_ok(memory_region_set_enabled(&v[2], false));
	assert_string_equal(text(f, ADDR, false), "0x1800 in memory: nobody answers\n");
	fini_all(v + 2, 1);
	fini_all(v, 2);
}

static void behind_the_window_of_an_alias(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "ram", 0x10000);
	assert_ok(memory_region_init_alias(&v[1], f->mem, NULL, "low", &v[0], 0x4000, 0x800));
	add(&f->root, 0x1000, &v[1], 0);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: nobody answers\n"
"  not there: ram @0x4800: the window of alias low ends after 0x7ff\n"
"    on the way root @0x1800 > alias low @0x800 > ram @0x4800\n");
	assert_non_null(strstr(text(f, ADDR, true), "\"why\": \"behind-window\", \"by\": "
			       "\"low\""));
	assert_non_null(strstr(text(f, ADDR - 1, false),
			       "    on the way root @0x17ff > alias low @0x7ff > ram @0x47ff\n"));
	/* through another window the byte is seen: that the first one ends is no news */
	assert_ok(memory_region_set_size(&v[1], 0x900));
	assert_null(strstr(text(f, ADDR, false), "not there"));
	fini_all(v + 1, 1);
	fini_all(v, 1);
}

static void a_byte_that_is_seen_elsewhere_is_not_missing(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[3];

	io(f, &v[0], "ram", 0x10000);
	assert_ok(memory_region_init_alias(&v[1], f->mem, NULL, "part", &v[0], 0, 0x800));
	assert_ok(memory_region_init_alias(&v[2], f->mem, NULL, "all", &v[0], 0, 0x10000));
	add(&f->root, 0, &v[1], 1);
	add(&f->root, 0, &v[2], 0);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: ram @0x1800 (i/o), a part of 0x0-0xffff\n"
"    on the way root @0x1800 > alias all @0x1800 > ram @0x1800\n");
	fini_all(v + 1, 2);
	fini_all(v, 1);
}

/* Of several windows that end before the same byte, the one that ends nearest is told of. */
static void the_nearest_window(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[3];

	io(f, &v[0], "ram", 0x10000);
	assert_ok(memory_region_init_alias(&v[1], f->mem, NULL, "far", &v[0], 0, 0x200));
	assert_ok(memory_region_init_alias(&v[2], f->mem, NULL, "near", &v[0], 0, 0x1000));
	add(&f->root, 0, &v[1], 1);
	add(&f->root, 0, &v[2], 0);
	assert_string_equal(text(f, ADDR, false),
"0x1800 in memory: nobody answers\n"
"  not there: ram @0x1800: the window of alias near ends after 0xfff\n"
"    on the way root @0x1800 > alias near @0x1800 > ram @0x1800\n");
	fini_all(v + 1, 2);
	fini_all(v, 1);
}

static void what_serves_it(void **state)
{
	struct fixture *f = *state;
	struct memory_region mr;
	int fd = open("/dev/null", O_RDWR);

	io(f, &mr, "bar", 0x1000);
	assert_ok(memory_region_add_eventfd(&mr, 0x800, 4, true, 0x30001, fd));
	assert_ok(memory_region_add_eventfd(&mr, 0x804, 0, false, 0, fd));
	assert_ok(memory_region_add_coalescing(&mr, 0x800, 0x100));
	add(&f->root, 0x1000, &mr, 0);
	assert_non_null(strstr(text(f, ADDR + 3, false), "takes stores at 0x1800 of 4 bytes of the "
			       "value 0x30001\n  stores to 0x1800-0x18ff are coalesced\n"));
	assert_null(strstr(f->text, "0x1804"));
	assert_non_null(strstr(text(f, ADDR + 4, false), "takes stores at 0x1804\n"));
	assert_null(strstr(f->text, "at 0x1800 "));
	assert_non_null(strstr(text(f, ADDR, true), "\"eventfds\": [{\"address\": \"0x1800\", "
			       "\"size\": 4, \"fd\": "));
	assert_non_null(strstr(f->text, "\"coalesced\": [{\"first\": \"0x1800\", \"last\": "
			       "\"0x18ff\"}]"));
	fini_all(&mr, 1);
	close(fd);
}

static void json(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "low", 0x1000);
	io(f, &v[1], "high", 0x1000);
	add(&f->root, 0x1000, &v[0], 0);
	add(&f->root, 0x1000, &v[1], 1);
	assert_string_equal(text(f, ADDR, true),
"{\"address_space\": \"memory\", \"address\": \"0x1800\", \"answered\": true, \"complete\": true, "
"\"first\": \"0x1000\", \"last\": \"0x1fff\", \"readonly\": false, \"candidates\": ["
"{\"region\": \"high\", \"kind\": \"mmio\", \"offset\": \"0x800\", \"why\": \"shown\", "
"\"by\": null, \"way\": ["
"{\"name\": \"root\", \"kind\": \"container\", \"offset\": \"0x1800\", \"priority\": 0}, "
"{\"name\": \"high\", \"kind\": \"mmio\", \"offset\": \"0x800\", \"priority\": 1}]}, "
"{\"region\": \"low\", \"kind\": \"mmio\", \"offset\": \"0x800\", \"why\": \"priority\", "
"\"by\": \"high\", \"way\": ["
"{\"name\": \"root\", \"kind\": \"container\", \"offset\": \"0x1800\", \"priority\": 0}, "
"{\"name\": \"low\", \"kind\": \"mmio\", \"offset\": \"0x800\", \"priority\": 0}]}], "
"\"eventfds\": [], \"coalesced\": [], \"view_agrees\": true}\n");
	fini_all(v, 2);
}

static void the_ends_of_all_addresses(void **state)
{
	struct fixture *f = *state;
	struct memory_region v[2];

	io(f, &v[0], "all", MEMORY_SIZE_ALL);
	assert_ok(memory_region_init_alias(&v[1], f->mem, NULL, "late", &v[0], UINT64_MAX - 0xfff,
					   0x2000));
	add(&f->root, 0, &v[0], 0);
	add(&f->root, UINT64_MAX - 0x1fff, &v[1], 1);
	assert_non_null(strstr(text(f, UINT64_MAX - 0xfff, false), ": all @0xfffffffffffff000 "));
	assert_null(strstr(f->text, "late"));
	assert_non_null(strstr(text(f, UINT64_MAX - 0x1000, false), ": all @0xffffffffffffffff "));
	assert_non_null(strstr(f->text, "alias late @0xfff > all"));
	fini_all(v + 1, 1);
	assert_ok(memory_region_set_address(&v[0], 0x2000));
	assert_string_equal(text(f, 0x1fff, false), "0x1fff in memory: nobody answers\n");
	assert_non_null(strstr(text(f, 0x2000, false), ": all @0x0 "));
	fini_all(v, 1);
}

/* Two aliases of a container in each of 22 levels: two million ways, and an end to the search. */
static void too_many_ways(void **state)
{
	struct fixture *f = *state;
	enum { LEVELS = 22 };
	struct memory_region *c = calloc(LEVELS, sizeof(*c)), *a = calloc(2 * LEVELS, sizeof(*a));

	for (unsigned int i = 0; i < LEVELS; i++)
		container(f, &c[i], "level", 0x10000);
	for (unsigned int i = LEVELS - 1; i--;) {
		for (unsigned int k = 0; k < 2; k++) {
			struct memory_region *alias = &a[2 * i + k];

			assert_ok(memory_region_init_alias(alias, f->mem, NULL, "way", &c[i + 1], 0,
							   0x10000));
			add(&c[i], 0, alias, 0);
		}
	}
	assert_ok(explain(&(struct address_space){ .root = &c[0] }, ADDR, &f->e));
	assert_false(f->e.complete);
	explain_fini(&f->e);
	for (unsigned int i = 0; i < 2 * LEVELS; i++)
		memory_region_fini(&a[i]);
	fini_all(c, LEVELS);
	free(a);
	free(c);
}

/* --- random trees --- */

#define NR	24
#define SPAN	0x100

static void make_region(struct fixture *f, struct rnd *r, struct memory_region *v, unsigned int i)
{
	uint64_t size = 1 + rnd(r, SPAN);

	switch (i ? rnd(r, 3) : 0) {
	case 0:
		container(f, &v[i], "container", size);
		break;
	case 1:
		io(f, &v[i], "io", size);
		break;
	default:
		assert_ok(memory_region_init_alias(&v[i], f->mem, NULL, "alias", &v[rnd(r, i)],
						   rnd(r, SPAN), size));
	}
}

/* A region goes into one that was made before it: no way comes back to itself. */
static void make_tree(struct fixture *f, struct rnd *r, struct memory_region *v)
{
	memory_transaction_begin(f->mem);
	for (unsigned int i = 0; i < NR; i++)
		make_region(f, r, v, i);
	for (unsigned int i = NR; i--;) {
		struct memory_region *parent = rnd(r, 3) ? &f->root : &v[i + rnd(r, NR - i)];

		if (parent == &v[i] || parent->alias)
			parent = &f->root;
		add(parent, rnd(r, SPAN), &v[i], (int)rnd(r, 3) - 1);
		assert_ok(memory_region_set_enabled(&v[i], rnd(r, 6)));
	}
	memory_transaction_commit(f->mem);
}

static void assert_same(struct fixture *f, hwaddr addr)
{
	const struct flat_range *fr;

	memory_transaction_begin(f->mem);
	assert_ok(explain(&f->as, addr, &f->e));
	assert_true(f->e.complete);
	fr = flatview_lookup(f->as.view, addr);
	assert_int_equal(explain_answered(&f->e), fr != NULL);
	if (fr) {
		assert_ptr_equal(explain_end(&f->e.v[0])->mr, fr->mr);
		assert_int_equal(explain_end(&f->e.v[0])->offset,
				 fr->offset + (addr - fr->addr.first));
	}
	for (unsigned int i = 1; i < f->e.nr; i++)
		assert_true(f->e.v[i].why != EXPLAIN_SHOWN && f->e.v[i].by);
	explain_fini(&f->e);
	memory_transaction_commit(f->mem);
}

static void random_trees(void **state)
{
	struct fixture *f = *state;
	struct rnd r = rnd_start();

	for (unsigned int round = 0; round < 300; round++) {
		struct memory_region v[NR] = { 0 };

		make_tree(f, &r, v);
		for (hwaddr addr = 0; addr < 3 * SPAN; addr++)
			assert_same(f, addr);
		fini_all(v, NR);
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nobody),
		CASE(a_higher_priority),
		CASE(a_later_addition),
		CASE(containers_decide),
		CASE(a_subregion_of_a_device),
		CASE(disabled),
		CASE(cut_off_by_a_container),
		CASE(one_thing_at_a_time),
		CASE(behind_the_window_of_an_alias),
		CASE(a_byte_that_is_seen_elsewhere_is_not_missing),
		CASE(the_nearest_window),
		CASE(what_serves_it),
		CASE(json),
		CASE(the_ends_of_all_addresses),
		CASE(too_many_ways),
		CASE(random_trees),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
