// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: who follows what, each client its own bitmap, what listeners are asked and told,
 * and that no store is lost between threads that store and one that takes snapshots.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "memory/dirty.h"
#include "memory/listener.h"
#include "memory/ram.h"
#include "unit.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define PAGE	MEMORY_PAGE
#define RAM	MIB			/* of the one block that most tests look at */
#define PAGES	(RAM / PAGE)

#define VGA		(1u << DIRTY_VGA)
#define CODE		(1u << DIRTY_CODE)
#define MIGRATION	(1u << DIRTY_MIGRATION)

/* Stands for KVM: knows of stores to RAM and tells when asked; writes down what it hears. */
struct ear {
	struct memory_listener l;
	const char *name;
	char *log;			/* of all ears */
	unsigned long unsaid[PAGES / 64];	/* pages of the RAM */
	int refuse;			/* log_global_start: -errno */
	int veto;			/* check: -errno */
};

struct fixture {
	struct memory *mem;
	struct memory_region root, ram, io;
	struct address_space as;
	char log[4096];
	struct ear ears[3];
	bool has_io;
};

static void ear_note(struct ear *e, const char *what, const struct memory_region_section *sec)
{
	size_t len = strlen(e->log);

	if (sec)
		snprintf(e->log + len, sizeof(((struct fixture *)0)->log) - len, "%s%s:%llx+%llx ",
			 e->name, what, (unsigned long long)sec->offset_within_region,
			 (unsigned long long)sec->size);
	else
		snprintf(e->log + len, sizeof(((struct fixture *)0)->log) - len, "%s%s ", e->name,
			 what);
}

static int ear_check(struct memory_listener *l, const struct memory_change *change)
{
	(void)change;
	return ((struct ear *)l)->veto;
}

static void ear_mask(struct memory_listener *l, const char *what,
		     const struct memory_region_section *sec, unsigned int old, unsigned int new)
{
	char text[32];

	snprintf(text, sizeof(text), "%s%x>%x", what, old, new);
	ear_note((struct ear *)l, text, sec);
}

static void ear_log_start(struct memory_listener *l, const struct memory_region_section *sec,
			  unsigned int old, unsigned int new)
{
	ear_mask(l, "start", sec, old, new);
}

static void ear_log_stop(struct memory_listener *l, const struct memory_region_section *sec,
			 unsigned int old, unsigned int new)
{
	ear_mask(l, "stop", sec, old, new);
}

static void ear_log_sync(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct ear *e = (struct ear *)l;

	ear_note(e, "sync", sec);
	memory_region_set_dirty_bitmap(sec->mr, 0, e->unsaid, PAGES, sec->log_mask);
	memset(e->unsaid, 0, sizeof(e->unsaid));
}

static void ear_log_sync_global(struct memory_listener *l, bool last_stage)
{
	ear_note((struct ear *)l, last_stage ? "last" : "global", NULL);
}

static void ear_log_clear(struct memory_listener *l, const struct memory_region_section *sec)
{
	ear_note((struct ear *)l, "clear", sec);
}

static int ear_global_start(struct memory_listener *l)
{
	ear_note((struct ear *)l, "on", NULL);
	return ((struct ear *)l)->refuse;
}

static void ear_global_stop(struct memory_listener *l)
{
	ear_note((struct ear *)l, "off", NULL);
}

/* A listener by the name @name, which is a letter, and its priority. */
static struct ear *ear_add(struct fixture *f, const char *name)
{
	struct ear *e = &f->ears[*name - 'a'];

	*e = (struct ear){
		.l = {
			.name = name, .priority = *name, .check = ear_check,
			.log_start = ear_log_start, .log_stop = ear_log_stop,
			.log_sync = ear_log_sync, .log_clear = ear_log_clear,
			.log_global_start = ear_global_start, .log_global_stop = ear_global_stop,
		},
		.name = name, .log = f->log,
	};
	assert_ok(memory_listener_register(&e->l, &f->as));
	f->log[0] = 0;
	return e;
}

#define assert_log(f, expected)				\
	do {						\
		assert_string_equal((f)->log, expected);	\
		(f)->log[0] = 0;			\
	} while (0)

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memory_thread_register();
	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", RAM));
	assert_ok(memory_region_add_subregion(&f->root, 0x10000000, &f->ram));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		if (f->ears[i].name)
			memory_listener_unregister(&f->ears[i].l);
	address_space_fini(&f->as);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->root);
	memory_destroy(f->mem);
	memory_thread_unregister();
	free(f);
	return 0;
}

