// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM blocks: what they are made of, where they are in the ram_addr_t space, how they are found,
 * what the host is told of them, and what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/access.h"
#include "memory/ram.h"
#include "memory/ramblock.h"
#include "unit.h"

#define MIB	(1ull << 20)
#define PAGE	4096ull

static int setup(void **state)
{
	struct memory *mem;

	assert_ok(memory_create(&mem));
	memory_thread_register();
	*state = mem;
	return 0;
}

static int teardown(void **state)
{
	memory_thread_unregister();
	memory_destroy(*state);
	return 0;
}

static int file_of(uint64_t size)
{
	int fd = memfd_create("ramblock", 0);

	assert_true(fd >= 0);
	assert_ok(ftruncate(fd, size));
	return fd;
}

static void anonymous_memory_is_zero_and_aligned(void **state)
{
	struct memory_region mr;
	uint8_t *p;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", 3 * MIB + 5));
	assert_true(memory_region_is_ram(&mr));
	p = memory_region_get_ram_ptr(&mr);
	assert_int_equal((uintptr_t)p % (2 * MIB), 0);
	assert_int_equal(p[0] | p[3 * MIB + 4], 0);
	p[3 * MIB + 4] = 1;
	memory_region_fini(&mr);
	memory_region_fini(&mr);
}

static void a_file_is_shared_from_an_offset(void **state)
{
	int fd = file_of(4 * MIB);
	struct memory_region mr;
	char *p, got[4];
	off_t offset;

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", 2 * MIB, fd, MIB,
					    RAM_SHARED));
	p = memory_region_get_ram_ptr(&mr);
	close(fd);
	fd = memory_region_get_ram_fd(&mr, &offset);
	assert_true(fd >= 0 && offset == MIB);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* huge pages need the same alignment in memory as in the file */
	assert_int_equal((uintptr_t)p % (2 * MIB), MIB);
	assert_int_equal(pwrite(fd, "here", 4, MIB), 4);
	assert_memory_equal(p, "here", 4);
	memcpy(p + 2 * MIB - 4, "back", 4);
	assert_int_equal(pread(fd, got, 4, 3 * MIB - 4), 4);
	assert_memory_equal(got, "back", 4);
	memory_region_fini(&mr);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_private_file_keeps_writes_to_itself(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr;
	char got = 1;

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, fd, 0, 0));
	*(char *)memory_region_get_ram_ptr(&mr) = 'x';
	assert_int_equal(pread(fd, &got, 1, 0), 1);
	assert_int_equal(got, 0);
	memory_region_fini(&mr);
	close(fd);
}

/* As that of a region that one may only read: the kernel refuses to map it writable. */
static void a_file_that_may_only_be_read(void **state)
{
	int fd = file_of(MIB), ro;
	struct memory_region mr;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	assert_true(ro >= 0);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, ro, 0,
						   RAM_SHARED), -EACCES);
	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, ro, 0,
					    RAM_SHARED | RAM_READONLY));
	memory_region_fini(&mr);
	close(ro);
	close(fd);
}

/* Whatever is set on the region: a mapping that can't be written is never written. */
static void a_readonly_file_is_never_written(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr;
	struct address_space as;
	uint32_t v = 7;

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, fd, 0,
					    RAM_SHARED | RAM_READONLY));
	assert_ok(address_space_init(&as, *state, &mr, "memory"));
	assert_ok(memory_region_set_readonly(&mr, false));
	assert_int_equal(address_space_write(&as, 0, &v, 4), MEMTX_ERROR);
	assert_int_equal(address_space_write_rom(&as, 0, &v, 4), MEMTX_ERROR);
	assert_int_equal(address_space_read(&as, 0, &v, 4), MEMTX_OK);
	assert_int_equal(v, 0);
	address_space_fini(&as);
	memory_region_fini(&mr);
	close(fd);
}

static void a_pointer_stays_the_callers(void **state)
{
	static char mine[100];
	struct memory_region mr;

	assert_ok(memory_region_init_ram_ptr(&mr, *state, NULL, "mine", 100, mine));
	assert_ptr_equal(memory_region_get_ram_ptr(&mr), mine);
	assert_int_equal(memory_region_get_ram_fd(&mr, NULL), -1);
	memory_region_fini(&mr);
	mine[99] = 1;
}

static void what_cannot_be_is_refused(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr = { 0 };

	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", 0), -EINVAL);
	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", MEMORY_SIZE_ALL),
			 -EINVAL);
	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", 1ull << 60), -ENOMEM);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, 1, 0), -EINVAL);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, -4096, 0),
			 -EINVAL);
	close(fd);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, 0, 0), -EBADF);
	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", MIB));
	assert_int_equal(memory_region_set_size(&mr, 2 * MIB), -EINVAL);
	memory_region_fini(&mr);
}

