// SPDX-License-Identifier: GPL-2.0-only
/* Caches of a range: as good as an access made anew, whatever happens to the tree. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "memory/cache.h"
#include "memory/dirty.h"
#include "memory/iommu.h"
#include "unit.h"
#include "util.h"

struct fixture {
	struct memory *mem;
	struct memory_region root, ram, other, dev;
	struct address_space as;
	struct memory_cache cache;
	unsigned int reads, writes;
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
	(void)data;
	(void)size;
	f->writes++;
	return MEMTX_OK;
}

static const struct memory_region_ops dev_ops = { .read = dev_read, .write = dev_write };

/* RAM at 0, a device at 0x4000; `other` is RAM that is nowhere yet. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", 0x4000));
	assert_ok(memory_region_init_ram(&f->other, f->mem, NULL, "other", 0x1000));
	assert_ok(memory_region_init_io(&f->dev, f->mem, NULL, &dev_ops, f, "dev", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0, &f->ram));
	assert_ok(memory_region_add_subregion(&f->root, 0x4000, &f->dev));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	memset(memory_region_get_ram_ptr(&f->ram), 0x11, 0x4000);
	memset(memory_region_get_ram_ptr(&f->other), 0x22, 0x1000);
	memory_thread_register();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_cache_fini(&f->cache);
	memory_thread_unregister();
	address_space_fini(&f->as);
	memory_region_fini(&f->root);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->other);
	memory_region_fini(&f->dev);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static uint8_t byte_at(struct fixture *f, hwaddr offset)
{
	uint8_t v = 0;

	assert_int_equal(memory_cache_read(&f->cache, offset, &v, 1), MEMTX_OK);
	return v;
}

static void ram_is_read_and_written_directly(void **state)
{
	struct fixture *f = *state;
	uint8_t *ram = memory_region_get_ram_ptr(&f->ram);
	uint32_t v = 0x12345678, got = 0;

	assert_ok(memory_cache_init(&f->cache, &f->as, 0x1010, 0x100, true));
	assert_ptr_equal(f->cache.ptr, ram + 0x1010);
	assert_int_equal(memory_cache_write(&f->cache, 0x20, &v, 4), MEMTX_OK);
	assert_memory_equal(ram + 0x1030, &v, 4);
	assert_int_equal(memory_cache_read(&f->cache, 0x20, &got, 4), MEMTX_OK);
	assert_int_equal(got, v);
}

static void a_range_is_kept_to(void **state)
{
	static const struct {
		hwaddr offset;
		uint64_t len;
		enum memtx_result result;
	} cases[] = {
		{ 0xff, 1, MEMTX_OK },		{ 0xff, 2, MEMTX_DECODE_ERROR },
		{ 0x100, 1, MEMTX_DECODE_ERROR },{ 0, 0x101, MEMTX_DECODE_ERROR },
		{ 0, 0x100, MEMTX_OK },		{ UINT64_MAX, 2, MEMTX_DECODE_ERROR },
	};
	struct fixture *f = *state;
	uint8_t buf[0x200] = { 0 };

	assert_ok(memory_cache_init(&f->cache, &f->as, 0x1000, 0x100, true));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(memory_cache_read(&f->cache, cases[i].offset, buf, cases[i].len),
				 cases[i].result);
		assert_int_equal(buf[0], cases[i].result ? 0xff : 0x11);
		assert_int_equal(memory_cache_write(&f->cache, cases[i].offset, buf, cases[i].len),
				 cases[i].result);
	}
}

static void what_can_be_no_range_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(memory_cache_init(&f->cache, &f->as, 0, 0, true), -EINVAL);
	assert_int_equal(memory_cache_init(&f->cache, &f->as, UINT64_MAX, 2, true), -EINVAL);
	assert_ok(memory_cache_init(&f->cache, &f->as, UINT64_MAX, 1, true));
}

static void a_cache_for_reading_is_not_written_to(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0x99;

	assert_ok(memory_cache_init(&f->cache, &f->as, 0, 0x100, false));
	assert_int_equal(memory_cache_write(&f->cache, 0, &v, 1), MEMTX_ERROR);
	assert_int_equal(byte_at(f, 0), 0x11);
}

static void a_change_is_noticed_at_the_next_access(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0x33;

	assert_ok(memory_cache_init(&f->cache, &f->as, 0x1000, 0x100, true));
	assert_int_equal(byte_at(f, 8), 0x11);
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1000, &f->other, 1));
	assert_int_equal(byte_at(f, 8), 0x22);
	assert_int_equal(memory_cache_write(&f->cache, 8, &v, 1), MEMTX_OK);
	assert_int_equal(((uint8_t *)memory_region_get_ram_ptr(&f->other))[8], 0x33);
	assert_ok(memory_region_del_subregion(&f->root, &f->other));
	assert_int_equal(byte_at(f, 8), 0x11);
	assert_ok(memory_region_set_readonly(&f->ram, true));
	assert_int_equal(memory_cache_write(&f->cache, 8, &v, 1), MEMTX_ERROR);
	assert_int_equal(byte_at(f, 8), 0x11);
	assert_ok(memory_region_del_subregion(&f->root, &f->ram));
	assert_int_equal(memory_cache_read(&f->cache, 8, &v, 1), MEMTX_DECODE_ERROR);
	assert_int_equal(v, 0xff);
}

/* The range is a device's, or only in part RAM: it works all the same. */
static void what_is_not_all_ram_is_slow(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[8] = { 0 };

	assert_ok(memory_cache_init(&f->cache, &f->as, 0x3ff0, 0x20, true));
	assert_null(f->cache.ptr);
	assert_int_equal(memory_cache_read(&f->cache, 0xc, buf, 8), MEMTX_OK);
	assert_memory_equal(buf, "\x11\x11\x11\x11\0\0\0\0", 8);
	assert_int_equal(f->reads, 1);
	assert_int_equal(memory_cache_write(&f->cache, 0x18, buf, 4), MEMTX_OK);
	assert_int_equal(f->writes, 1);
}