static unsigned int dirty_pages(const struct memory_region *mr, enum dirty_client client)
{
	unsigned int n = 0;

	for (hwaddr at = 0; at < memory_region_get_ram_max(mr); at += PAGE)
		n += memory_region_get_dirty(mr, at, 1, client);
	return n;
}

static void reset_all(struct memory_region *mr)
{
	for (int c = 0; c < DIRTY_CLIENTS; c++)
		memory_region_reset_dirty(mr, 0, memory_region_get_ram_max(mr), c);
}

/* --- clients --- */

static void nothing_is_noted_for_nobody(void **state)
{
	struct fixture *f = *state;

	memory_region_set_dirty(&f->ram, 0, RAM);
	for (int c = 0; c < DIRTY_CLIENTS; c++)
		assert_int_equal(dirty_pages(&f->ram, c), 0);
	memory_region_set_dirty(&f->root, 0, RAM);
	assert_false(memory_region_get_dirty(&f->root, 0, RAM, DIRTY_VGA));
	assert_null(memory_region_snapshot_and_clear_dirty(&f->root, 0, RAM, DIRTY_VGA));
}

static void who_begins_finds_all_dirty(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), PAGES);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_CODE), 0);
	memory_region_reset_dirty(&f->ram, 0, RAM, DIRTY_VGA);
	/* who follows already does not begin */
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 0);
	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), PAGES);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 0);
	memory_global_dirty_log_stop(f->mem);
}

static void clients_have_bitmaps_of_their_own(void **state)
{
	struct fixture *f = *state;

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_CODE));
	reset_all(&f->ram);
	memory_region_set_dirty(&f->ram, 3 * PAGE, 1);
	memory_region_reset_dirty(&f->ram, 3 * PAGE, PAGE, DIRTY_CODE);
	assert_true(memory_region_get_dirty(&f->ram, 3 * PAGE, 1, DIRTY_VGA));
	assert_false(memory_region_get_dirty(&f->ram, 3 * PAGE, 1, DIRTY_CODE));
	assert_false(memory_region_get_dirty(&f->ram, 3 * PAGE, 1, DIRTY_MIGRATION));
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
	memory_region_set_dirty(&f->ram, 5 * PAGE, 1);
	assert_false(memory_region_get_dirty(&f->ram, 5 * PAGE, 1, DIRTY_VGA));
	assert_true(memory_region_get_dirty(&f->ram, 5 * PAGE, 1, DIRTY_CODE));
}

static void views_tell_who_follows(void **state)
{
	struct fixture *f = *state;

	ear_add(f, "a");
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_log(f, "astart0>1:0+100000 ");
	assert_int_equal(memory_region_log_mask(&f->ram), VGA);
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_log(f, "");
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_CODE));
	assert_log(f, "astart1>3:0+100000 ");
	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_log(f, "aon astart3>7:0+100000 ");
	assert_ok(memory_global_dirty_log_start(f->mem));
	memory_global_dirty_log_stop(f->mem);
	assert_log(f, "");
	assert_int_equal(memory_region_log_mask(&f->ram), VGA | CODE | MIGRATION);
	memory_region_reset_dirty(&f->ram, 0, RAM, DIRTY_VGA);
	f->log[0] = 0;
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
	assert_log(f, "");
	memory_region_set_dirty(&f->ram, 0, 1);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 1);
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
	assert_log(f, "astop7>6:0+100000 ");
	memory_global_dirty_log_stop(f->mem);
	assert_log(f, "astop6>2:0+100000 aoff ");
	/* more offs than ons */
	memory_global_dirty_log_stop(f->mem);
	assert_log(f, "");
	assert_int_equal(memory_region_log_mask(&f->ram), CODE);
}