/* Where the region's block is, in MiB. */
static uint64_t mib_of(const struct memory_region *mr)
{
	assert_int_equal(memory_region_get_ram_addr(mr) % MIB, 0);
	return memory_region_get_ram_addr(mr) / MIB;
}

static void the_smallest_gap_that_fits_is_taken(void **state)
{
	static const unsigned int sizes[] = { 8, 2, 6, 2, 8, 2 };
	struct memory_region mr[6], more;
	char name[24];

	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "block%d", i);
		assert_ok(memory_region_init_ram(&mr[i], *state, NULL, name, sizes[i] * MIB));
	}
	assert_int_equal(mib_of(&mr[5]), 26);
	memory_region_fini(&mr[0]);
	memory_region_fini(&mr[2]);
	memory_region_fini(&mr[4]);
	/* gaps of 8, 6 and 8 MiB at 0, 10 and 18 */
	assert_ok(memory_region_init_ram(&mr[0], *state, NULL, "fits6", 5 * MIB));
	assert_ok(memory_region_init_ram(&mr[2], *state, NULL, "first8", 8 * MIB));
	assert_ok(memory_region_init_ram(&mr[4], *state, NULL, "last8", 7 * MIB));
	assert_ok(memory_region_init_ram(&more, *state, NULL, "behind", 3 * MIB));
	assert_int_equal(mib_of(&mr[0]), 10);
	assert_int_equal(mib_of(&mr[2]), 0);
	assert_int_equal(mib_of(&mr[4]), 18);
	assert_int_equal(mib_of(&more), 28);
	memory_region_fini(&more);
	for (int i = 0; i < 6; i++)
		memory_region_fini(&mr[i]);
}

/* The whole space as units of 2 MiB, and which region has each. */
#define UNITS	600
#define BLOCKS	60

struct gap_model {
	struct memory_region mr[BLOCKS];
	unsigned int units[BLOCKS];	/* 0: not there */
	int owner[UNITS];		/* + 1; 0: nobody */
};

/* The first unit of the smallest run of free ones that holds @n: tried one by one. */
static unsigned int model_place(const struct gap_model *m, unsigned int n)
{
	unsigned int best = UNITS, best_len = UNITS + 1;

	for (unsigned int i = 0; i < UNITS; i++) {
		unsigned int len = 0;

		if (m->owner[i] || (i && !m->owner[i - 1]))
			continue;
		while (i + len < UNITS && !m->owner[i + len])
			len++;
		/* the run at the end has no end */
		if (i + len == UNITS)
			len = UNITS;
		if (len >= n && len < best_len) {
			best = i;
			best_len = len;
		}
	}
	return best;
}

static void model_add(struct gap_model *m, struct memory *mem, unsigned int b, struct rnd *r)
{
	unsigned int n = 1 + rnd(r, 9), at = model_place(m, n);
	uint64_t size = n * 2 * MIB - (rnd(r, 2) ? rnd(r, 2 * MIB - 1) : 0);

	/* nobody touches it */
	assert_ok(memory_region_init_ram_ptr(&m->mr[b], mem, NULL, "b", size, (void *)MIB));
	assert_int_equal(mib_of(&m->mr[b]), at * 2);
	m->units[b] = n;
	for (unsigned int i = 0; i < n; i++)
		m->owner[at + i] = b + 1;
}

static void model_del(struct gap_model *m, unsigned int b)
{
	memory_region_fini(&m->mr[b]);
	m->units[b] = 0;
	for (unsigned int i = 0; i < UNITS; i++)
		if (m->owner[i] == (int)b + 1)
			m->owner[i] = 0;
}

static void gaps_are_as_by_brute_force(void **state)
{
	struct gap_model m = { 0 };
	struct rnd r = rnd_start();

	for (int round = 0; round < 3000; round++) {
		unsigned int b = rnd(&r, BLOCKS);

		if (m.units[b])
			model_del(&m, b);
		else
			model_add(&m, *state, b, &r);
	}
	for (unsigned int b = 0; b < BLOCKS; b++)
		if (m.units[b])
			model_del(&m, b);
}

static void the_space_has_an_end(void **state)
{
	struct memory_region a, b;

	assert_ok(memory_region_init_ram_ptr(&a, *state, NULL, "a", MIB, (void *)MIB));
	assert_int_equal(memory_region_init_ram_ptr(&b, *state, NULL, "b", 1ull << 52, (void *)MIB),
			 -ENOMEM);
	assert_int_equal(memory_region_init_ram_ptr(&b, *state, NULL, "b", MIB, (void *)-4096l),
			 -EINVAL);
	memory_region_fini(&a);
}

