// SPDX-License-Identifier: GPL-2.0-only
/* The thread that takes a snapshot, and what it lets others know of it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/fatal.h"
#include "memory/dirty.h"
#include "snapshot/outfile.h"
#include "snapshot/ram.h"
#include "snapshot/save.h"

#define USECS			1000000ull
#define RATE_PAGES_MIN		1024	/* fewer say nothing of the rate */

struct snapshot_save {
	struct snapshot_source source;
	struct outfile out;
	struct snapshot_file file;
	struct snapshot_ram ram;
	struct state_set machine, devices;
	pthread_t thread;
	atomic_bool cancel;

	pthread_mutex_t lock;		/* guards what follows */
	struct snapshot_progress progress;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * USECS + t.tv_nsec / 1000;
}

/* --- progress --- */

static void save_enter(struct snapshot_save *s, enum snapshot_phase phase)
{
	pthread_mutex_lock(&s->lock);
	s->progress.phase = phase;
	pthread_mutex_unlock(&s->lock);
}

static int save_step(void *opaque, uint64_t left)
{
	struct snapshot_save *s = opaque;

	pthread_mutex_lock(&s->lock);
	s->progress.pages_left = left;
	pthread_mutex_unlock(&s->lock);
	return atomic_load(&s->cancel) ? -ECANCELED : 0;
}

/* A round has written @pages in @usecs, and left->todo pages have changed meanwhile. */
static void save_measure(struct snapshot_save *s, uint64_t pages, uint64_t usecs)
{
	struct snapshot_progress *p = &s->progress;

	pthread_mutex_lock(&s->lock);
	p->round++;
	p->pages_left = s->ram.todo;
	if (pages >= RATE_PAGES_MIN || !p->rate)
		p->rate = pages * SNAPSHOT_PAGE * USECS / (usecs ? usecs : 1);
	p->expected_us = s->ram.todo * SNAPSHOT_PAGE * USECS / (p->rate ? p->rate : 1);
	pthread_mutex_unlock(&s->lock);
}

/* --- the work --- */

static int save_begin(struct snapshot_save *s)
{
	int ret = snapshot_write_header(&s->file);

	if (!ret)
		ret = snapshot_write_state(&s->file, state_first(&s->machine));
	if (!ret)
		ret = snapshot_ram_write_blocks(&s->ram, &s->file);
	return ret;
}

static int save_round(struct snapshot_save *s)
{
	uint64_t pages = s->ram.todo, start = now_us();
	int ret = snapshot_ram_write(&s->ram, &s->file, save_step, s);
	uint64_t usecs = now_us() - start;

	if (!ret)
		ret = snapshot_ram_mark_dirty(&s->ram);
	save_measure(s, pages, usecs);
	return ret;
}

static bool save_goes_on(const struct snapshot_progress *p)
{
	return p->round < SNAPSHOT_ROUNDS_MAX && p->expected_us >= SNAPSHOT_DOWNTIME_MS * 1000;
}

static int save_rounds(struct snapshot_save *s)
{
	/* what is dirty now says nothing: it is all written anyway */
	int ret = snapshot_ram_mark_dirty(&s->ram);

	snapshot_ram_mark_all(&s->ram);
	while (!ret && (!s->progress.round || save_goes_on(&s->progress)))
		ret = save_round(s);
	return ret;
}

/* With the guest stopped. */
static int save_rest(struct snapshot_save *s, struct error *err)
{
	int ret;

	memory_global_dirty_log_sync(s->source.mem, true);
	ret = snapshot_ram_mark_dirty(&s->ram);
	if (!ret)
		ret = snapshot_ram_write(&s->ram, &s->file, save_step, s);
	if (!ret)
		ret = s->source.save(s->source.opaque, &s->devices, err);
	return ret ? ret : s->devices.error;
}

