// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots: what is in the file is the machine as it was stopped, and no other file is taken. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memory/dirty.h"
#include "memory/ram.h"
#include "snapshot/format.h"
#include "snapshot/load.h"
#include "snapshot/save.h"
#include "unit.h"
#include "util.h"

#define PAGES_A		300u		/* more than one run */
#define PAGES_B		16u
#define PAGES_SHARED	4u
#define PAGE		SNAPSHOT_PAGE

static char folder[] = "/tmp/test-snapshot-XXXXXX";
static char path[64], partial[72];

/* --- a machine of three blocks and one device --- */

struct world {
	struct memory *mem;
	struct memory_region a, b, shared;
	uint8_t *at_stop;		/* a and b as they were then */
	unsigned int pauses, resumes;
	atomic_bool stopped;
	atomic_uint seen;		/* how often the writer saw that it is */
	int pause_result;
	void (*in_pause)(struct world *w);
	uint64_t device;		/* its state */
};

static uint8_t *ram(struct memory_region *mr)
{
	return memory_region_get_ram_ptr(mr);
}

static bool is_shared(const struct memory_region *mr)
{
	return !strcmp(memory_region_name(mr), "shared");
}

static void world_init_sized(struct world *w, uint64_t pages_b, const char *name_b)
{
	*w = (struct world){ .device = 0x1122334455667788 };
	assert_ok(memory_create(&w->mem));
	assert_ok(memory_region_init_ram(&w->a, w->mem, NULL, "a", PAGES_A * PAGE));
	if (pages_b)
		assert_ok(memory_region_init_ram(&w->b, w->mem, NULL, name_b, pages_b * PAGE));
	assert_ok(memory_region_init_ram(&w->shared, w->mem, NULL, "shared",
					 PAGES_SHARED * PAGE));
	w->at_stop = calloc(PAGES_A + PAGES_B, PAGE);
}

static void world_init(struct world *w)
{
	world_init_sized(w, PAGES_B, "b");
}

static void world_fini(struct world *w)
{
	memory_region_fini(&w->shared);
	memory_region_fini(&w->b);
	memory_region_fini(&w->a);
	memory_destroy(w->mem);
	free(w->at_stop);
}

/* A guest's store of one byte. */
static void store(struct memory_region *mr, uint64_t page, uint8_t value)
{
	__atomic_store_n(&ram(mr)[page * PAGE + page % PAGE], value, __ATOMIC_RELAXED);
	memory_region_set_dirty(mr, page * PAGE, PAGE);
}

/* Every third page of "a" has something in it, "b" is empty but for its last byte. */
static void world_fill(struct world *w)
{
	for (unsigned int page = 0; page < PAGES_A; page += 3)
		memset(ram(&w->a) + page * PAGE, page + 1, PAGE);
	ram(&w->b)[PAGES_B * PAGE - 1] = 1;
	memset(ram(&w->shared), 0x55, PAGES_SHARED * PAGE);
}

static void describe(void *opaque, struct state_set *set)
{
	(void)opaque;
	state_put(state_add(set, "machine", 0, 1), "kind", "unit", 4);
}

static int pause_world(void *opaque, struct error *err)
{
	struct world *w = opaque;

	if (w->pause_result)
		return error_set(err, w->pause_result, "it does not stop");
	w->pauses++;
	if (w->in_pause)
		w->in_pause(w);
	atomic_store(&w->stopped, true);
	memcpy(w->at_stop, ram(&w->a), PAGES_A * PAGE);
	if (ram(&w->b))
		memcpy(w->at_stop + PAGES_A * PAGE, ram(&w->b), PAGES_B * PAGE);
	return 0;
}

static int save_world(void *opaque, struct state_set *set, struct error *err)
{
	struct world *w = opaque;

	(void)err;
	state_put(state_add(set, "device", 0, 1), "value", &w->device, sizeof(w->device));
	return 0;
}

