// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readers without a lock during a storm of changes: an access sees the old picture or the new one,
 * never a mixture, never memory that is gone.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "memory/access.h"
#include "memory/listener.h"
#include "unit.h"

#define READERS	3
#define CHANGES	20000

/*
 * A device at 0x1000 that is moved to 0x2000 and back, and RAM that comes to an end and anew; a
 * reader finds the device's value or nothing at either place, and in the RAM only what it was
 * filled with.
 */
struct storm {
	struct memory *mem;
	struct memory_region root, dev, ram;
	struct address_space as;
	atomic_bool over;
	atomic_uint bad;
	atomic_uint hits;
};

static enum memtx_result storm_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	(void)opaque;
	(void)size;
	*data = 0x11111111 + addr;
	return MEMTX_OK;
}

static const struct memory_region_ops storm_ops = { .read = storm_read, .valid = { .max = 4 } };

static int setup(void **state)
{
	struct storm *s = calloc(1, sizeof(*s));

	assert_ok(memory_create(&s->mem));
	assert_ok(memory_region_init(&s->root, s->mem, NULL, "root", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_io(&s->dev, s->mem, NULL, &storm_ops, s, "dev", 0x1000));
	assert_ok(memory_region_add_subregion(&s->root, 0x1000, &s->dev));
	assert_ok(address_space_init(&s->as, s->mem, &s->root, "memory"));
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct storm *s = *state;

	address_space_fini(&s->as);
	memory_region_fini(&s->ram);
	memory_region_fini(&s->dev);
	memory_region_fini(&s->root);
	memory_destroy(s->mem);
	free(s);
	return 0;
}

static void check_read(struct storm *s, hwaddr addr, uint32_t expected)
{
	uint32_t got = 0;
	enum memtx_result res = address_space_read(&s->as, addr, &got, 4);

	if (got != (res == MEMTX_OK ? expected : 0xffffffff))
		atomic_fetch_add(&s->bad, 1);
	if (res == MEMTX_OK)
		atomic_fetch_add(&s->hits, 1);
}

static void *reader(void *opaque)
{
	struct storm *s = opaque;

	memory_thread_register();
	while (!atomic_load(&s->over)) {
		check_read(s, 0x1004, 0x11111115);
		check_read(s, 0x2008, 0x11111119);
		check_read(s, 0x100010, 0x22222222);
	}
	memory_thread_unregister();
	return NULL;
}

static void ram_anew(struct storm *s)
{
	memory_region_fini(&s->ram);
	assert_ok(memory_region_init_ram(&s->ram, s->mem, NULL, "ram", 0x1000));
	memset(memory_region_get_ram_ptr(&s->ram), 0x22, 0x1000);
	assert_ok(memory_region_add_subregion(&s->root, 0x100000, &s->ram));
}

static void readers_during_a_storm(void **state)
{
	struct storm *s = *state;
	pthread_t threads[READERS];

	for (int i = 0; i < READERS; i++)
		assert_ok(pthread_create(&threads[i], NULL, reader, s));
	for (int i = 0; i < CHANGES || !atomic_load(&s->hits); i++) {
		assert_ok(memory_region_set_address(&s->dev, i % 2 ? 0x1000 : 0x2000));
		if (i % 16 == 0)
			ram_anew(s);
	}
	atomic_store(&s->over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s->bad), 0);
}

/* Writers in threads of their own: each change whole, whoever else makes one. */
static void *mover(void *opaque)
{
	struct storm *s = opaque;

	for (int i = 0; i < CHANGES / 4; i++) {
		memory_transaction_begin(s->mem);
		if (memory_region_set_enabled(&s->dev, false) ||
		    memory_region_set_address(&s->dev, 0x1000 * (1 + i % 8)) ||
		    memory_region_set_enabled(&s->dev, true))
			atomic_fetch_add(&s->bad, 1);
		if (memory_transaction_commit(s->mem))
			atomic_fetch_add(&s->bad, 1);
	}
	return NULL;
}

