// SPDX-License-Identifier: GPL-2.0-only
/* Maps: pointers into RAM, copies of what is no RAM, their budget and who waits for it. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "memory/access.h"
#include "memory/dirty.h"
#include "scarce.h"
#include "unit.h"
#include "util.h"

#define RAM	0x4000
#define DEV	0x100000
#define DEV_SIZE	(2 * (uint64_t)MEMORY_BOUNCE_MAX)

struct fixture {
	struct memory *mem;
	struct memory_region root, ram, rom, dev, kept;
	struct address_space as;
	unsigned int reads, writes, written;
	uint8_t last;
};

static enum memtx_result dev_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct fixture *f = opaque;

	(void)size;
	f->reads++;
	*data = addr;
	return MEMTX_OK;
}

static enum memtx_result dev_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct fixture *f = opaque;

	(void)addr;
	f->writes++;
	f->written += size;
	f->last = data;
	return MEMTX_OK;
}

/* Takes 4 bytes at a time: a copy is made of these. */
static const struct memory_region_ops dev_ops = {
	.read = dev_read, .write = dev_write, .valid = { .min = 4, .max = 4 },
};

/* RAM at 0, ROM behind it, a reservation at 0x80000, a device at DEV. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", RAM));
	assert_ok(memory_region_init_rom(&f->rom, f->mem, NULL, "rom", 0x1000));
	assert_ok(memory_region_init_io(&f->dev, f->mem, NULL, &dev_ops, f, "dev", DEV_SIZE));
	assert_ok(memory_region_init_reservation(&f->kept, f->mem, NULL, "kept", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->ram));
	assert_ok(memory_region_add_subregion(&f->root, RAM, &f->rom));
	assert_ok(memory_region_add_subregion(&f->root, 0x80000, &f->kept));
	assert_ok(memory_region_add_subregion(&f->root, DEV, &f->dev));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
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
	memory_region_fini(&f->ram);
	memory_region_fini(&f->rom);
	memory_region_fini(&f->dev);
	memory_region_fini(&f->kept);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static char *ram_of(struct fixture *f)
{
	return memory_region_get_ram_ptr(&f->ram);
}

static void ram_is_given_directly(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 0x100;
	void *ptr = address_space_map(&f->as, 0x1010, &len, true);

	assert_ptr_equal(ptr, ram_of(f) + 0x1010);
	assert_int_equal(len, 0x100);
	address_space_unmap(&f->as, ptr, len, true, len);
	len = 0x10000;
	ptr = address_space_map(&f->as, 0x3000, &len, true);
	assert_ptr_equal(ptr, ram_of(f) + 0x3000);
	assert_int_equal(len, 0x1000);
	address_space_unmap(&f->as, ptr, len, true, 0);
	len = 0x10;
	ptr = address_space_map(&f->as, RAM, &len, false);
	assert_ptr_equal(ptr, memory_region_get_ram_ptr(&f->rom));
	assert_int_equal(len, 0x10);
	address_space_unmap(&f->as, ptr, len, false, 0);
}

/* Two windows side by side on one RAM are one piece if they go on where the other ends. */
static void a_piece_goes_on_behind_a_border(void **state)
{
	struct memory_region low, high;
	struct fixture *f = *state;
	uint64_t len = 0x3000;
	void *ptr;

	assert_ok(memory_region_init_alias(&low, f->mem, NULL, "low", &f->ram, 0, 0x1000));
	assert_ok(memory_region_init_alias(&high, f->mem, NULL, "high", &f->ram, 0x1000, 0x1000));
	assert_ok(memory_region_set_unmergeable(&f->ram, true));
	assert_ok(memory_region_add_subregion(&f->root, 0x10000, &low));
	assert_ok(memory_region_add_subregion(&f->root, 0x11000, &high));
	ptr = address_space_map(&f->as, 0x10800, &len, true);
	assert_ptr_equal(ptr, ram_of(f) + 0x800);
	assert_int_equal(len, 0x1800);
	address_space_unmap(&f->as, ptr, len, true, 0);
	assert_ok(memory_region_set_alias_offset(&high, 0x2000));
	len = 0x3000;
	ptr = address_space_map(&f->as, 0x10800, &len, true);
	assert_int_equal(len, 0x800);
	address_space_unmap(&f->as, ptr, len, true, 0);
	memory_region_fini(&low);
	memory_region_fini(&high);
}