static void what_a_guest_cannot_store_to_is_not_followed(void **state)
{
	struct fixture *f = *state;
	struct memory_region rom;

	assert_ok(memory_region_init_rom(&rom, f->mem, NULL, "rom", MIB));
	assert_ok(memory_region_add_subregion(&f->root, 0, &rom));
	ear_add(f, "a");
	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_log(f, "aon astart0>4:0+100000 ");
	assert_int_equal(memory_region_log_mask(&rom), 0);
	/* the first pass copies it, and what the VMM stores */
	assert_int_equal(dirty_pages(&rom, DIRTY_MIGRATION), PAGES);
	reset_all(&rom);
	memory_region_set_dirty(&rom, 0, 1);
	assert_int_equal(dirty_pages(&rom, DIRTY_MIGRATION), 1);
	f->log[0] = 0;
	assert_ok(memory_region_set_readonly(&rom, false));
	assert_int_equal(memory_region_log_mask(&rom), MIGRATION);
	memory_global_dirty_log_stop(f->mem);
	memory_region_fini(&rom);
}

static void what_cannot_be_followed_is_refused(void **state)
{
	struct fixture *f = *state;
	static char registers[4096];
	struct memory_region alias, device;

	assert_ok(memory_region_init_alias(&alias, f->mem, NULL, "alias", &f->ram, 0, RAM));
	assert_ok(memory_region_init_ram_device_ptr(&device, f->mem, NULL, "device",
						    sizeof(registers), registers));
	assert_int_equal(memory_region_set_log(&alias, true, DIRTY_VGA), -EINVAL);
	assert_int_equal(memory_region_set_log(&f->root, true, DIRTY_VGA), -EINVAL);
	assert_int_equal(memory_region_set_log(&device, true, DIRTY_VGA), -EINVAL);
	assert_int_equal(memory_region_set_log(&f->ram, true, DIRTY_MIGRATION), -EINVAL);
	assert_int_equal(memory_region_set_log(&f->ram, false, DIRTY_VGA), -EINVAL);
	for (int i = 0; i < UINT8_MAX; i++)
		assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	assert_int_equal(memory_region_set_log(&f->ram, true, DIRTY_VGA), -EOVERFLOW);
	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_int_equal(memory_region_log_mask(&device), 0);
	memory_global_dirty_log_stop(f->mem);
	memory_region_fini(&alias);
	memory_region_fini(&device);
}

/* --- bits --- */

/*
 * Against an array of pages: ranges set and reset, bitmaps at any page with rubbish behind their
 * ends.
 */
static void bits_are_as_by_brute_force(void **state)
{
	struct fixture *f = *state;
	bool model[PAGES] = { false };
	struct rnd r = rnd_start();
	unsigned long bitmap[PAGES / 64 + 1];

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_CODE));
	reset_all(&f->ram);
	for (int round = 0; round < 4000; round++) {
		unsigned int what = rnd(&r, 4), pages = rnd(&r, 3) ? rnd(&r, 70) : rnd(&r, PAGES);
		hwaddr addr = rnd(&r, RAM), size = rnd(&r, 2) ? rnd(&r, 9) : rnd(&r, RAM);
		hwaddr last = addr + size - 1 < RAM ? addr + size - 1 : RAM - 1;

		for (unsigned int i = 0; what < 2 && size && i < PAGES; i++)
			if (i >= addr / PAGE && i <= last / PAGE)
				model[i] = !what;
		if (what == 0)
			memory_region_set_dirty(&f->ram, addr, size);
		if (what == 1)
			memory_region_reset_dirty(&f->ram, addr, size, DIRTY_CODE);
		for (unsigned int i = 0; what == 2 && i < PAGES / 64 + 1; i++)
			bitmap[i] = rnd(&r, 2) ? 0 : 1ul << rnd(&r, 64) | 1ul << rnd(&r, 64);
		for (unsigned int i = 0; what == 2 && i < pages && addr / PAGE + i < PAGES; i++)
			model[addr / PAGE + i] |= bitmap[i / 64] >> i % 64 & 1;
		if (what == 2)
			memory_region_set_dirty_bitmap(&f->ram, addr, bitmap, pages, CODE);
		for (unsigned int i = 0; i < PAGES; i++)
			if (memory_region_get_dirty(&f->ram, i * PAGE, 1, DIRTY_CODE) != model[i])
				fail_msg("round %d: page %u is not %d", round, i, model[i]);
	}
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 0);
}