static void a_second_block_of_a_name_is_numbered(void **state)
{
	static const char *const names[][2] = {
		{ "ram", "ram" }, { "ram", "ram#2" }, { "ram2", "ram2" }, { "ram", "ram#3" },
		{ "ram#2", "ram#2#2" }, { "ra", "ra" },
	};
	enum { NR = sizeof(names) / sizeof(names[0]) };
	struct memory_region mr[NR];

	for (int i = 0; i < NR; i++) {
		assert_ok(memory_region_init_ram(&mr[i], *state, NULL, names[i][0], MIB));
		assert_string_equal(memory_region_get_ram_id(&mr[i]), names[i][1]);
		assert_string_equal(memory_region_name(&mr[i]), names[i][0]);
	}
	memory_region_fini(&mr[0]);
	memory_region_fini(&mr[1]);
	assert_ok(memory_region_init_ram(&mr[0], *state, NULL, "ram", MIB));
	assert_string_equal(memory_region_get_ram_id(&mr[0]), "ram");
	assert_ok(memory_region_init_ram(&mr[1], *state, NULL, "ram", MIB));
	assert_string_equal(memory_region_get_ram_id(&mr[1]), "ram#4");
	for (int i = 0; i < NR; i++)
		memory_region_fini(&mr[i]);
}

static void what_is_no_ram_has_no_block(void **state)
{
	struct memory_region mr;

	assert_ok(memory_region_init(&mr, *state, NULL, "container", MIB));
	assert_true(memory_region_get_ram_addr(&mr) == RAM_ADDR_NONE);
	assert_null(memory_region_get_ram_id(&mr));
	assert_int_equal(memory_region_get_ram_used(&mr), 0);
	assert_int_equal(memory_region_get_ram_max(&mr), 0);
	assert_int_equal(memory_region_get_ram_page_size(&mr), 0);
	assert_int_equal(memory_region_get_ram_fd(&mr, NULL), -1);
	assert_int_equal(memory_region_set_ram_policy(&mr, RAM_POLICY_HUGE, 0), -EINVAL);
	assert_int_equal(memory_region_bind_ram(&mr, RAM_NUMA_BIND, 1), -EINVAL);
	assert_int_equal(memory_region_prealloc_ram(&mr, 1, NULL, NULL), -EINVAL);
	memory_region_fini(&mr);
}

/* --- from a host pointer --- */

#define HOSTS		4096
#define HOSTS_STEP	(8 * PAGE)
#define HOSTS_AT(i)	(0x100000000ull + HOSTS_STEP * (i))

struct hosts {
	struct memory_region mr[HOSTS];
	uint64_t size[HOSTS];		/* 0: not there */
};

static void hosts_check(struct hosts *h, struct memory *mem, uint64_t at)
{
	struct memory_region *expected = NULL, *got;
	hwaddr offset = 0, expected_offset = 0;

	/* the one that starts last */
	for (int i = 0; i < HOSTS; i++) {
		if (h->size[i] && HOSTS_AT(i) <= at && at - HOSTS_AT(i) < h->size[i]) {
			expected = &h->mr[i];
			expected_offset = at - HOSTS_AT(i);
		}
	}
	got = memory_region_from_host(mem, (void *)at, &offset);
	assert_ptr_equal(got, expected);
	assert_int_equal(offset, expected_offset);
}

/* Some are followed by a hole, some reach into those behind them. */
static void hosts_add(struct hosts *h, struct memory *mem, int i, struct rnd *r)
{
	h->size[i] = 1 + rnd(r, HOSTS_STEP + 1) + (rnd(r, 50) ? 0 : rnd(r, 20 * HOSTS_STEP));
	assert_ok(memory_region_init_ram_ptr(&h->mr[i], mem, NULL, "h", h->size[i],
					     (void *)HOSTS_AT(i)));
}

static void a_pointer_leads_to_its_region(void **state)
{
	struct hosts *h = calloc(1, sizeof(*h));
	struct rnd r = rnd_start();
	hwaddr offset;

	assert_null(memory_region_from_host(*state, h, &offset));
	for (int i = 0; i < HOSTS; i++) {
		int k = i * 1237 % HOSTS;	/* in no order */

		hosts_add(h, *state, k, &r);
		hosts_check(h, *state, HOSTS_AT(k));
		hosts_check(h, *state, HOSTS_AT(k) + h->size[k] - 1);
	}
	for (int i = 0; i < 3000; i++) {
		int k = rnd(&r, HOSTS);

		hosts_check(h, *state, HOSTS_AT(0) + rnd(&r, HOSTS * HOSTS_STEP));
		memory_region_fini(&h->mr[k]);
		h->size[k] = 0;
		hosts_check(h, *state, HOSTS_AT(k) + rnd(&r, HOSTS_STEP));
		if (rnd(&r, 2))
			hosts_add(h, *state, k, &r);
	}
	for (int i = 0; i < HOSTS; i++)
		memory_region_fini(&h->mr[i]);
	assert_null(memory_region_from_host(*state, (void *)HOSTS_AT(5), &offset));
	free(h);
}