static void nothing_is_mapped_where_nothing_is(void **state)
{
	static const hwaddr nowhere[] = { 0x80000, 0x90000 };
	struct fixture *f = *state;
	uint64_t len;

	for (unsigned int i = 0; i < ARRAY_SIZE(nowhere); i++) {
		len = 0x10;
		assert_null(address_space_map(&f->as, nowhere[i], &len, false));
		assert_int_equal(len, 0);
	}
	assert_null(address_space_map(&f->as, 0, &len, false));
}

static void a_device_is_copied(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 16;
	uint8_t *ptr = address_space_map(&f->as, DEV + 0x20, &len, false);

	assert_non_null(ptr);
	assert_int_equal(len, 16);
	assert_int_equal(f->reads, 4);
	assert_int_equal(ptr[0], 0x20);
	assert_int_equal(ptr[12], 0x2c);
	address_space_unmap(&f->as, ptr, len, false, len);
	assert_int_equal(f->writes, 0);
	len = 8;
	ptr = address_space_map(&f->as, DEV, &len, false);
	assert_int_equal(f->reads, 6);
	assert_int_equal(ptr[4], 4);
	address_space_unmap(&f->as, ptr, len, false, 0);
}

static void a_copy_is_written_back_as_far_as_used(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 64;
	uint8_t *ptr = address_space_map(&f->as, DEV, &len, true);

	assert_int_equal(f->reads, 0);
	memset(ptr, 0x99, 64);
	address_space_unmap(&f->as, ptr, len, true, 20);
	assert_int_equal(f->writes, 5);
	assert_int_equal(f->written, 20);
	assert_int_equal(f->last, 0x99);
	ptr = address_space_map(&f->as, DEV, &len, true);
	address_space_unmap(&f->as, ptr, len, true, 0);
	assert_int_equal(f->writes, 5);
}

/* ROM is no place to store to: what is stored there is lost. */
static void stores_to_rom_are_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 16;
	uint8_t *ptr = address_space_map(&f->as, RAM, &len, true);

	assert_non_null(ptr);
	memset(ptr, 0x55, len);
	address_space_unmap(&f->as, ptr, len, true, len);
	assert_int_equal(*(uint8_t *)memory_region_get_ram_ptr(&f->rom), 0);
}

static void stores_make_used_pages_dirty(void **state)
{
	struct fixture *f = *state;
	uint64_t len = RAM;
	void *ptr;

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	memory_region_reset_dirty(&f->ram, 0, RAM, DIRTY_VGA);
	ptr = address_space_map(&f->as, 0, &len, false);
	address_space_unmap(&f->as, ptr, len, false, len);
	assert_false(memory_region_get_dirty(&f->ram, 0, RAM, DIRTY_VGA));
	len = 0x3000;
	ptr = address_space_map(&f->as, 0x1000, &len, true);
	address_space_unmap(&f->as, ptr, len, true, 0x1001);
	assert_false(memory_region_get_dirty(&f->ram, 0, 0x1000, DIRTY_VGA));
	assert_true(memory_region_get_dirty(&f->ram, 0x1000, 0x1000, DIRTY_VGA));
	assert_true(memory_region_get_dirty(&f->ram, 0x2000, 0x1000, DIRTY_VGA));
	assert_false(memory_region_get_dirty(&f->ram, 0x3000, 0x1000, DIRTY_VGA));
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
}

/* --- the budget --- */

struct waiter {
	struct memory_map_waiter w;
	struct fixture *f;
	unsigned int calls;
	bool again;
};