static void bitmaps_go_to_the_clients_said(void **state)
{
	struct fixture *f = *state;
	unsigned long bitmap = 0x11;

	memory_region_set_dirty_bitmap(&f->ram, 0, &bitmap, 64, VGA | MIGRATION);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 2);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), 2);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_CODE), 0);
	assert_true(memory_region_get_dirty(&f->ram, 4 * PAGE + 5, 1, DIRTY_VGA));
	assert_true(memory_region_get_dirty(&f->ram, PAGE, 3 * PAGE + 1, DIRTY_VGA));
	assert_false(memory_region_get_dirty(&f->ram, PAGE, 3 * PAGE, DIRTY_VGA));
}

static void ranges_end_with_the_region(void **state)
{
	struct fixture *f = *state;
	struct memory_region next;

	/* 2 MiB behind in the space of all blocks */
	assert_ok(memory_region_init_ram(&next, f->mem, NULL, "next", 2 * MIB));
	assert_ok(memory_global_dirty_log_start(f->mem));
	reset_all(&f->ram);
	reset_all(&next);
	memory_region_set_dirty(&f->ram, RAM - 1, UINT64_MAX);
	memory_region_set_dirty(&f->ram, RAM - 1, 4 * MIB);
	memory_region_set_dirty(&f->ram, 2 * MIB, PAGE);
	memory_region_set_dirty(&f->ram, UINT64_MAX, UINT64_MAX);
	assert_int_equal(dirty_pages(&next, DIRTY_MIGRATION), 0);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), 1);
	memory_global_dirty_log_stop(f->mem);
	memory_region_fini(&next);
}

/* --- RAM that comes, changes and goes while MIGRATION follows --- */

static void ram_added_while_logging(void **state)
{
	struct fixture *f = *state;
	struct memory_region more[3];

	assert_ok(memory_global_dirty_log_start(f->mem));
	reset_all(&f->ram);
	memory_region_set_dirty(&f->ram, 7 * PAGE, 1);
	for (int i = 0; i < 3; i++) {
		/* nobody touches it, and its last page is in a chunk of bits that is new */
		assert_ok(memory_region_init_ram_ptr(&more[i], f->mem, NULL, "more", 3 * GIB,
						     (void *)GIB));
		assert_true(memory_region_get_dirty(&more[i], 3 * GIB - 1, 1, DIRTY_MIGRATION));
		assert_false(memory_region_get_dirty(&more[i], 3 * GIB - 1, 1, DIRTY_CODE));
		memory_region_reset_dirty(&more[i], 0, 3 * GIB, DIRTY_MIGRATION);
		memory_region_set_dirty(&more[i], 3 * GIB - 1, 1);
		assert_int_equal(dirty_pages(&more[i], DIRTY_MIGRATION), 1);
	}
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), 1);
	memory_global_dirty_log_stop(f->mem);
	for (int i = 0; i < 3; i++)
		memory_region_fini(&more[i]);
}

static void a_new_block_has_no_old_bits(void **state)
{
	struct fixture *f = *state;
	struct memory_region mr;
	ram_addr_t where;

	assert_ok(memory_region_init_ram(&mr, f->mem, NULL, "old", 4 * MIB));
	where = memory_region_get_ram_addr(&mr);
	assert_ok(memory_region_set_log(&mr, true, DIRTY_VGA));
	memory_region_fini(&mr);
	assert_ok(memory_region_init_ram(&mr, f->mem, NULL, "new", 4 * MIB));
	assert_int_equal(memory_region_get_ram_addr(&mr), where);
	assert_int_equal(dirty_pages(&mr, DIRTY_VGA), 0);
	memory_region_set_dirty(&mr, 0, PAGE);
	assert_int_equal(dirty_pages(&mr, DIRTY_VGA), 0);
	memory_region_fini(&mr);
}

static void ram_resized_while_logging(void **state)
{
	struct fixture *f = *state;
	struct memory_region mr;

	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_ok(memory_region_init_resizeable_ram(&mr, f->mem, NULL, "mr", 2 * PAGE, MIB, NULL,
						    NULL));
	assert_int_equal(dirty_pages(&mr, DIRTY_MIGRATION), 2);
	reset_all(&mr);
	assert_ok(memory_region_ram_resize(&mr, 5 * PAGE + 1));
	assert_int_equal(dirty_pages(&mr, DIRTY_MIGRATION), 4);
	assert_false(memory_region_get_dirty(&mr, 0, 2 * PAGE, DIRTY_MIGRATION));
	assert_ok(memory_region_ram_resize(&mr, 3 * PAGE + 1));
	assert_int_equal(dirty_pages(&mr, DIRTY_MIGRATION), 2);
	memory_global_dirty_log_stop(f->mem);
	memory_region_fini(&mr);
}