struct finder {
	struct memory *mem;
	struct memory_region *mr;
	atomic_bool over;
	atomic_uint bad, found;
};

static void *finder(void *opaque)
{
	struct finder *f = opaque;

	memory_thread_register();
	while (!atomic_load(&f->over)) {
		hwaddr offset = 0;
		struct memory_region *mr;

		mr = memory_region_from_host(f->mem, (void *)(HOSTS_AT(2) + 5), &offset);
		if (mr != f->mr || offset != 5)
			atomic_fetch_add(&f->bad, 1);
		atomic_fetch_add(&f->found, 1);
	}
	memory_thread_unregister();
	return NULL;
}

/* What is there all the time is found all the time. */
static void pointers_are_found_while_blocks_come_and_go(void **state)
{
	struct finder f = { .mem = *state };
	struct memory_region mr[5];
	pthread_t thread;

	assert_ok(memory_region_init_ram_ptr(&mr[2], f.mem, NULL, "h", PAGE, (void *)HOSTS_AT(2)));
	f.mr = &mr[2];
	pthread_create(&thread, NULL, finder, &f);
	for (int i = 0; i < 2000 || atomic_load(&f.found) < 1000; i++) {
		int k = i % 2 ? 1 : 3;

		assert_ok(memory_region_init_ram_ptr(&mr[k], f.mem, NULL, "h", PAGE,
						     (void *)HOSTS_AT(k)));
		memory_region_fini(&mr[k]);
	}
	atomic_store(&f.over, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&f.bad), 0);
	memory_region_fini(&mr[2]);
}

/* --- another size --- */

struct resized {
	unsigned int calls;
	uint64_t size;
	void *host;
};

static void resized(void *opaque, uint64_t size, void *host)
{
	struct resized *r = opaque;

	*r = (struct resized){ r->calls + 1, size, host };
}

static uint64_t resident(const void *p, uint64_t size)
{
	unsigned char in[4096];
	uint64_t pages = (size + PAGE - 1) / PAGE, n = 0;

	assert_true(pages <= sizeof(in));
	assert_ok(mincore((void *)p, size, in));
	for (uint64_t i = 0; i < pages; i++)
		n += in[i] & 1;
	return n;
}

static void ram_grows_and_shrinks_where_it_is(void **state)
{
	struct resized r = { 0 };
	struct memory_region mr, behind;
	uint8_t *p;

	assert_ok(memory_region_init_resizeable_ram(&mr, *state, NULL, "ram", 100, 8 * MIB, resized,
						    &r));
	assert_ok(memory_region_init_ram(&behind, *state, NULL, "behind", MIB));
	assert_int_equal(mib_of(&behind), 8);
	p = memory_region_get_ram_ptr(&mr);
	p[99] = 1;
	assert_ok(memory_region_ram_resize(&mr, 8 * MIB));
	assert_int_equal(memory_region_size(&mr), 8 * MIB);
	assert_int_equal(memory_region_get_ram_used(&mr), 8 * MIB);
	assert_int_equal(memory_region_get_ram_max(&mr), 8 * MIB);
	assert_true(r.calls == 1 && r.size == 8 * MIB && r.host == p);
	assert_int_equal(p[99], 1);
	memset(p, 0xff, 8 * MIB);
	/* what is cut off is given back, and 0 when it comes again */
	assert_ok(memory_region_ram_resize(&mr, PAGE + 10));
	assert_true(r.calls == 2 && r.size == PAGE + 10);
	assert_int_equal(resident(p, 8 * MIB), 2);
	assert_ok(memory_region_ram_resize(&mr, 3 * PAGE));
	assert_int_equal(p[PAGE + 9], 0xff);
	for (uint64_t i = PAGE + 10; i < 3 * PAGE; i++)
		assert_int_equal(p[i], 0);
	memory_region_fini(&behind);
	memory_region_fini(&mr);
}

/* A guest that has not heard yet stores behind the end: that is not there when it grows again. */
static void what_is_stored_behind_the_end_is_not_kept(void **state)
{
	struct memory_region mr;
	uint8_t *p;

	assert_ok(memory_region_init_resizeable_ram(&mr, *state, NULL, "ram", 2 * PAGE, MIB, NULL,
						    NULL));
	p = memory_region_get_ram_ptr(&mr);
	assert_ok(memory_region_ram_resize(&mr, 10));
	p[10] = p[PAGE] = 1;
	assert_ok(memory_region_ram_resize(&mr, 2 * PAGE));
	assert_int_equal(p[10] | p[PAGE], 0);
	p[20] = 2;
	assert_ok(memory_region_ram_resize(&mr, 5));
	assert_ok(memory_region_ram_resize(&mr, 30));
	assert_int_equal(p[20], 0);
	memory_region_fini(&mr);
}