static void stores_make_pages_dirty(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0;

	assert_ok(memory_region_set_log(&f->ram, true, DIRTY_VGA));
	memory_region_reset_dirty(&f->ram, 0, 0x4000, DIRTY_VGA);
	assert_ok(memory_cache_init(&f->cache, &f->as, 0x1000, 0x2000, true));
	assert_int_equal(memory_cache_read(&f->cache, 0x1000, &v, 1), MEMTX_OK);
	assert_false(memory_region_get_dirty(&f->ram, 0, 0x4000, DIRTY_VGA));
	assert_int_equal(memory_cache_write(&f->cache, 0x1000, &v, 1), MEMTX_OK);
	assert_false(memory_region_get_dirty(&f->ram, 0, 0x2000, DIRTY_VGA));
	assert_true(memory_region_get_dirty(&f->ram, 0x2000, 0x1000, DIRTY_VGA));
	assert_ok(memory_region_set_log(&f->ram, false, DIRTY_VGA));
}

/* An IOMMU that turns over two pages of RAM. */
static struct iommu_entry turn(void *opaque, hwaddr addr, bool is_write)
{
	struct fixture *f = opaque;

	(void)is_write;
	return (struct iommu_entry){
		.target_as = &f->as, .iova = addr & ~0xfffull,
		.translated_addr = f->reads ? 0x1000 : 0x2000, .addr_mask = 0xfff, .perm = IOMMU_RW,
	};
}

/* Its mind changes without a change of the tree: nothing is kept of what it said. */
static void nothing_is_kept_of_a_translation(void **state)
{
	static const struct iommu_ops ops = { .translate = turn };
	struct fixture *f = *state;
	struct memory_region mr;

	assert_ok(memory_region_init_iommu(&mr, f->mem, NULL, &ops, f, "turn", 0x1000));
	assert_ok(memory_region_add_subregion(&f->root, 0x8000, &mr));
	*((uint8_t *)memory_region_get_ram_ptr(&f->ram) + 0x1004) = 0x55;
	assert_ok(memory_cache_init(&f->cache, &f->as, 0x8000, 0x1000, true));
	assert_int_equal(byte_at(f, 4), 0x11);
	f->reads = 1;
	assert_int_equal(byte_at(f, 4), 0x55);
	memory_region_fini(&mr);
}

