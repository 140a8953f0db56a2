// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU regions: accesses go on where they are sent, may be refused, and notifiers hear of changes.
 */
#include <errno.h>

#include "memory/access.h"
#include "memory/iommu.h"
#include "unit.h"
#include "util.h"

#define PAGES	8
#define PAGE	0x1000ull
#define WINDOW	0x100000	/* of the IOMMU in the bus's address space */

/* A table of one entry a page, and what the model has told it. */
struct table {
	struct iommu_entry pages[PAGES];
	unsigned int old, new, changes;
	int refuse;
};

/*
 * The machine's memory has RAM at 0 and a device at 0x10000; a bus has memory of its own at 0 and
 * the IOMMU at WINDOW, which starts without any entry.
 */
struct fixture {
	struct memory *mem;
	struct memory_region system, ram, dev, bus, own, iommu;
	struct address_space as, as_bus;
	struct table table;
	unsigned int reads, writes;
	hwaddr addr;
};

static struct iommu_entry table_translate(void *opaque, hwaddr addr, bool is_write)
{
	struct table *t = opaque;

	(void)is_write;
	return t->pages[addr / PAGE % PAGES];
}

static int table_flags(void *opaque, unsigned int old, unsigned int new)
{
	struct table *t = opaque;

	t->old = old;
	t->new = new;
	t->changes++;
	return t->refuse;
}

static const struct iommu_ops table_ops = {
	.translate = table_translate,
	.flags_changed = table_flags,
};

static enum memtx_result dev_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct fixture *f = opaque;

	(void)size;
	f->reads++;
	f->addr = addr;
	*data = 0x0101010101010101 * f->reads;
	return MEMTX_OK;
}

static enum memtx_result dev_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct fixture *f = opaque;

	(void)data;
	(void)size;
	f->writes++;
	f->addr = addr;
	return MEMTX_OK;
}

static const struct memory_region_ops dev_ops = { .read = dev_read, .write = dev_write };

static void setup_bus(struct fixture *f)
{
	assert_ok(memory_region_init(&f->bus, f->mem, NULL, "bus", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->own, f->mem, NULL, "own", PAGE));
	assert_ok(memory_region_init_iommu(&f->iommu, f->mem, NULL, &table_ops, &f->table, "iommu",
					   PAGES * PAGE));
	assert_ok(memory_region_add_subregion(&f->bus, 0, &f->own));
	assert_ok(memory_region_add_subregion(&f->bus, WINDOW, &f->iommu));
	assert_ok(address_space_init(&f->as_bus, f->mem, &f->bus, "bus"));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t *ram;

	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->system, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init_ram(&f->ram, f->mem, NULL, "ram", 16 * PAGE));
	assert_ok(memory_region_init_io(&f->dev, f->mem, NULL, &dev_ops, f, "dev", PAGE));
	assert_ok(memory_region_add_subregion(&f->system, 0, &f->ram));
	assert_ok(memory_region_add_subregion(&f->system, 0x10000, &f->dev));
	assert_ok(address_space_init(&f->as, f->mem, &f->system, "memory"));
	setup_bus(f);
	ram = memory_region_get_ram_ptr(&f->ram);
	for (unsigned int i = 0; i < 16 * PAGE; i++)
		ram[i] = i / PAGE;
	memory_thread_register();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	memory_thread_unregister();
	address_space_fini(&f->as_bus);
	address_space_fini(&f->as);
	memory_region_fini(&f->bus);
	memory_region_fini(&f->own);
	memory_region_fini(&f->iommu);
	memory_region_fini(&f->system);
	memory_region_fini(&f->ram);
	memory_region_fini(&f->dev);
	memory_destroy(f->mem);
	free(f);
	return 0;
}

static void send(struct fixture *f, unsigned int page, struct address_space *to, hwaddr addr,
		 enum iommu_access perm)
{
	f->table.pages[page] = (struct iommu_entry){
		.target_as = to, .iova = page * PAGE, .translated_addr = addr,
		.addr_mask = PAGE - 1, .perm = perm,
	};
}