static void sizes_that_cannot_be(void **state)
{
	struct memory_region mr, fixed;

	assert_int_equal(memory_region_init_resizeable_ram(&mr, *state, NULL, "ram", 2 * MIB, MIB,
							   NULL, NULL), -EINVAL);
	assert_ok(memory_region_init_resizeable_ram(&mr, *state, NULL, "ram", MIB, 2 * MIB, NULL,
						    NULL));
	assert_int_equal(memory_region_ram_resize(&mr, 0), -EINVAL);
	assert_int_equal(memory_region_ram_resize(&mr, 2 * MIB + 1), -EINVAL);
	assert_int_equal(memory_region_get_ram_used(&mr), MIB);
	assert_ok(memory_region_init_ram(&fixed, *state, NULL, "fixed", MIB));
	assert_int_equal(memory_region_ram_resize(&fixed, MIB / 2), -EINVAL);
	memory_region_fini(&fixed);
	memory_region_fini(&mr);
}

/* --- prealloc --- */

struct progress {
	unsigned int calls, stop_at;	/* stop_at 0: never */
	uint64_t done, all;
	bool sane;
};

static bool progress(void *opaque, uint64_t done, uint64_t all)
{
	struct progress *p = opaque;

	p->sane = done >= p->done && done <= all && (!p->calls || all == p->all);
	p->done = done;
	p->all = all;
	return ++p->calls != p->stop_at;
}

/* Blocks of more than one step, which is 16 MiB. */
#define MUCH	(40 * MIB + 3 * PAGE)

static void prealloc_has_all_pages(void **state)
{
	static const unsigned int threads[] = { 0, 1, 3, 1000 };

	for (int i = 0; i < 4; i++) {
		struct progress p = { 0 };
		struct memory_region mr;
		uint8_t *ram;

		assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", MUCH));
		ram = memory_region_get_ram_ptr(&mr);
		ram[5 * PAGE + 7] = 9;
		assert_true(resident(ram + 32 * MIB, 8 * MIB) == 0);
		assert_ok(memory_region_prealloc_ram(&mr, threads[i], progress, &p));
		for (uint64_t at = 0; at < MUCH; at += 8 * MIB)
			assert_int_equal(resident(ram + at, at < 40 * MIB ? 8 * MIB : 3 * PAGE),
					 at < 40 * MIB ? 2048 : 3);
		assert_int_equal(ram[5 * PAGE + 7], 9);
		assert_true(p.sane && p.done == MUCH && p.all == MUCH);
		memory_region_fini(&mr);
	}
}

static void prealloc_can_be_stopped(void **state)
{
	struct progress p = { .stop_at = 1 };
	struct memory_region mr;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", MUCH));
	assert_int_equal(memory_region_prealloc_ram(&mr, 1, progress, &p), -EINTR);
	assert_int_equal(p.calls, 1);
	assert_true(p.done < MUCH);
	assert_int_equal(resident((char *)memory_region_get_ram_ptr(&mr) + 32 * MIB, 8 * MIB), 0);
	memory_region_fini(&mr);
}

/* What would be SIGBUS for who touches it. */
static void prealloc_of_what_is_not_there(void **state)
{
	unsigned int flags[] = { RAM_SHARED, 0, RAM_SHARED | RAM_READONLY };

	for (int i = 0; i < 3; i++) {
		struct memory_region mr;
		int fd = file_of(2 * MIB);
		char *ram;

		assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", 2 * MIB, fd, 0,
						    flags[i]));
		ram = memory_region_get_ram_ptr(&mr);
		assert_ok(memory_region_prealloc_ram(&mr, 1, NULL, NULL));
		assert_ok(ftruncate(fd, MIB));
		assert_int_equal(memory_region_prealloc_ram(&mr, 2, NULL, NULL), -ENOMEM);
		assert_int_equal(ram_touch(ram, 2 * MIB, PAGE, flags[i] & RAM_READONLY), -ENOMEM);
		assert_ok(ram_touch(ram, MIB, PAGE, flags[i] & RAM_READONLY));
		memory_region_fini(&mr);
		close(fd);
	}
}