static void resume_world(void *opaque)
{
	struct world *w = opaque;

	w->resumes++;
	atomic_store(&w->stopped, false);
}

static int start(struct snapshot_save **s, struct world *w, struct error *err)
{
	const struct snapshot_source source = {
		.mem = w->mem,
		.joined = is_shared,
		.describe = describe,
		.pause = pause_world,
		.save = save_world,
		.resume = resume_world,
		.opaque = w,
	};

	return snapshot_save_start(s, &source, path, err);
}

static struct snapshot_progress finish(struct snapshot_save *s)
{
	struct snapshot_progress p;

	while (snapshot_save_running(s))
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	snapshot_save_progress(s, &p);
	snapshot_save_destroy(s);
	return p;
}

static struct snapshot_progress take(struct world *w)
{
	struct snapshot_save *s;
	struct error err;

	assert_ok(start(&s, w, &err));
	return finish(s);
}

/* How much of RAM is read, and after how many bytes it is enough. */
struct reading {
	uint64_t done, all, enough;
};

static bool read_on(void *opaque, uint64_t done, uint64_t all)
{
	struct reading *r = opaque;

	assert_true(done > r->done && done <= all);
	r->done = done;
	r->all = all;
	return done < r->enough;
}

/* 0, or what refused the file at @path for @w; its message in @err. */
static int load_some(struct world *w, struct reading *r, struct error *err)
{
	const struct snapshot_watcher watcher = { read_on, r };
	struct snapshot_load *l;
	struct state *s;
	int ret = snapshot_load_open(&l, path, err);

	if (ret)
		return ret;
	ret = state_take(snapshot_load_states(l), "machine", 0, 1, &s, err);
	if (!ret)
		ret = snapshot_load_read(l, w->mem, is_shared, &watcher, err);
	if (!ret)
		ret = state_take(snapshot_load_states(l), "device", 0, 1, &s, err);
	if (!ret)
		ret = state_get(s, "value", &w->device, sizeof(w->device), err);
	snapshot_load_close(l);
	return ret;
}

static int load(struct world *w, struct error *err)
{
	struct reading r = { .enough = UINT64_MAX };

	return load_some(w, &r, err);
}

static bool same_ram(struct world *w, const uint8_t *at_stop)
{
	return !memcmp(ram(&w->a), at_stop, PAGES_A * PAGE) &&
	       !memcmp(ram(&w->b), at_stop + PAGES_A * PAGE, PAGES_B * PAGE);
}