static void an_access_goes_where_it_is_sent(void **state)
{
	struct fixture *f = *state;
	uint8_t *ram = memory_region_get_ram_ptr(&f->ram);
	uint32_t v = 0;

	assert_true(memory_region_is_iommu(&f->iommu));
	assert_false(memory_region_is_iommu(&f->ram));
	send(f, 1, &f->as, 5 * PAGE, IOMMU_RW);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW + PAGE + 8, &v, 4), MEMTX_OK);
	assert_int_equal(v, 0x05050505);
	v = 0x12345678;
	assert_int_equal(address_space_write(&f->as_bus, WINDOW + PAGE + 8, &v, 4), MEMTX_OK);
	assert_memory_equal(ram + 5 * PAGE + 8, &v, 4);
	send(f, 1, &f->as, 0x10000, IOMMU_RW);
	assert_int_equal(address_space_write(&f->as_bus, WINDOW + PAGE + 8, &v, 4), MEMTX_OK);
	assert_int_equal(f->writes, 1);
	assert_int_equal(f->addr, 8);
	send(f, 1, &f->as_bus, 0, IOMMU_RW);
	assert_int_equal(address_space_write(&f->as_bus, WINDOW + PAGE + 8, &v, 4), MEMTX_OK);
	assert_memory_equal((char *)memory_region_get_ram_ptr(&f->own) + 8, &v, 4);
	send(f, 1, &f->as, 0x20000, IOMMU_RW);
	assert_int_equal(address_space_write(&f->as_bus, WINDOW + PAGE + 8, &v, 4),
			 MEMTX_DECODE_ERROR);
}

static void it_is_split_where_entries_end(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[2 * PAGE + 8], *ram = memory_region_get_ram_ptr(&f->ram);

	send(f, 0, &f->as, 3 * PAGE, IOMMU_RW);
	send(f, 1, &f->as, 9 * PAGE, IOMMU_RW);
	send(f, 2, &f->as, 4 * PAGE, IOMMU_RW);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW + PAGE - 4, buf, PAGE + 8),
			 MEMTX_OK);
	assert_memory_equal(buf, "\3\3\3\3\x9", 5);
	assert_memory_equal(buf + PAGE + 2, "\x9\x9\4\4\4\4", 6);
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(address_space_write(&f->as_bus, WINDOW + PAGE - 2, buf, 4), MEMTX_OK);
	assert_memory_equal(ram + 4 * PAGE - 4, "\3\3\xaa\xaa\4", 5);
	assert_memory_equal(ram + 9 * PAGE - 1, "\x8\xaa\xaa\x9", 4);
	/* a device takes no more than was translated for it, however long it is */
	send(f, 0, &f->as, 0x10000, IOMMU_RW);
	f->table.pages[0].addr_mask = 3;
	assert_int_equal(address_space_read(&f->as_bus, WINDOW, buf, 8), MEMTX_OK);
	assert_int_equal(f->reads, 2);
	assert_memory_equal(buf, "\1\1\1\1\2\2\2\2", 8);
}

/* One entry for all of it; what lies in it below its size is added. */
static void an_entry_may_be_large(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[4 * PAGE];

	for (unsigned int i = 0; i < PAGES; i++) {
		f->table.pages[i] = (struct iommu_entry){
			.target_as = &f->as, .translated_addr = 8 * PAGE,
			.addr_mask = PAGES * PAGE - 1, .perm = IOMMU_RO,
		};
	}
	assert_int_equal(address_space_read(&f->as_bus, WINDOW + 3 * PAGE - 1, buf, 2 * PAGE),
			 MEMTX_OK);
	assert_memory_equal(buf, "\xa\xb", 2);
	assert_memory_equal(buf + PAGE, "\xb\xc", 2);
}

static void permissions_are_kept(void **state)
{
	static const struct {
		enum iommu_access perm;
		enum memtx_result read, write;
	} cases[] = {
		{ IOMMU_NONE, MEMTX_DECODE_ERROR, MEMTX_DECODE_ERROR },
		{ IOMMU_RO, MEMTX_OK, MEMTX_DECODE_ERROR },
		{ IOMMU_WO, MEMTX_DECODE_ERROR, MEMTX_OK },
		{ IOMMU_RW, MEMTX_OK, MEMTX_OK },
	};
	struct fixture *f = *state;
	uint8_t v;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		send(f, 0, &f->as, PAGE, cases[i].perm);
		assert_int_equal(address_space_read(&f->as_bus, WINDOW, &v, 1), cases[i].read);
		assert_int_equal(v, cases[i].read ? 0xff : 1);
		v = 1;
		assert_int_equal(address_space_write(&f->as_bus, WINDOW, &v, 1), cases[i].write);
		assert_int_equal(address_space_write_rom(&f->as_bus, WINDOW, &v, 1),
				 cases[i].write);
		assert_int_equal(address_space_access_valid(&f->as_bus, WINDOW, 16, false),
				 !cases[i].read);
		assert_int_equal(address_space_access_valid(&f->as_bus, WINDOW, 16, true),
				 !cases[i].write);
	}
	send(f, 0, NULL, PAGE, IOMMU_RW);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW, &v, 1), MEMTX_DECODE_ERROR);
}