static void touching_changes_nothing(void **state)
{
	struct memory_region mr;
	uint32_t *ram;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", 4 * MIB));
	ram = memory_region_get_ram_ptr(&mr);
	ram[0] = 0x80000001;
	assert_true(resident(ram, 4 * MIB) < 1024);
	assert_ok(ram_touch((char *)ram, 4 * MIB, PAGE, false));
	assert_int_equal(resident(ram, 4 * MIB), 1024);
	assert_int_equal(ram[0], 0x80000001);
	assert_int_equal(ram[MIB / 2], 0);
	memory_region_fini(&mr);
}

/* --- what the host is told --- */

/*
 * Whether a line of /proc/self/@file that begins with @key, of the mapping at @p, has the word
 * @word.
 */
static bool map_says(const char *file, const void *p, const char *key, const char *word)
{
	char path[32], line[512], start[32], *end;
	bool here = false, found = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	snprintf(start, sizeof(start), "%lx", (unsigned long)p);
	in = fopen(path, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (strtoul(line, &end, 16) && end != line && (*end == '-' || *end == ' '))
			here = !strncmp(line, start, strlen(start));
		if (here && !strncmp(line, *key ? key : start, strlen(*key ? key : start)))
			found = found || strstr(line, word);
	}
	fclose(in);
	return found;
}

static bool vm_flag(const struct memory_region *mr, const char *flag)
{
	return map_says("smaps", memory_region_get_ram_ptr(mr), "VmFlags:", flag);
}

static void policy_reaches_the_kernel(void **state)
{
	static const struct {
		unsigned int flag;
		const char *on, *off;
	} cases[] = {
		{ RAM_POLICY_HUGE, " hg", " nh" }, { RAM_POLICY_DONTDUMP, " dd", NULL },
		{ RAM_POLICY_DONTFORK, " dc", NULL },
	};
	struct memory_region mr;

	assert_ok(memory_region_init_resizeable_ram(&mr, *state, NULL, "ram", MIB, 4 * MIB, NULL,
						    NULL));
	/* never said, and yet they may be on by themselves */
	assert_ok(memory_region_set_ram_policy(&mr, 0, RAM_POLICY_HUGE));
	assert_true(vm_flag(&mr, " nh"));
	for (int i = 0; i < 3; i++) {
		assert_false(vm_flag(&mr, cases[i].on));
		assert_ok(memory_region_set_ram_policy(&mr, cases[i].flag, 0));
		assert_true(vm_flag(&mr, cases[i].on));
	}
	/* what comes later has it too: it is still one mapping */
	assert_ok(memory_region_ram_resize(&mr, 4 * MIB));
	assert_true(map_says("smaps", memory_region_get_ram_ptr(&mr), "Size:", " 4096 kB"));
	for (int i = 0; i < 3; i++) {
		assert_true(vm_flag(&mr, cases[i].on));
		assert_ok(memory_region_set_ram_policy(&mr, 0, cases[i].flag));
		assert_false(vm_flag(&mr, cases[i].on));
		assert_true(!cases[i].off || vm_flag(&mr, cases[i].off));
	}
	assert_int_equal(memory_region_set_ram_policy(&mr, 1u << 4, 0), -EINVAL);
	memory_region_fini(&mr);
}

static void merging_is_for_kernels_with_ksm(void **state)
{
	struct memory_region mr;
	int ret;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", 2 * MIB));
	/* never on: no kernel is against that */
	assert_ok(memory_region_set_ram_policy(&mr, 0, RAM_POLICY_MERGE));
	ret = memory_region_set_ram_policy(&mr, RAM_POLICY_MERGE | RAM_POLICY_DONTDUMP, 0);
	assert_int_equal(ret, access("/sys/kernel/mm/ksm/run", F_OK) ? -EINVAL : 0);
	assert_int_equal(vm_flag(&mr, " mg"), !ret);
	/* whatever became of the first */
	assert_true(vm_flag(&mr, " dd"));
	memory_region_fini(&mr);
}