/* --- owners, threads --- */

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
	assert_ok(memory_region_add_subregion_overlap(&f->root, 0x1000, &card->ram, 1));
	return card;
}

static bool comes_to(atomic_uint *n, unsigned int wanted)
{
	for (unsigned int i = 0; i < 5000 && atomic_load(n) != wanted; i++)
		usleep(1000);
	return atomic_load(n) == wanted;
}

/* An owner is held until the cache notices or ends, whichever is first. */
static void a_cache_holds_its_owner(void **state)
{
	struct fixture *f = *state;
	atomic_uint gone = 0;
	struct card *card = card_create(f, &gone);

	assert_ok(memory_cache_init(&f->cache, &f->as, 0x1000, 0x100, true));
	assert_ok(memory_region_del_subregion(&f->root, &card->ram));
	memory_owner_put(&card->owner);
	assert_int_equal(gone, 0);
	assert_int_equal(byte_at(f, 0), 0x11);
	assert_true(comes_to(&gone, 1));
	card = card_create(f, &gone);
	assert_int_equal(byte_at(f, 0), 0x42);
	memory_owner_put(&card->owner);
	assert_int_equal(gone, 1);
	memory_cache_fini(&f->cache);
	assert_true(comes_to(&gone, 2));
}

#define THREADS	3
#define ROUNDS	400

struct storm {
	struct fixture *f;
	atomic_bool over;
	atomic_uint bad, hits;
};

/* The card's bytes or those of the RAM below it, never a mixture, never what is gone. */
static void *storm_thread(void *opaque)
{
	struct storm *s = opaque;
	struct memory_cache cache;
	uint8_t buf[16];

	memory_thread_register();
	if (memory_cache_init(&cache, &s->f->as, 0x1000, 0x1000, false))
		atomic_fetch_add(&s->bad, 1);
	while (!atomic_load(&s->over)) {
		if (memory_cache_read(&cache, 0x800, buf, sizeof(buf)) != MEMTX_OK ||
		    (buf[0] != 0x11 && buf[0] != 0x42) || memcmp(buf, buf + 1, 15))
			atomic_fetch_add(&s->bad, 1);
		if (buf[0] == 0x42)
			atomic_fetch_add(&s->hits, 1);
	}
	memory_cache_fini(&cache);
	memory_thread_unregister();
	return NULL;
}

static void caches_during_a_storm(void **state)
{
	struct storm s = { .f = *state };
	pthread_t threads[THREADS];
	atomic_uint gone = 0;
	struct card *card;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		assert_ok(pthread_create(&threads[i], NULL, storm_thread, &s));
	for (i = 0; i < ROUNDS || !atomic_load(&s.hits); i++) {
		card = card_create(s.f, &gone);
		usleep(100);
		if (i % 2)
			assert_ok(memory_region_del_subregion(&s.f->root, &card->ram));
		else
			assert_ok(memory_region_set_enabled(&card->ram, false));
		memory_owner_put(&card->owner);
		assert_true(comes_to(&gone, i + 1));
	}
	atomic_store(&s.over, true);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s.bad), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ram_is_read_and_written_directly),
		CASE(a_range_is_kept_to),
		CASE(what_can_be_no_range_is_refused),
		CASE(a_cache_for_reading_is_not_written_to),
		CASE(a_change_is_noticed_at_the_next_access),
		CASE(what_is_not_all_ram_is_slow),
		CASE(stores_make_pages_dirty),
		CASE(nothing_is_kept_of_a_translation),
		CASE(a_cache_holds_its_owner),
		CASE(caches_during_a_storm),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