static void readonly_holds_writes_back(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0x77;

	send(f, 0, &f->as, PAGE, IOMMU_RW);
	assert_ok(memory_region_set_readonly(&f->iommu, true));
	assert_int_equal(address_space_write(&f->as_bus, WINDOW, &v, 1), MEMTX_ERROR);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW, &v, 1), MEMTX_OK);
	assert_int_equal(v, 1);
}

/* Two behind each other are fine; one that leads to itself is an error and nothing worse. */
static void a_circle_ends(void **state)
{
	struct fixture *f = *state;
	uint8_t v = 0;

	send(f, 0, &f->as_bus, WINDOW + PAGE, IOMMU_RW);
	send(f, 1, &f->as, 2 * PAGE, IOMMU_RW);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW, &v, 1), MEMTX_OK);
	assert_int_equal(v, 2);
	send(f, 1, &f->as_bus, WINDOW, IOMMU_RW);
	assert_int_equal(address_space_read(&f->as_bus, WINDOW, &v, 1), MEMTX_ERROR);
	assert_int_equal(v, 0xff);
	assert_false(address_space_access_valid(&f->as_bus, WINDOW, 1, false));
}

static void maps_go_through(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 4 * PAGE;
	char *ram = memory_region_get_ram_ptr(&f->ram), *ptr;

	send(f, 0, &f->as, 3 * PAGE, IOMMU_RO);
	send(f, 1, &f->as, 4 * PAGE, IOMMU_RW);
	send(f, 2, &f->as, 8 * PAGE, IOMMU_RW);
	ptr = address_space_map(&f->as_bus, WINDOW + 8, &len, false);
	assert_ptr_equal(ptr, ram + 3 * PAGE + 8);
	assert_int_equal(len, 2 * PAGE - 8);
	address_space_unmap(&f->as_bus, ptr, len, false, 0);
	len = 8;
	assert_null(address_space_map(&f->as_bus, WINDOW + 8, &len, true));
	send(f, 0, &f->as_bus, WINDOW, IOMMU_RW);
	len = 8;
	assert_null(address_space_map(&f->as_bus, WINDOW + 8, &len, true));
}

/* --- notifiers --- */

struct watcher {
	struct iommu_notifier n;
	struct fixture *f;
	unsigned int calls, maps;
	struct iommu_entry last;
	bool leave;
};

static void heard(struct iommu_notifier *n, const struct iommu_entry *entry)
{
	struct watcher *w = container_of(n, struct watcher, n);

	w->calls++;
	w->maps += entry->perm != IOMMU_NONE;
	w->last = *entry;
	if (!w->leave)
		return;
	memory_region_unregister_iommu_notifier(&w->f->iommu, n);
	memset(n, 0, sizeof(*n));
}

static struct watcher watcher(struct fixture *f, unsigned int flags, hwaddr first, hwaddr last)
{
	return (struct watcher){
		.n = { .notify = heard, .flags = flags, .first = first, .last = last }, .f = f,
	};
}

static void news_reach_whom_they_concern(void **state)
{
	struct fixture *f = *state;
	struct watcher maps = watcher(f, IOMMU_NOTIFIER_MAP, 0, PAGES * PAGE - 1);
	struct watcher unmaps = watcher(f, IOMMU_NOTIFIER_UNMAP, PAGE, 2 * PAGE - 1);

	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &maps.n));
	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &unmaps.n));
	send(f, 1, &f->as, PAGE, IOMMU_RO);
	memory_region_notify_iommu(&f->iommu, &f->table.pages[1]);
	assert_int_equal(maps.calls, 1);
	assert_int_equal(maps.last.translated_addr, PAGE);
	assert_int_equal(unmaps.calls, 0);
	for (unsigned int i = 0; i < 4; i++) {
		send(f, i, NULL, 0, IOMMU_NONE);
		memory_region_notify_iommu(&f->iommu, &f->table.pages[i]);
	}
	assert_int_equal(maps.calls, 1);
	assert_int_equal(unmaps.calls, 1);
	assert_int_equal(unmaps.last.iova, PAGE);
	/* one that is larger than what is watched */
	f->table.pages[0].addr_mask = UINT64_MAX;
	memory_region_notify_iommu(&f->iommu, &f->table.pages[0]);
	assert_int_equal(unmaps.calls, 2);
	memory_region_unregister_iommu_notifier(&f->iommu, &unmaps.n);
	memory_region_notify_iommu(&f->iommu, &f->table.pages[0]);
	assert_int_equal(unmaps.calls, 2);
	memory_region_unregister_iommu_notifier(&f->iommu, &maps.n);
}