static void retry(struct memory_map_waiter *w)
{
	struct waiter *waiter = container_of(w, struct waiter, w);

	waiter->calls++;
	if (waiter->again)
		assert_ok(address_space_map_notify(&waiter->f->as, w));
}

static void a_budget_is_spent_and_comes_back(void **state)
{
	struct fixture *f = *state;
	struct waiter w = { .w.retry = retry, .f = f };
	uint64_t most = MEMORY_BOUNCE_MAX - 8, rest = 100, more = 1;
	void *a = address_space_map(&f->as, DEV, &most, true), *b;

	assert_non_null(a);
	assert_int_equal(most, MEMORY_BOUNCE_MAX - 8);
	b = address_space_map(&f->as, DEV, &rest, true);
	assert_non_null(b);
	assert_int_equal(rest, 8);
	assert_null(address_space_map(&f->as, DEV, &more, true));
	assert_int_equal(more, 0);
	assert_ok(address_space_map_notify(&f->as, &w.w));
	assert_ok(address_space_map_notify(&f->as, &w.w));
	assert_int_equal(w.calls, 0);
	more = 1;
	assert_ptr_equal(address_space_map(&f->as, 0, &more, true), ram_of(f));
	address_space_unmap(&f->as, ram_of(f), 1, true, 0);
	assert_int_equal(w.calls, 0);
	address_space_unmap(&f->as, b, rest, true, 0);
	assert_int_equal(w.calls, 1);
	b = address_space_map(&f->as, DEV, &rest, true);
	assert_int_equal(rest, 8);
	address_space_unmap(&f->as, b, rest, true, 0);
	address_space_unmap(&f->as, a, most, true, 0);
	assert_int_equal(w.calls, 1);
}

static void who_forgets_is_not_called(void **state)
{
	struct fixture *f = *state;
	struct waiter w = { .w.retry = retry, .f = f }, v = w;
	uint64_t all = DEV_SIZE;
	void *ptr;

	address_space_map_forget(&f->as, &w.w);
	ptr = address_space_map(&f->as, DEV, &all, true);
	assert_int_equal(all, MEMORY_BOUNCE_MAX);
	assert_ok(address_space_map_notify(&f->as, &w.w));
	assert_ok(address_space_map_notify(&f->as, &v.w));
	address_space_map_forget(&f->as, &w.w);
	address_space_map_forget(&f->as, &w.w);
	address_space_unmap(&f->as, ptr, all, true, 0);
	assert_int_equal(w.calls, 0);
	assert_int_equal(v.calls, 1);
}

/* Nobody would ever come: what there is to have is there already. */
static void who_need_not_wait_is_called_at_once(void **state)
{
	struct fixture *f = *state;
	struct waiter w = { .w.retry = retry, .f = f };

	assert_ok(address_space_map_notify(&f->as, &w.w));
	assert_int_equal(w.calls, 1);
	assert_false(w.w.waiting);
}

/* Nothing came back since it was told that there is something: that is no news to it. */
static void who_asks_again_for_nothing_waits(void **state)
{
	struct fixture *f = *state;
	struct waiter w = { .w.retry = retry, .f = f, .again = true };
	uint64_t len = 8;
	void *ptr = address_space_map(&f->as, DEV, &len, true);

	assert_ok(address_space_map_notify(&f->as, &w.w));
	assert_int_equal(w.calls, 1);
	assert_true(w.w.waiting);
	w.again = false;
	address_space_unmap(&f->as, ptr, len, true, 0);
	assert_int_equal(w.calls, 2);
	assert_false(w.w.waiting);
}

/* Who holds bytes, and what it does when it is told of more. */
struct hog {
	struct memory_map_waiter w;
	struct fixture *f;
	void *ptr;
	uint64_t len;
	unsigned int calls;
};

/* What came back in the middle of its call is. */
static void yielding_retry(struct memory_map_waiter *w)
{
	struct hog *hog = container_of(w, struct hog, w);

	if (hog->calls++)
		return;
	address_space_unmap(&hog->f->as, hog->ptr, hog->len, true, 0);
	assert_ok(address_space_map_notify(&hog->f->as, w));
}