/* --- listeners --- */

static void snapshots_ask_take_and_tell(void **state)
{
	struct fixture *f = *state;
	struct ear *e = ear_add(f, "a");
	struct dirty_snapshot *snap;

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	reset_all(&f->ram);
	f->log[0] = 0;
	memory_region_set_dirty(&f->ram, 3 * PAGE, 1);
	memory_region_set_dirty(&f->ram, 90 * PAGE, 1);
	e->unsaid[1] = 1ul << 6;
	snap = memory_region_snapshot_and_clear_dirty(&f->ram, 2 * PAGE + 5, 80 * PAGE, DIRTY_VGA);
	/* the whole pages that the range touches, all in one section */
	assert_log(f, "async:0+100000 aclear:2000+51000 ");
	assert_true(dirty_snapshot_get(snap, 3 * PAGE + 100, 1));
	assert_true(dirty_snapshot_get(snap, 70 * PAGE, 1));
	assert_true(dirty_snapshot_get(snap, 0, UINT64_MAX));
	assert_true(dirty_snapshot_get(snap, 4 * PAGE, 67 * PAGE));
	assert_false(dirty_snapshot_get(snap, 4 * PAGE, 66 * PAGE));
	assert_false(dirty_snapshot_get(snap, 90 * PAGE, 1));
	assert_false(dirty_snapshot_get(snap, 3 * PAGE, 0));
	assert_false(dirty_snapshot_get(snap, 71 * PAGE, UINT64_MAX));
	dirty_snapshot_free(snap);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_VGA), 1);
	snap = memory_region_snapshot_and_clear_dirty(&f->ram, 0, 90 * PAGE, DIRTY_VGA);
	assert_log(f, "async:0+100000 ");
	assert_false(dirty_snapshot_get(snap, 0, RAM));
	dirty_snapshot_free(snap);
	assert_true(memory_region_get_dirty(&f->ram, 90 * PAGE, 1, DIRTY_VGA));
	memory_region_reset_dirty(&f->ram, 90 * PAGE, 1, DIRTY_VGA);
	assert_log(f, "aclear:5a000+1000 ");
}

static void only_sections_with_dirty_pages_are_cleared(void **state)
{
	struct fixture *f = *state;
	struct memory_region hole, twice;
	struct dirty_snapshot *snap;

	/* the RAM in two sections, and a part of it again elsewhere */
	assert_ok(memory_region_init_reservation(&hole, f->mem, NULL, "hole", PAGE));
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x10000000 + 64 * PAGE, &hole, 1));
	assert_ok(memory_region_init_alias(&twice, f->mem, NULL, "twice", &f->ram, 100 * PAGE,
					   PAGE));
	assert_ok(memory_region_add_subregion(&f->root, 0x20000000, &twice));
	ear_add(f, "a");
	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_CODE));
	reset_all(&f->ram);
	f->log[0] = 0;
	memory_region_set_dirty(&f->ram, 99 * PAGE, 1);
	snap = memory_region_snapshot_and_clear_dirty(&f->ram, 0, RAM, DIRTY_CODE);
	assert_log(f, "async:0+40000 async:41000+bf000 async:64000+1000 aclear:41000+bf000 ");
	dirty_snapshot_free(snap);
	memory_region_set_dirty(&f->ram, 100 * PAGE, 1);
	snap = memory_region_snapshot_and_clear_dirty(&f->ram, 0, RAM, DIRTY_CODE);
	assert_log(f, "async:0+40000 async:41000+bf000 async:64000+1000 aclear:41000+bf000 "
		   "aclear:64000+1000 ");
	dirty_snapshot_free(snap);
	memory_region_fini(&twice);
	memory_region_fini(&hole);
}