static void a_notifier_may_leave_when_called(void **state)
{
	struct fixture *f = *state;
	struct watcher a = watcher(f, IOMMU_NOTIFIER_MAP, 0, PAGES * PAGE - 1), b = a;

	a.leave = true;
	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &a.n));
	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &b.n));
	send(f, 0, &f->as, 0, IOMMU_RW);
	memory_region_notify_iommu(&f->iommu, &f->table.pages[0]);
	memory_region_notify_iommu(&f->iommu, &f->table.pages[0]);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 2);
	memory_region_unregister_iommu_notifier(&f->iommu, &b.n);
}

static void the_device_knows_what_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct watcher a = watcher(f, IOMMU_NOTIFIER_MAP, 0, 1), b = a;
	struct watcher c = watcher(f, IOMMU_NOTIFIER_UNMAP, 0, 1);

	assert_int_equal(memory_region_register_iommu_notifier(&f->ram, &a.n), -EINVAL);
	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &a.n));
	assert_int_equal(f->table.new, IOMMU_NOTIFIER_MAP);
	assert_ok(memory_region_register_iommu_notifier(&f->iommu, &b.n));
	assert_int_equal(f->table.changes, 1);
	f->table.refuse = -EPERM;
	assert_int_equal(memory_region_register_iommu_notifier(&f->iommu, &c.n), -EPERM);
	assert_int_equal(f->table.old, IOMMU_NOTIFIER_MAP);
	assert_int_equal(f->table.new, IOMMU_NOTIFIER_MAP | IOMMU_NOTIFIER_UNMAP);
	f->table.refuse = 0;
	send(f, 0, NULL, 0, IOMMU_NONE);
	memory_region_notify_iommu(&f->iommu, &f->table.pages[0]);
	assert_int_equal(c.calls, 0);
	memory_region_unregister_iommu_notifier(&f->iommu, &a.n);
	assert_int_equal(f->table.changes, 2);
	memory_region_unregister_iommu_notifier(&f->iommu, &b.n);
	assert_int_equal(f->table.changes, 3);
	assert_int_equal(f->table.old, IOMMU_NOTIFIER_MAP);
	assert_int_equal(f->table.new, 0);
}

static void a_replay_tells_all_there_is(void **state)
{
	struct fixture *f = *state;
	struct watcher all = watcher(f, IOMMU_NOTIFIER_MAP, 0, UINT64_MAX);
	struct watcher some = watcher(f, IOMMU_NOTIFIER_MAP, 2 * PAGE, 4 * PAGE - 1);
	struct watcher none = watcher(f, IOMMU_NOTIFIER_MAP, PAGES * PAGE, UINT64_MAX);

	send(f, 1, &f->as, PAGE, IOMMU_RO);
	send(f, 3, &f->as, 2 * PAGE, IOMMU_WO);
	send(f, 7, &f->as, 3 * PAGE, IOMMU_RW);
	memory_region_iommu_replay(&f->iommu, &all.n);
	assert_int_equal(all.calls, 3);
	assert_int_equal(all.maps, 3);
	assert_int_equal(all.last.iova, 7 * PAGE);
	memory_region_iommu_replay(&f->iommu, &some.n);
	assert_int_equal(some.calls, 1);
	assert_int_equal(some.last.iova, 3 * PAGE);
	memory_region_iommu_replay(&f->iommu, &none.n);
	assert_int_equal(none.calls, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_access_goes_where_it_is_sent),
		CASE(it_is_split_where_entries_end),
		CASE(an_entry_may_be_large),
		CASE(permissions_are_kept),
		CASE(readonly_holds_writes_back),
		CASE(a_circle_ends),
		CASE(maps_go_through),
		CASE(news_reach_whom_they_concern),
		CASE(a_notifier_may_leave_when_called),
		CASE(the_device_knows_what_is_wanted),
		CASE(a_replay_tells_all_there_is),
	};

	return cmocka_run_group_tests_name("iommu", tests, NULL, NULL);
}