static void who_misses_a_return_is_called_again(void **state)
{
	struct fixture *f = *state;
	struct hog hog = { .w.retry = yielding_retry, .f = f, .len = 8 };

	hog.ptr = address_space_map(&f->as, DEV, &hog.len, true);
	assert_ok(address_space_map_notify(&f->as, &hog.w));
	assert_int_equal(hog.calls, 2);
	assert_false(hog.w.waiting);
}

/* Finds bytes left in the budget, but no memory. */
static void poor_retry(struct memory_map_waiter *w)
{
	struct hog *hog = container_of(w, struct hog, w);

	hog->calls++;
	hog->len = 8;
	scarce_begin(0, 1);
	assert_null(address_space_map(&hog->f->as, DEV, &hog->len, true));
	assert_int_equal(scarce_end(), 1);
	assert_ok(address_space_map_notify(&hog->f->as, w));
}

static void who_finds_no_memory_waits(void **state)
{
	struct fixture *f = *state;
	struct hog hog = { .w.retry = poor_retry, .f = f };

	assert_ok(address_space_map_notify(&f->as, &hog.w));
	assert_int_equal(hog.calls, 1);
	assert_true(hog.w.waiting);
	address_space_map_forget(&f->as, &hog.w);
}

/* Takes all that there is and asks for more. */
static void hog_retry(struct memory_map_waiter *w)
{
	struct hog *hog = container_of(w, struct hog, w);

	hog->calls++;
	hog->len = DEV_SIZE;
	hog->ptr = address_space_map(&hog->f->as, DEV, &hog->len, true);
	assert_ok(address_space_map_notify(&hog->f->as, w));
}

/*
 * The first that was told takes all: the others go on waiting, and are told when that comes back.
 */
static void waiters_take_turns(void **state)
{
	struct fixture *f = *state;
	struct hog first = { .w.retry = hog_retry, .f = f }, second = first;
	uint64_t all = DEV_SIZE;
	void *ptr = address_space_map(&f->as, DEV, &all, true);

	assert_ok(address_space_map_notify(&f->as, &first.w));
	assert_ok(address_space_map_notify(&f->as, &second.w));
	address_space_unmap(&f->as, ptr, all, true, 0);
	assert_int_equal(first.calls, 1);
	assert_int_equal(first.len, MEMORY_BOUNCE_MAX);
	assert_int_equal(second.calls, 0);
	address_space_unmap(&f->as, first.ptr, first.len, true, 0);
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 1);
	address_space_map_forget(&f->as, &first.w);
	address_space_map_forget(&f->as, &second.w);
	address_space_unmap(&f->as, second.ptr, second.len, true, 0);
	assert_int_equal(first.calls + second.calls, 2);
}

/* --- owners --- */

/* Something that embeds RAM and goes when nobody holds it. */
struct card {
	struct memory_owner owner;
	struct memory_region ram;
	atomic_uint *gone;
};

static void card_release(struct memory_owner *owner)
{
	struct card *card = container_of(owner, struct card, owner);
	atomic_uint *gone = card->gone;

	memory_region_fini(&card->ram);
	free(card);
	atomic_fetch_add(gone, 1);
}

static struct card *card_create(struct fixture *f, atomic_uint *gone)
{
	struct card *card = calloc(1, sizeof(*card));

	assert_non_null(card);
	memory_owner_init(&card->owner, card_release);
	card->gone = gone;
	assert_ok(memory_region_init_ram(&card->ram, f->mem, &card->owner, "card", 0x1000));
	memset(memory_region_get_ram_ptr(&card->ram), 0x42, 0x1000);
	assert_ok(memory_region_add_subregion(&f->root, 0x40000, &card->ram));
	return card;
}

static bool comes_to(atomic_uint *n, unsigned int wanted)
{
	for (unsigned int i = 0; i < 5000 && atomic_load(n) != wanted; i++)
		usleep(1000);
	return atomic_load(n) == wanted;
}