static void who_syncs_all_is_asked_once(void **state)
{
	struct fixture *f = *state;
	struct memory_region more;
	struct ear *a, *b;

	assert_ok(memory_region_init_ram(&more, f->mem, NULL, "more", PAGE));
	assert_ok(memory_region_add_subregion(&f->root, 0, &more));
	a = ear_add(f, "a");
	b = ear_add(f, "b");
	b->l.log_sync_global = ear_log_sync_global;
	memory_global_dirty_log_sync(f->mem, false);
	/* nobody follows: there are no sections to ask for */
	assert_log(f, "bglobal ");
	assert_ok(memory_global_dirty_log_start(f->mem));
	f->log[0] = 0;
	memory_global_dirty_log_sync(f->mem, true);
	assert_log(f, "async:0+1000 async:0+100000 blast ");
	memory_region_sync_dirty(&f->ram);
	assert_log(f, "async:0+100000 bglobal ");
	a->l.log_sync = NULL;
	memory_region_sync_dirty(&f->ram);
	assert_log(f, "bglobal ");
	memory_global_dirty_log_stop(f->mem);
	memory_region_fini(&more);
}

static void listeners_hear_of_their_space_only(void **state)
{
	struct fixture *f = *state;
	struct address_space other;
	struct memory_region root;

	assert_ok(memory_region_init(&root, f->mem, NULL, "other", MEMORY_SIZE_ALL));
	assert_ok(address_space_init(&other, f->mem, &root, "other"));
	ear_add(f, "a");
	memory_listener_unregister(&f->ears[0].l);
	assert_ok(memory_listener_register(&f->ears[0].l, &other));
	assert_ok(memory_global_dirty_log_start(f->mem));
	memory_global_dirty_log_sync(f->mem, false);
	assert_log(f, "aon ");
	memory_global_dirty_log_stop(f->mem);
	memory_listener_unregister(&f->ears[0].l);
	assert_ok(memory_listener_register_all(&f->ears[0].l, f->mem));
	assert_ok(memory_global_dirty_log_start(f->mem));
	f->log[0] = 0;
	memory_global_dirty_log_sync(f->mem, false);
	assert_log(f, "async:0+100000 ");
	memory_global_dirty_log_stop(f->mem);
	memory_listener_unregister(&f->ears[0].l);
	f->ears[0].name = NULL;
	address_space_fini(&other);
	memory_region_fini(&root);
}

static void a_start_that_fails_leaves_nothing_started(void **state)
{
	struct fixture *f = *state;

	ear_add(f, "a");
	ear_add(f, "b");
	ear_add(f, "c")->refuse = -ENOSPC;
	assert_int_equal(memory_global_dirty_log_start(f->mem), -ENOSPC);
	assert_log(f, "aon bon con boff aoff ");
	assert_int_equal(memory_region_log_mask(&f->ram), 0);
	memory_region_set_dirty(&f->ram, 0, RAM);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), 0);
	f->ears[2].refuse = 0;
	assert_ok(memory_global_dirty_log_start(f->mem));
	f->log[0] = 0;
	memory_global_dirty_log_stop(f->mem);
	assert_log(f, "cstop4>0:0+100000 bstop4>0:0+100000 astop4>0:0+100000 coff boff aoff ");
}

/* Because of another change, which is tried again with each commit until it is taken back. */
static void a_start_that_the_commit_refuses(void **state)
{
	struct fixture *f = *state;
	struct ear *e = ear_add(f, "a");

	e->veto = -ENOSPC;
	assert_int_equal(memory_region_set_enabled(&f->ram, false), -ENOSPC);
	assert_int_equal(memory_global_dirty_log_start(f->mem), -ENOSPC);
	assert_log(f, "aon aoff ");
	reset_all(&f->ram);
	memory_region_set_dirty(&f->ram, 0, RAM);
	assert_int_equal(dirty_pages(&f->ram, DIRTY_MIGRATION), 0);
	assert_int_equal(memory_region_log_mask(&f->ram), 0);
	e->veto = 0;
	assert_ok(memory_region_set_enabled(&f->ram, true));
	assert_log(f, "");
	assert_ok(memory_global_dirty_log_start(f->mem));
	assert_log(f, "aon astart0>4:0+100000 ");
	memory_global_dirty_log_stop(f->mem);
}

/* --- threads --- */

#define STORERS	3

struct race {
	struct memory_region *ram;
	_Atomic uint64_t *words;	/* the first of each page counts the stores to it */
	atomic_bool hold, over;
	atomic_uint held;
};