/* The device is somewhere at all times, so there is exactly one section after each commit. */
static int count_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	(void)l;
	return sec->mr && sec->size == 0x1000 ? 0 : -1;
}

static void writers_take_turns(void **state)
{
	struct memory_listener l = { .name = "count", .region_add = count_add };
	struct storm *s = *state;
	pthread_t threads[2];

	assert_ok(memory_listener_register(&l, &s->as));
	for (int i = 0; i < 2; i++)
		assert_ok(pthread_create(&threads[i], NULL, mover, s));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s->bad), 0);
	memory_listener_unregister(&l);
}

/*
 * Devices in a row, of which every second comes, goes and changes its size while the others stay
 * where they are: these must be found at each moment, whichever leaves of the view are exchanged.
 */
#define ROW		200
#define ROW_AT(i)	(0x1000000 + (hwaddr)(i) * 0x1000)

struct row {
	struct storm *storm;
	struct memory_region regions[ROW];
};

static void *row_reader(void *opaque)
{
	struct row *row = opaque;
	struct storm *s = row->storm;
	struct rnd r = { (uintptr_t)&r | 1 };

	memory_thread_register();
	while (!atomic_load(&s->over)) {
		hwaddr offset = 4 * rnd(&r, 0x200);
		int i = 2 * rnd(&r, ROW / 2);
		uint32_t got;

		if (address_space_read(&s->as, ROW_AT(i) + offset, &got, 4) != MEMTX_OK ||
		    got != 0x11111111 + offset)
			atomic_fetch_add(&s->bad, 1);
	}
	memory_thread_unregister();
	return NULL;
}

static void *row_finder(void *opaque)
{
	struct row *row = opaque;
	struct storm *s = row->storm;
	struct rnd r = { (uintptr_t)&r | 1 };
	struct memory_region_section sec;

	while (!atomic_load(&s->over)) {
		int i = 2 * rnd(&r, ROW / 2);

		if (!memory_region_find(&s->root, ROW_AT(i), 0x2000, &sec)) {
			atomic_fetch_add(&s->bad, 1);
			continue;
		}
		if (sec.mr != &row->regions[i] || sec.size != 0x800 ||
		    sec.offset_within_region || sec.offset_within_address_space != ROW_AT(i))
			atomic_fetch_add(&s->bad, 1);
		memory_section_put(&sec);
		atomic_fetch_add(&s->hits, 1);
	}
	return NULL;
}

static void row_create(struct row *row)
{
	struct storm *s = row->storm;

	for (int i = 0; i < ROW; i++) {
		assert_ok(memory_region_init_io(&row->regions[i], s->mem, NULL, &storm_ops, s,
						"row", 0x800));
		assert_ok(memory_region_add_subregion(&s->root, ROW_AT(i), &row->regions[i]));
	}
}

static void row_change(struct row *row, struct rnd *r)
{
	struct memory_region *mr = &row->regions[1 + 2 * rnd(r, ROW / 2)];

	if (rnd(r, 2))
		assert_ok(memory_region_set_enabled(mr, !mr->enabled));
	else
		assert_ok(memory_region_set_size(mr, 0x100 * (1 + rnd(r, 8))));
}

static void what_stays_is_always_found(void **state)
{
	struct row *row = calloc(1, sizeof(*row));
	struct storm *s = *state;
	struct rnd r = rnd_start();
	pthread_t threads[3];

	row->storm = s;
	row_create(row);
	for (int i = 0; i < 3; i++)
		assert_ok(pthread_create(&threads[i], NULL, i ? row_reader : row_finder, row));
	for (int i = 0; i < CHANGES || atomic_load(&s->hits) < 1000; i++)
		row_change(row, &r);
	atomic_store(&s->over, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&s->bad), 0);
	for (int i = 0; i < ROW; i++)
		memory_region_fini(&row->regions[i]);
	free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_during_a_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(writers_take_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(what_stays_is_always_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("rcu", tests, NULL, NULL);
}