static void a_map_holds_its_owner(void **state)
{
	struct fixture *f = *state;
	atomic_uint gone = 0;
	struct card *card = card_create(f, &gone);
	uint64_t len = 0x1000;
	char *ptr = address_space_map(&f->as, 0x40000, &len, true);

	assert_ok(memory_region_del_subregion(&f->root, &card->ram));
	memory_owner_put(&card->owner);
	assert_int_equal(gone, 0);
	assert_int_equal(ptr[0xfff], 0x42);
	ptr[0] = 1;
	address_space_unmap(&f->as, ptr, len, true, len);
	assert_true(comes_to(&gone, 1));
}

/* By its pointer alone nobody could tell whose that memory is when it is given back. */
static void memory_of_two_regions_is_copied(void **state)
{
	struct fixture *f = *state;
	struct memory_region twin;
	atomic_uint gone = 0;
	struct card *card = card_create(f, &gone);
	char *ram = memory_region_get_ram_ptr(&card->ram), *ptr;
	uint64_t len = 0x1000;

	assert_ok(memory_region_init_ram_ptr(&twin, f->mem, NULL, "twin", 0x1000, ram));
	ptr = address_space_map(&f->as, 0x40000, &len, true);
	assert_int_equal(len, 0x1000);
	memset(ptr, 0x43, len);
	address_space_unmap(&f->as, ptr, len, true, len);
	assert_int_equal(ram[0xfff], 0x43);
	assert_int_equal(card->owner.refs, 1);
	memory_region_fini(&twin);
	memory_owner_put(&card->owner);
	assert_true(comes_to(&gone, 1));
}

/* One that is looked for when it is on its way out, but still seen. */
struct leaver {
	struct memory_owner owner;
	struct memory_region ram;
	struct address_space *as;
	uint64_t len;
	void *ptr;
};

static void leaver_release(struct memory_owner *owner)
{
	struct leaver *leaver = container_of(owner, struct leaver, owner);

	leaver->ptr = address_space_map(leaver->as, 0x40000, &leaver->len, false);
	memory_region_fini(&leaver->ram);
}

static void who_is_about_to_go_is_not_held(void **state)
{
	struct fixture *f = *state;
	struct leaver leaver = { .as = &f->as, .len = 4, .ptr = f };

	memory_owner_init(&leaver.owner, leaver_release);
	assert_ok(memory_region_init_ram(&leaver.ram, f->mem, &leaver.owner, "leaver", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x40000, &leaver.ram));
	memory_owner_put(&leaver.owner);
	assert_null(leaver.ptr);
	assert_int_equal(leaver.len, 0);
	assert_int_equal(leaver.owner.refs, 0);
}

struct unmapper {
	struct fixture *f;
	void *ptr;
	atomic_uint *gone;
	unsigned int gone_inside;
};

static enum memtx_result unmapper_write(void *opaque, hwaddr addr, uint64_t data,
					unsigned int size)
{
	struct unmapper *u = opaque;

	(void)addr;
	(void)data;
	(void)size;
	address_space_unmap(&u->f->as, u->ptr, 0x1000, false, 0);
	u->gone_inside = atomic_load(u->gone);
	return MEMTX_OK;
}

/* The owner's end waits for the end of accesses: in one, it must not be waited for. */
static void the_last_unmap_may_be_in_an_access(void **state)
{
	static const struct memory_region_ops ops = { .write = unmapper_write };
	struct fixture *f = *state;
	atomic_uint gone = 0;
	struct card *card = card_create(f, &gone);
	struct unmapper u = { .f = f, .gone = &gone };
	struct memory_region mr;
	uint64_t len = 0x1000;

	assert_ok(memory_region_init_io(&mr, f->mem, NULL, &ops, &u, "unmapper", 4));
	assert_ok(memory_region_add_subregion(&f->root, 0x50000, &mr));
	u.ptr = address_space_map(&f->as, 0x40000, &len, false);
	assert_ok(memory_region_del_subregion(&f->root, &card->ram));
	memory_owner_put(&card->owner);
	assert_int_equal(address_space_stl_le(&f->as, 0x50000, 0), MEMTX_OK);
	assert_int_equal(u.gone_inside, 0);
	assert_true(comes_to(&gone, 1));
	memory_region_fini(&mr);
}