static void assert_nothing_left(void)
{
	assert_int_equal(access(partial, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/snap", folder);
	snprintf(partial, sizeof(partial), "%s.partial", path);
	memory_thread_register();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_thread_unregister();
	unlink(path);
	return rmdir(folder);
}

/* --- there and back --- */

static void store_in_pause(struct world *w)
{
	store(&w->a, 1, 0xaa);			/* was empty */
	store(&w->a, PAGES_A - 1, 0xbb);
	memset(ram(&w->a) + 3 * PAGE, 0, PAGE);	/* gets empty */
	memory_region_set_dirty(&w->a, 3 * PAGE, PAGE);
}

static void there_and_back(void **state)
{
	struct world from, to;
	struct error err;

	(void)state;
	world_init(&from);
	world_init(&to);
	world_fill(&from);
	from.in_pause = store_in_pause;
	assert_int_equal(take(&from).phase, SNAPSHOT_DONE);
	assert_int_equal(from.pauses, 1);
	assert_int_equal(from.resumes, 1);
	assert_int_equal(access(partial, F_OK), -1);
	memset(ram(&to.a), 0xee, PAGES_A * PAGE);	/* nothing of it may stay */
	memset(ram(&to.shared), 0x77, PAGES_SHARED * PAGE);
	to.device = 0;
	assert_ok(load(&to, &err));
	assert_true(same_ram(&to, from.at_stop));
	assert_int_equal(to.device, from.device);
	assert_int_equal(ram(&to.shared)[0], 0x77);	/* joined, not copied */
	world_fini(&from);
	world_fini(&to);
	unlink(path);
}

struct writer {
	struct world *w;
	atomic_bool end;
	unsigned int stores;
};

/* Stores all the time, but not while the machine is stopped. */
static void *write_all_the_time(void *arg)
{
	struct writer *writer = arg;
	struct rnd r = { 88172645463325252ull };

	memory_thread_register();
	while (!atomic_load(&writer->end)) {
		if (atomic_load(&writer->w->stopped)) {
			atomic_fetch_add(&writer->w->seen, 1);
			continue;
		}
		store(&writer->w->a, rnd(&r, PAGES_A), rnd(&r, 256));
		writer->stores++;
	}
	memory_thread_unregister();
	return NULL;
}

/* Once the writer has seen it, no store is under way. */
static void wait_for_writer(struct world *w)
{
	unsigned int seen = atomic_load(&w->seen);

	atomic_store(&w->stopped, true);
	while (atomic_load(&w->seen) == seen)
		sched_yield();
}

static void nothing_is_lost(void **state)
{
	struct writer writer = { 0 };
	struct world from, to;
	struct error err;
	pthread_t thread;

	(void)state;
	world_init(&from);
	world_init(&to);
	writer.w = &from;
	from.in_pause = wait_for_writer;
	pthread_create(&thread, NULL, write_all_the_time, &writer);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(take(&from).phase, SNAPSHOT_DONE);
		assert_ok(load(&to, &err));
		assert_true(same_ram(&to, from.at_stop));
	}
	atomic_store(&writer.end, true);
	pthread_join(thread, NULL);
	assert_true(writer.stores > 1000);
	world_fini(&from);
	world_fini(&to);
	unlink(path);
}

static void empty_pages_take_no_room(void **state)
{
	struct stat all, few;
	struct world w;

	(void)state;
	world_init(&w);
	memset(ram(&w.a), 1, PAGES_A * PAGE);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	assert_ok(stat(path, &all));
	memset(ram(&w.a) + PAGE, 0, (PAGES_A - 1) * PAGE);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	assert_ok(stat(path, &few));
	assert_int_equal(all.st_size, few.st_size);
	assert_true(few.st_blocks * 512 + (PAGES_A - 1 - PAGES_B) * PAGE <= all.st_blocks * 512);
	assert_int_equal(few.st_mode & 0777, 0600);
	world_fini(&w);
	unlink(path);
}

/* --- cut short --- */

static struct snapshot_save *to_cancel;

static void cancel_in_pause(struct world *w)
{
	store(&w->a, 0, 9);		/* so that there is a step to be taken */
	snapshot_save_cancel(to_cancel);
}

static void cancelled(void **state)
{
	struct error err;
	struct world w;

	(void)state;
	world_init(&w);
	world_fill(&w);
	w.in_pause = cancel_in_pause;
	/* the thread looks at it in pause_world(), which is long after */
	memory_transaction_begin(w.mem);
	assert_ok(start(&to_cancel, &w, &err));
	memory_transaction_commit(w.mem);
	assert_int_equal(finish(to_cancel).phase, SNAPSHOT_CANCELLED);
	assert_int_equal(w.pauses, w.resumes);
	assert_nothing_left();
	world_fini(&w);
}

static void ended_with_the_machine(void **state)
{
	struct snapshot_save *s;
	struct error err;
	struct world w;

	(void)state;
	world_init(&w);
	world_fill(&w);
	memory_transaction_begin(w.mem);	/* its thread waits for the lock */
	assert_ok(start(&s, &w, &err));
	assert_ok(access(partial, F_OK));
	snapshot_save_cancel(s);
	memory_transaction_commit(w.mem);
	snapshot_save_destroy(s);
	assert_nothing_left();
	assert_int_equal(w.pauses, w.resumes);
	world_fini(&w);
}

static void failed(void **state)
{
	struct snapshot_progress p;
	struct world w;

	(void)state;
	world_init(&w);
	w.pause_result = -EIO;
	p = take(&w);
	assert_int_equal(p.phase, SNAPSHOT_FAILED);
	assert_non_null(strstr(p.why.text, "it does not stop"));
	assert_int_equal(w.resumes, 0);
	assert_nothing_left();
	world_fini(&w);
}

/* What was there by the name stays until the new one is whole. */
static void the_old_one_stays(void **state)
{
	struct world w, to;
	struct error err;

	(void)state;
	world_init(&w);
	world_init(&to);
	world_fill(&w);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	w.pause_result = -EIO;
	assert_int_equal(take(&w).phase, SNAPSHOT_FAILED);
	assert_ok(load(&to, &err));
	assert_true(same_ram(&to, w.at_stop));
	world_fini(&w);
	world_fini(&to);
	unlink(path);
}

static void one_writer_a_file(void **state)
{
	struct snapshot_save *s;
	struct error err;
	struct world w;
	int fd = open(partial, O_RDWR | O_CREAT, 0600);

	(void)state;
	world_init(&w);
	assert_ok(flock(fd, LOCK_EX));
	assert_int_equal(start(&s, &w, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another snapshot"));
	assert_int_equal(write(fd, "rest", 4), 4);
	close(fd);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);	/* who left it is gone */
	unlink(path);
	assert_ok(symlink("/nowhere", partial));
	assert_int_equal(start(&s, &w, &err), -ELOOP);
	unlink(partial);
	assert_ok(mkfifo(partial, 0600));
	assert_int_equal(start(&s, &w, &err), -EINVAL);
	unlink(partial);
	world_fini(&w);
}

/* All that the guest has in its memory is not for who put a file of its own there. */
static void of_somebody_else(void **state)
{
	int fd = open(partial, O_RDWR | O_CREAT, 0666);
	struct snapshot_save *s;
	struct error err;
	struct world w;

	(void)state;
	if (fchown(fd, 1, 1) < 0) {
		unlink(partial);
		close(fd);
		skip();
	}
	world_init(&w);
	assert_int_equal(write(fd, "rest", 4), 4);
	assert_int_equal(start(&s, &w, &err), -EPERM);
	assert_non_null(strstr(err.text, "somebody else's"));
	assert_int_equal(lseek(fd, 0, SEEK_END), 4);
	close(fd);
	unlink(partial);
	world_fini(&w);
}

static void assert_not_replaced(struct world *w)
{
	struct snapshot_save *s;
	struct error err;

	assert_int_equal(start(&s, w, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no regular file"));
	assert_int_equal(w->pauses, 0);
	assert_int_equal(access(partial, F_OK), -1);
}

/* "snapshot-live /dev/null" by root must not end with a file there. */
static void only_a_file_is_replaced(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_ok(mkdir(path, 0700));
	assert_not_replaced(&w);
	assert_ok(rmdir(path));
	assert_ok(mkfifo(path, 0600));
	assert_not_replaced(&w);
	unlink(path);
	assert_ok(symlink("/nowhere", path));
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	unlink(path);
	world_fini(&w);
}

/* --- another machine --- */

static void assert_other_machine(uint64_t pages_b, const char *name_b, const char *says)
{
	struct world to;
	struct error err;

	world_init_sized(&to, pages_b, name_b);
	assert_int_equal(load(&to, &err), -EINVAL);
	assert_true(err.arg);
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
	world_fini(&to);
}

static bool is_shared_or_b(const struct memory_region *mr)
{
	return is_shared(mr) || !strcmp(memory_region_name(mr), "b");
}

static void other_machines(void **state)
{
	const struct snapshot_watcher nobody = { 0 };
	struct snapshot_load *l;
	struct error err;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	assert_other_machine(PAGES_B * 2, "b", "RAM 'b' has 64K there, and 128K here");
	assert_other_machine(PAGES_B, "c", "it has RAM 'b' of 64K, this machine has not");
	assert_other_machine(0, "", "it has RAM 'b' of 64K, this machine has not");
	assert_ok(snapshot_load_open(&l, path, &err));
	assert_int_equal(snapshot_load_read(l, w.mem, is_shared_or_b, &nobody, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "RAM 'b' is memory of its own there, and memory of a "
			       "region or a file here"));
	snapshot_load_close(l);
	world_fini(&w);
	world_init_sized(&w, 0, "");
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	assert_other_machine(PAGES_B, "b", "it has no RAM 'b' as this machine has");
	world_fini(&w);
	unlink(path);
}

static void interrupted(void **state)
{
	struct reading r = { .enough = UINT64_MAX };
	struct error err;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	assert_ok(load_some(&w, &r, &err));
	assert_int_equal(r.all, (PAGES_A + PAGES_B) * PAGE);
	assert_int_equal(r.done, r.all);
	r = (struct reading){ .enough = PAGE };
	assert_int_equal(load_some(&w, &r, &err), -EINTR);
	assert_true(r.done < r.all);
	assert_non_null(strstr(err.text, "Interrupted"));
	world_fini(&w);
	unlink(path);
}

/* --- files that are none --- */

static uint8_t *read_whole(size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *data;

	assert_ok(fstat(fd, &st));
	data = malloc(st.st_size);
	assert_int_equal(pread(fd, data, st.st_size, 0), st.st_size);
	close(fd);
	*size = st.st_size;
	return data;
}

static void write_byte(size_t at, uint8_t byte)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void cut_anywhere(void **state)
{
	struct world w, to;
	struct error err;
	size_t size;

	(void)state;
	world_init(&w);
	world_init(&to);
	world_fill(&w);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	free(read_whole(&size));
	for (size_t len = size; len--;) {
		assert_ok(truncate(path, len));
		assert_int_not_equal(load(&to, &err), 0);
		if (len > 8192 && len < size - 8192)	/* amid the pages, one of many is enough */
			len -= 4001;
	}
	world_fini(&w);
	world_fini(&to);
	unlink(path);
}

/*
 * A bit here or there: it is refused, or it was where nothing is kept (holes, and what fills up a
 * section).
 */
static void flipped_anywhere(void **state)
{
	unsigned int refused = 0, taken = 0;
	struct world w, to;
	struct error err;
	uint8_t *data;
	size_t size;

	(void)state;
	world_init(&w);
	world_init(&to);
	world_fill(&w);
	assert_int_equal(take(&w).phase, SNAPSHOT_DONE);
	data = read_whole(&size);
	for (size_t at = 0; at < size; at += at > 4096 && at < size - 8192 ? 1009 : 1) {
		write_byte(at, data[at] ^ 1u << at % 8);
		to.device = 0;
		if (load(&to, &err)) {
			refused++;
		} else {
			assert_int_equal(data[at], 0);
			assert_true(same_ram(&to, w.at_stop));
			assert_int_equal(to.device, w.device);
			taken++;
		}
		write_byte(at, data[at]);
	}
	assert_ok(load(&to, &err));
	assert_true(refused > 4000 && taken < size / 1009 + 4096);
	free(data);
	world_fini(&w);
	world_fini(&to);
	unlink(path);
}

/* A file that is right in all but one thing, checksums included. */
struct forgery {
	const char *says;
	int (*write)(struct snapshot_file *f);
};

static int write_machine(struct snapshot_file *f)
{
	struct state_set set;
	int ret;

	state_set_init(&set);
	describe(NULL, &set);
	ret = snapshot_write_header(f);
	ret = ret ? ret : snapshot_write_state(f, state_first(&set));
	state_set_fini(&set);
	return ret;
}

static const struct snapshot_block_record honest[] = {
	{ "a", PAGES_A * PAGE, SNAPSHOT_COPIED, 0 },
	{ "b", PAGES_B * PAGE, SNAPSHOT_COPIED, 0 },
	{ "shared", PAGES_SHARED * PAGE, SNAPSHOT_JOINED, 0 },
};

static int write_records(struct snapshot_file *f, const void *records, size_t size)
{
	int ret = write_machine(f);

	ret = ret ? ret : snapshot_write_section(f, SNAPSHOT_BLOCKS, 0, records, size);
	f->pos = snapshot_page_up(f->pos) + (PAGES_A + PAGES_B) * PAGE;
	return ret;
}

/* All pages are empty. */
static int write_tables(struct snapshot_file *f, size_t pages_b, uint32_t instance_b)
{
	static const uint64_t table[PAGES_A + 1];
	int ret = write_records(f, honest, sizeof(honest));

	ret = ret ? ret : snapshot_write_section(f, SNAPSHOT_TABLE, 0, table, PAGES_A * 8);
	return ret ? ret : snapshot_write_section(f, SNAPSHOT_TABLE, instance_b, table,
						  pages_b * 8);
}

static int write_device(struct snapshot_file *f, const char *name, size_t size)
{
	static uint8_t nothing[STATE_LEN_MAX + 8];
	struct state_set set;
	struct state *s;
	int ret;

	if (size)
		return snapshot_write_section(f, SNAPSHOT_STATE, 0, nothing, size);
	state_set_init(&set);
	s = state_add(&set, name, 0, 1);
	state_put(s, "value", "12345678", 8);
	ret = snapshot_write_state(f, s);
	state_set_fini(&set);
	return ret;
}

static int write_end(struct snapshot_file *f, size_t size)
{
	return snapshot_write_section(f, SNAPSHOT_END, 0, "12345678", size);
}

static int forge_nothing(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	ret = ret ? ret : write_device(f, "device", 0);
	return ret ? ret : write_end(f, 0);
}

static int forge_record(struct snapshot_file *f, const char *name, uint64_t size, uint32_t kind)
{
	struct snapshot_block_record records[3];

	memcpy(records, honest, sizeof(records));
	memcpy(records[1].name, name, sizeof(records[1].name));
	records[1].size = size;
	records[1].kind = kind;
	return write_records(f, records, sizeof(records));
}

static int forge_name_without_end(struct snapshot_file *f)
{
	char name[SNAPSHOT_BLOCK_NAME];

	memset(name, 'b', sizeof(name));
	return forge_record(f, name, PAGES_B * PAGE, SNAPSHOT_COPIED);
}

static int forge_escape(struct snapshot_file *f)
{
	return forge_record(f, (char[SNAPSHOT_BLOCK_NAME]){ "\033[2Jb" }, PAGES_B * PAGE, 0);
}

static int forge_empty_name(struct snapshot_file *f)
{
	return forge_record(f, (char[SNAPSHOT_BLOCK_NAME]){ "" }, PAGES_B * PAGE, 0);
}

static int forge_kind(struct snapshot_file *f)
{
	return forge_record(f, honest[1].name, PAGES_B * PAGE, 2);
}

static int forge_size(struct snapshot_file *f)
{
	return forge_record(f, honest[1].name, UINT64_MAX - 4095, SNAPSHOT_COPIED);
}

static int forge_twice(struct snapshot_file *f)
{
	return forge_record(f, honest[0].name, PAGES_A * PAGE, SNAPSHOT_COPIED);
}

static int forge_half_record(struct snapshot_file *f)
{
	return write_records(f, honest, sizeof(honest) - 8);
}

static int forge_many_records(struct snapshot_file *f)
{
	static const struct snapshot_block_record many[SNAPSHOT_BLOCKS_MAX + 1];

	return write_records(f, many, sizeof(many));
}

static int forge_no_blocks(struct snapshot_file *f)
{
	int ret = write_machine(f);

	return ret ? ret : write_end(f, 0);
}

static int forge_short_table(struct snapshot_file *f)
{
	return write_tables(f, PAGES_B - 1, 1);
}

static int forge_long_table(struct snapshot_file *f)
{
	return write_tables(f, PAGES_B + 1, 1);
}

static int forge_other_table(struct snapshot_file *f)
{
	return write_tables(f, PAGES_B, 2);
}

static int forge_no_machine(struct snapshot_file *f)
{
	int ret = snapshot_write_header(f);

	return ret ? ret : write_end(f, 0);
}

static int forge_no_name(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : write_device(f, "", 64);
}

static int forge_large_state(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : write_device(f, "", STATE_LEN_MAX + 8);
}

static int forge_same_state(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	ret = ret ? ret : write_device(f, "device", 0);
	return ret ? ret : write_device(f, "device", 0);
}

static int forge_no_end(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : write_device(f, "device", 0);
}

static int forge_no_device(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : write_end(f, 0);
}

static int forge_long_end(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : write_end(f, 8);
}

static int forge_two_ends(struct snapshot_file *f)
{
	int ret = forge_nothing(f);

	return ret ? ret : write_end(f, 0);
}

static int forge_unknown(struct snapshot_file *f)
{
	int ret = write_tables(f, PAGES_B, 1);

	return ret ? ret : snapshot_write_section(f, SNAPSHOT_END + 1, 0, "", 0);
}

static void forged(void **state)
{
	static const struct forgery forgeries[] = {
		{ NULL, forge_nothing },
		{ "its list of RAM", forge_name_without_end },
		{ "its list of RAM", forge_escape },
		{ "its list of RAM", forge_empty_name },
		{ "its list of RAM", forge_kind },
		{ "RAM 'b' has", forge_size },
		{ "it has RAM 'a'", forge_twice },
		{ "its list of RAM", forge_half_record },
		{ "the length of a section", forge_many_records },
		{ "its list of RAM", forge_no_blocks },
		{ "the checksums of its RAM", forge_short_table },
		{ "the length of a section", forge_long_table },
		{ "the checksums of its RAM", forge_other_table },
		{ "it says nothing of its machine", forge_no_machine },
		{ "the state of a device", forge_no_name },
		{ "the length of a section", forge_large_state },
		{ "the state of a device", forge_same_state },
		{ "it was cut short", forge_no_end },
		{ "no state of device", forge_no_device },
		{ "a section that does not belong there", forge_long_end },
		{ "there is more behind its end", forge_two_ends },
		{ "a section that does not belong there", forge_unknown },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forgeries); i++) {
		struct snapshot_file f = { .path = path };
		struct error err = { .text = "" };
		struct world to;
		int ret;

		f.fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_ok(forgeries[i].write(&f));
		close(f.fd);
		world_init(&to);
		ret = load(&to, &err);
		if (!!ret != !!forgeries[i].says ||
		    (ret && !strstr(err.text, forgeries[i].says)))
			fail_msg("forgery %zu: %d, %s", i, ret, err.text);
		world_fini(&to);
	}
	unlink(path);
}

static void no_snapshots(void **state)
{
	struct snapshot_load *l;
	struct error err;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)state;
	assert_int_equal(snapshot_load_open(&l, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "this is no snapshot"));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	close(fd);
	assert_int_equal(snapshot_load_open(&l, path, &err), -EINVAL);
	assert_int_equal(snapshot_load_open(&l, folder, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no regular file"));
	unlink(path);
	assert_int_equal(snapshot_load_open(&l, path, &err), -ENOENT);
	assert_true(err.arg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(empty_pages_take_no_room),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(ended_with_the_machine),
		cmocka_unit_test(failed),
		cmocka_unit_test(the_old_one_stays),
		cmocka_unit_test(one_writer_a_file),
		cmocka_unit_test(of_somebody_else),
		cmocka_unit_test(only_a_file_is_replaced),
		cmocka_unit_test(other_machines),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(flipped_anywhere),
		cmocka_unit_test(forged),
		cmocka_unit_test(no_snapshots),
	};

	return cmocka_run_group_tests_name("snapshot", tests, setup, teardown);
}