static void race_store(struct race *r, unsigned int page)
{
	atomic_fetch_add_explicit(&r->words[page * (PAGE / 8)], 1, memory_order_relaxed);
	memory_region_set_dirty(r->ram, page * PAGE, 8);
}

static void *storer(void *opaque)
{
	struct race *r = opaque;
	struct rnd random = { (uintptr_t)&random | 1 };

	memory_thread_register();
	while (!atomic_load(&r->over)) {
		if (atomic_load(&r->hold)) {
			atomic_fetch_add(&r->held, 1);
			while (atomic_load(&r->hold))
				sched_yield();
			atomic_fetch_sub(&r->held, 1);
		}
		for (int i = 0; i < 50; i++)
			race_store(r, rnd(&random, 128));
	}
	memory_thread_unregister();
	return NULL;
}

/* Copies what a snapshot says; no page goes back in time. */
static void race_copy(struct race *r, uint64_t *copy)
{
	struct dirty_snapshot *snap;

	snap = memory_region_snapshot_and_clear_dirty(r->ram, 0, RAM, DIRTY_MIGRATION);
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t now;

		if (!dirty_snapshot_get(snap, i * PAGE, PAGE))
			continue;
		now = atomic_load_explicit(&r->words[i * (PAGE / 8)], memory_order_relaxed);
		assert_true(now >= copy[i]);
		copy[i] = now;
	}
	dirty_snapshot_free(snap);
}

static void race_hold(struct race *r)
{
	atomic_store(&r->hold, true);
	while (atomic_load(&r->held) < STORERS)
		sched_yield();
}

static void race_release(struct race *r)
{
	atomic_store(&r->hold, false);
	while (atomic_load(&r->held))
		sched_yield();
}

/*
 * As a live snapshot does it: begin, copy again and again, hold, copy the rest; all must be there.
 */
static void no_store_is_lost(void **state)
{
	struct fixture *f = *state;
	struct race r = { .ram = &f->ram, .words = memory_region_get_ram_ptr(&f->ram) };
	static uint64_t copy[PAGES];
	pthread_t threads[STORERS];

	for (int i = 0; i < STORERS; i++)
		pthread_create(&threads[i], NULL, storer, &r);
	for (int cycle = 0; cycle < 150; cycle++) {
		struct memory_region more;

		assert_ok(memory_global_dirty_log_start(f->mem));
		race_copy(&r, copy);
		assert_ok(memory_region_init_ram_ptr(&more, f->mem, NULL, "more",
						     (cycle % 8 + 1) * GIB, (void *)GIB));
		for (int pass = 0; pass < 5; pass++)
			race_copy(&r, copy);
		memory_region_fini(&more);
		race_hold(&r);
		race_copy(&r, copy);
		for (unsigned int i = 0; i < PAGES; i++)
			assert_int_equal(copy[i], atomic_load(&r.words[i * (PAGE / 8)]));
		memory_global_dirty_log_stop(f->mem);
		race_release(&r);
	}
	atomic_store(&r.over, true);
	for (int i = 0; i < STORERS; i++)
		pthread_join(threads[i], NULL);
	assert_true(copy[0] > 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_noted_for_nobody),
		CASE(who_begins_finds_all_dirty),
		CASE(clients_have_bitmaps_of_their_own),
		CASE(views_tell_who_follows),
		CASE(what_a_guest_cannot_store_to_is_not_followed),
		CASE(what_cannot_be_followed_is_refused),
		CASE(bits_are_as_by_brute_force),
		CASE(bitmaps_go_to_the_clients_said),
		CASE(ranges_end_with_the_region),
		CASE(ram_added_while_logging),
		CASE(a_new_block_has_no_old_bits),
		CASE(ram_resized_while_logging),
		CASE(snapshots_ask_take_and_tell),
		CASE(only_sections_with_dirty_pages_are_cleared),
		CASE(who_syncs_all_is_asked_once),
		CASE(listeners_hear_of_their_space_only),
		CASE(a_start_that_fails_leaves_nothing_started),
		CASE(a_start_that_the_commit_refuses),
		CASE(no_store_is_lost),
	};

	return cmocka_run_group_tests_name("dirty", tests, NULL, NULL);
}