/* --- threads --- */

#define THREADS	3
#define ROUNDS	400

struct storm {
	struct fixture *f;
	atomic_bool over;
	atomic_uint bad, maps, waits;
};

/* Whether the RAM that comes and goes is as it was filled as long as it is mapped. */
static void storm_map_ram(struct storm *s)
{
	uint64_t len = 0x100;
	char *ptr = address_space_map(&s->f->as, 0x40100, &len, false);

	if (!ptr)
		return;
	if (len != 0x100 || ptr[0] != 0x42 || ptr[0xff] != 0x42)
		atomic_fetch_add(&s->bad, 1);
	address_space_unmap(&s->f->as, ptr, len, false, 0);
	atomic_fetch_add(&s->maps, 1);
}

struct storm_waiter {
	struct memory_map_waiter w;
	struct storm *storm;
};

static void storm_retry(struct memory_map_waiter *w)
{
	atomic_fetch_add(&container_of(w, struct storm_waiter, w)->storm->waits, 1);
}

/* More than there is for all of them: some wait. Reads nothing: that takes time. */
static void storm_map_device(struct storm *s, struct storm_waiter *w)
{
	uint64_t len = MEMORY_BOUNCE_MAX / 2;
	void *ptr = address_space_map(&s->f->as, DEV, &len, true);

	if (ptr)
		address_space_unmap(&s->f->as, ptr, len, true, 0);
	else if (address_space_map_notify(&s->f->as, &w->w))
		atomic_fetch_add(&s->bad, 1);
}

static void *storm_thread(void *opaque)
{
	struct storm *s = opaque;
	struct storm_waiter w = { .w.retry = storm_retry, .storm = s };

	memory_thread_register();
	while (!atomic_load(&s->over)) {
		storm_map_ram(s);
		storm_map_device(s, &w);
	}
	address_space_map_forget(&s->f->as, &w.w);
	memory_thread_unregister();
	return NULL;
}

static void maps_during_a_storm(void **state)
{
	struct storm s = { .f = *state };
	atomic_uint gone = 0;
	pthread_t threads[THREADS];
	struct card *card;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		assert_ok(pthread_create(&threads[i], NULL, storm_thread, &s));
	for (i = 0; i < ROUNDS || !atomic_load(&s.maps); i++) {
		card = card_create(s.f, &gone);
		usleep(100);
		if (i % 2)
			assert_ok(memory_region_del_subregion(&s.f->root, &card->ram));
		memory_owner_put(&card->owner);
		assert_true(comes_to(&gone, i + 1));
	}
	atomic_store(&s.over, true);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s.bad), 0);
	storm_map_device(&s, &(struct storm_waiter){ 0 });
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ram_is_given_directly),
		CASE(a_piece_goes_on_behind_a_border),
		CASE(nothing_is_mapped_where_nothing_is),
		CASE(a_device_is_copied),
		CASE(a_copy_is_written_back_as_far_as_used),
		CASE(stores_to_rom_are_lost),
		CASE(stores_make_used_pages_dirty),
		CASE(a_budget_is_spent_and_comes_back),
		CASE(who_forgets_is_not_called),
		CASE(who_need_not_wait_is_called_at_once),
		CASE(who_asks_again_for_nothing_waits),
		CASE(who_misses_a_return_is_called_again),
		CASE(who_finds_no_memory_waits),
		CASE(waiters_take_turns),
		CASE(a_map_holds_its_owner),
		CASE(memory_of_two_regions_is_copied),
		CASE(who_is_about_to_go_is_not_held),
		CASE(the_last_unmap_may_be_in_an_access),
		CASE(maps_during_a_storm),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