/* The kernel advises what is there on both sides of a hole, and says that there is one. */
static void one_advice_that_fails_stops_no_other(void **state)
{
	struct memory_region mr;
	char *mine;

	mine = mmap(NULL, 6 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(mine != MAP_FAILED);
	assert_ok(munmap(mine + 2 * MIB, 2 * MIB));
	assert_ok(memory_region_init_ram_ptr(&mr, *state, NULL, "mine", 6 * MIB, mine));
	assert_int_equal(memory_region_set_ram_policy(&mr, RAM_POLICY_HUGE | RAM_POLICY_DONTDUMP,
						      0), -ENOMEM);
	assert_true(vm_flag(&mr, " hg") && vm_flag(&mr, " dd"));
	memory_region_fini(&mr);
	munmap(mine, 2 * MIB);
	munmap(mine + 4 * MIB, 2 * MIB);
}

static void a_callers_odd_pages_are_left_alone(void **state)
{
	static char mine[3 * 4096];
	char *page = mine + (-(uintptr_t)mine & 4095);
	struct memory_region mr;

	assert_ok(memory_region_init_ram_ptr(&mr, *state, NULL, "mine", 4095, page));
	assert_int_equal(memory_region_set_ram_policy(&mr, RAM_POLICY_DONTDUMP, 0), -EINVAL);
	memory_region_fini(&mr);
	assert_ok(memory_region_init_ram_ptr(&mr, *state, NULL, "mine", 4096, page));
	assert_ok(memory_region_set_ram_policy(&mr, RAM_POLICY_DONTDUMP, 0));
	assert_true(vm_flag(&mr, " dd"));
	assert_ok(memory_region_set_ram_policy(&mr, 0, RAM_POLICY_DONTDUMP));
	memory_region_fini(&mr);
}

static void memory_comes_from_the_nodes_said(void **state)
{
	static const struct {
		enum ram_numa_policy policy;
		const char *word;
	} cases[] = {
		{ RAM_NUMA_BIND, " bind:0" }, { RAM_NUMA_PREFERRED, " prefer" },
		{ RAM_NUMA_INTERLEAVE, " interleave:0" },
	};
	struct memory_region mr;
	void *ram;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", 4 * MIB));
	ram = memory_region_get_ram_ptr(&mr);
	if (memory_region_bind_ram(&mr, RAM_NUMA_BIND, 1) == -ENOSYS) {
		memory_region_fini(&mr);
		skip();
	}
	for (int i = 0; i < 3; i++) {
		assert_ok(memory_region_bind_ram(&mr, cases[i].policy, 1));
		assert_true(map_says("numa_maps", ram, "", cases[i].word));
	}
	assert_int_equal(memory_region_bind_ram(&mr, RAM_NUMA_BIND, 1ull << 63), -EINVAL);
	assert_int_equal(memory_region_bind_ram(&mr, RAM_NUMA_BIND, 0), -EINVAL);
	assert_int_equal(memory_region_bind_ram(&mr, RAM_NUMA_PREFERRED, 0), -EINVAL);
	assert_int_equal(memory_region_bind_ram(&mr, RAM_NUMA_DEFAULT, 1), -EINVAL);
	assert_ok(memory_region_bind_ram(&mr, RAM_NUMA_DEFAULT, 0));
	assert_true(map_says("numa_maps", ram, "", " default"));
	memory_region_fini(&mr);
}

/* With free huge pages: as many as there are, and an error for one more; else that error. */
static void pages_of_hugetlbfs(void **state)
{
	int fd = memfd_create("huge", MFD_HUGETLB | MFD_HUGE_2MB);
	struct memory_region mr;
	int ret;

	if (fd < 0)
		skip();
	assert_ok(ftruncate(fd, 2 * MIB));
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "huge", MIB, fd, PAGE,
						   RAM_SHARED), -EINVAL);
	ret = memory_region_init_ram_fd(&mr, *state, NULL, "huge", MIB, fd, 0, RAM_SHARED);
	if (ret) {
		assert_int_equal(ret, -ENOMEM);
		close(fd);
		skip();
	}
	assert_int_equal(memory_region_get_ram_page_size(&mr), 2 * MIB);
	assert_ok(memory_region_set_ram_policy(&mr, RAM_POLICY_HUGE, 0));
	assert_ok(memory_region_prealloc_ram(&mr, 1, NULL, NULL));
	assert_ok(ram_touch(memory_region_get_ram_ptr(&mr), 2 * MIB, 2 * MIB, false));
	assert_ok(ftruncate(fd, 0));
	assert_int_equal(memory_region_prealloc_ram(&mr, 1, NULL, NULL), -ENOMEM);
	assert_int_equal(ram_touch(memory_region_get_ram_ptr(&mr), 2 * MIB, 2 * MIB, false),
			 -ENOMEM);
	memory_region_fini(&mr);
	close(fd);
}

/* --- all of them --- */

static int note_ram(struct memory_region *mr, void *opaque)
{
	strcat(opaque, memory_region_name(mr));
	return strlen(opaque) == 3 ? 42 : 0;
}

static void all_blocks_in_order(void **state)
{
	struct memory_region mr[3];
	char seen[8] = "";

	assert_ok(memory_region_init_ram(&mr[0], *state, NULL, "a", 4 * MIB));
	assert_ok(memory_region_init_ram(&mr[1], *state, NULL, "b", MIB));
	memory_region_fini(&mr[0]);
	assert_ok(memory_region_init_ram(&mr[0], *state, NULL, "c", 3 * MIB));
	assert_int_equal(memory_for_each_ram(*state, note_ram, seen), 0);
	assert_string_equal(seen, "cb");
	assert_ok(memory_region_init_ram(&mr[2], *state, NULL, "d", MIB));
	seen[0] = 0;
	assert_int_equal(memory_for_each_ram(*state, note_ram, seen), 42);
	assert_string_equal(seen, "cbd");
	for (int i = 0; i < 3; i++)
		memory_region_fini(&mr[i]);
}