static int save_stopped(struct snapshot_save *s, struct error *err)
{
	uint64_t start = now_us();
	int ret = s->source.pause(s->source.opaque, err);

	if (ret)
		return ret;
	save_enter(s, SNAPSHOT_STOPPED);
	ret = save_rest(s, err);
	s->source.resume(s->source.opaque);
	pthread_mutex_lock(&s->lock);
	s->progress.stopped_us = now_us() - start;
	s->progress.phase = SNAPSHOT_FINISHING;
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static int save_finish(struct snapshot_save *s)
{
	int ret = snapshot_ram_write_tables(&s->ram, &s->file);

	for (struct state *d = state_first(&s->devices); !ret && d; d = state_next(d))
		ret = snapshot_write_state(&s->file, d);
	if (!ret)
		ret = snapshot_write_section(&s->file, SNAPSHOT_END, 0, NULL, 0);
	if (!ret && atomic_load(&s->cancel))
		ret = -ECANCELED;
	return ret ? ret : outfile_publish(&s->out);
}

static void save_ended(struct snapshot_save *s, int ret, const struct error *err)
{
	pthread_mutex_lock(&s->lock);
	if (ret && ret != -ECANCELED)
		s->progress.why = *err;
	s->progress.phase = !ret ? SNAPSHOT_DONE :
			    ret == -ECANCELED ? SNAPSHOT_CANCELLED : SNAPSHOT_FAILED;
	pthread_mutex_unlock(&s->lock);
}

static int save_run(struct snapshot_save *s, struct error *err)
{
	int ret = save_begin(s);

	if (!ret)
		ret = save_rounds(s);
	if (!ret)
		ret = save_stopped(s, err);
	memory_global_dirty_log_stop(s->source.mem);
	return ret ? ret : save_finish(s);
}

static void *save_thread(void *arg)
{
	struct snapshot_save *s = arg;
	struct error err = { .text = "" };
	struct fatal_stack *stack;
	bool guarded = !fatal_enter(&stack, s->source.terminal);
	int ret;

	memory_thread_register();
	ret = save_run(s, &err);
	if (ret && !err.text[0])
		error_set(&err, ret, "%s: %s", s->file.path, strerror(-ret));
	outfile_close(&s->out);
	save_ended(s, ret, &err);
	memory_thread_unregister();
	if (guarded)
		fatal_leave(stack);
	return NULL;
}

/* --- starting and ending it --- */

static void save_free(struct snapshot_save *s)
{
	outfile_close(&s->out);
	snapshot_ram_fini(&s->ram);
	state_set_fini(&s->machine);
	state_set_fini(&s->devices);
	pthread_mutex_destroy(&s->lock);
	free((void *)s->file.path);
	free(s);
}

static int save_init(struct snapshot_save *s, const char *path, struct error *err)
{
	int ret;

	state_set_init(&s->machine);
	state_set_init(&s->devices);
	pthread_mutex_init(&s->lock, NULL);
	s->source.describe(s->source.opaque, &s->machine);
	s->file.path = strdup(path);
	ret = snapshot_ram_init(&s->ram, s->source.mem, s->source.joined);
	if (ret || s->machine.error || !s->file.path)
		return error_set(err, ret ? ret : -ENOMEM, "%s: the guest's RAM: %s", path,
				 strerror(ret ? -ret : ENOMEM));
	s->progress.pages = s->progress.pages_left = s->ram.pages;
	ret = outfile_open(&s->out, path, err);
	s->file.fd = s->out.fd;
	return ret;
}

static int save_launch(struct snapshot_save *s, const char *path, struct error *err)
{
	int ret = memory_global_dirty_log_start(s->source.mem);

	if (ret)
		return error_set(err, ret, "%s: stores of the guest can't be followed: %s", path,
				 strerror(-ret));
	ret = -pthread_create(&s->thread, NULL, save_thread, s);
	if (!ret)
		return 0;
	memory_global_dirty_log_stop(s->source.mem);
	return error_set(err, ret, "%s: no thread for it: %s", path, strerror(-ret));
}

int snapshot_save_start(struct snapshot_save **out, const struct snapshot_source *source,
			const char *path, struct error *err)
{
	struct snapshot_save *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return error_set(err, -ENOMEM, "%s: out of memory", path);
	s->source = *source;
	s->out.fd = -1;
	ret = save_init(s, path, err);
	if (!ret)
		ret = save_launch(s, path, err);
	if (ret)
		save_free(s);
	else
		*out = s;
	return ret;
}

void snapshot_save_cancel(struct snapshot_save *s)
{
	atomic_store(&s->cancel, true);
}

void snapshot_save_destroy(struct snapshot_save *s)
{
	snapshot_save_cancel(s);
	pthread_join(s->thread, NULL);
	save_free(s);
}

void snapshot_save_progress(struct snapshot_save *s, struct snapshot_progress *p)
{
	pthread_mutex_lock(&s->lock);
	*p = s->progress;
	pthread_mutex_unlock(&s->lock);
}

bool snapshot_save_running(struct snapshot_save *s)
{
	struct snapshot_progress p;

	snapshot_save_progress(s, &p);
	return p.phase < SNAPSHOT_DONE;
}