static char *info(struct memory *mem, unsigned int flags)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ramblock_info(mem, out, flags);
	fclose(out);
	return text;
}

static void tables_have_every_block(void **state)
{
	struct memory_region a, b, c;
	char *text, expected[600];
	int fd = file_of(2 * MIB), own;
	off_t offset;

	assert_ok(memory_region_init_ram(&a, *state, NULL, "a\"b", MIB));
	assert_ok(memory_region_init_resizeable_ram(&b, *state, NULL, "c", PAGE, 3 * MIB, NULL,
						    NULL));
	assert_ok(memory_region_init_ram_fd(&c, *state, NULL, "c", MIB, fd, MIB,
					    RAM_SHARED | RAM_READONLY));
	assert_ok(memory_region_set_ram_policy(&b, RAM_POLICY_HUGE | RAM_POLICY_DONTDUMP, 0));
	own = memory_region_get_ram_fd(&c, &offset);
	text = info(*state, MTREE_JSON);
	snprintf(expected, sizeof(expected),
		 "[{\"name\": \"a\\\"b\", \"page_size\": 4096, \"offset\": 0, "
		 "\"size\": 1048576, \"max\": 1048576, \"shared\": false, \"readonly\": false, "
		 "\"fd\": null, \"policy\": \"-\"}, "
		 "{\"name\": \"c\", \"page_size\": 4096, \"offset\": 2097152, "
		 "\"size\": 4096, \"max\": 3145728, \"shared\": false, \"readonly\": false, "
		 "\"fd\": null, \"policy\": \"huge,dontdump\"}, "
		 "{\"name\": \"c#2\", \"page_size\": 4096, \"offset\": 6291456, "
		 "\"size\": 1048576, \"max\": 1048576, \"shared\": true, \"readonly\": true, "
		 "\"fd\": %d, \"fd_offset\": 1048576, \"policy\": \"-\"}]\n", own);
	assert_string_equal(text, expected);
	free(text);
	text = info(*state, 0);
	snprintf(expected, sizeof(expected),
		 "                       c     4 KiB  0x0000000000200000 0x0000000000001000 "
		 "0x0000000000300000 0x%016lx  rw    -     no  huge,dontdump\n"
		 "                     c#2     4 KiB  0x0000000000600000 0x0000000000100000 "
		 "0x0000000000100000 0x%016lx  ro %4d    yes  -\n",
		 (unsigned long)memory_region_get_ram_ptr(&b),
		 (unsigned long)memory_region_get_ram_ptr(&c), own);
	assert_non_null(strstr(text, expected));
	assert_int_equal(strncmp(text, "              Block Name     PSize              Offset "
				 "              Used              Total                HVA  RO   "
				 "FD Shared  Policy\n", 120), 0);
	free(text);
	close(fd);
	memory_region_fini(&a);
	memory_region_fini(&b);
	memory_region_fini(&c);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(anonymous_memory_is_zero_and_aligned),
		CASE(a_file_is_shared_from_an_offset),
		CASE(a_private_file_keeps_writes_to_itself),
		CASE(a_file_that_may_only_be_read),
		CASE(a_readonly_file_is_never_written),
		CASE(a_pointer_stays_the_callers),
		CASE(what_cannot_be_is_refused),
		CASE(the_smallest_gap_that_fits_is_taken),
		CASE(gaps_are_as_by_brute_force),
		CASE(the_space_has_an_end),
		CASE(a_second_block_of_a_name_is_numbered),
		CASE(what_is_no_ram_has_no_block),
		CASE(a_pointer_leads_to_its_region),
		CASE(pointers_are_found_while_blocks_come_and_go),
		CASE(ram_grows_and_shrinks_where_it_is),
		CASE(what_is_stored_behind_the_end_is_not_kept),
		CASE(sizes_that_cannot_be),
		CASE(prealloc_has_all_pages),
		CASE(prealloc_can_be_stopped),
		CASE(prealloc_of_what_is_not_there),
		CASE(touching_changes_nothing),
		CASE(policy_reaches_the_kernel),
		CASE(merging_is_for_kernels_with_ksm),
		CASE(one_advice_that_fails_stops_no_other),
		CASE(a_callers_odd_pages_are_left_alone),
		CASE(memory_comes_from_the_nodes_said),
		CASE(pages_of_hugetlbfs),
		CASE(all_blocks_in_order),
		CASE(tables_have_every_block),
	};

	return cmocka_run_group_tests_name("ramblock", tests, NULL, NULL);
}
