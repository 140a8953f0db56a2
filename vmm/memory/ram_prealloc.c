// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prealloc: the pages of a block before a guest asks for them, in steps that threads take in turn.
 * Memory that the host has not got is an error here, where it would be a signal later.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/ramblock.h"

#define PREALLOC_STEP		(16ull << 20)	/* bytes between two looks around */
#define PREALLOC_THREADS_MAX	256

struct prealloc {
	char *start;
	uint64_t len, step, page_size;	/* bytes */
	bool readonly;
	_Atomic uint64_t next;		/* the first byte that nobody has taken */
	_Atomic uint64_t done;		/* bytes */
	_Atomic int status;		/* 0, or why everybody stops */
	bool (*progress)(void *opaque, uint64_t done, uint64_t all);
	void *opaque;
};

/*
 * The kernel's atomic operations on a futex fault a page in as an access would, but where that gets
 * SIGBUS they return an error. One ORs 0 into the word; the other compares it, whatever it is.
 */
static int touch_word(char *word, bool readonly)
{
	unsigned int other = 0;
	long ret;

	if (readonly)
		ret = syscall(SYS_futex, word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, &other, 0);
	else
		ret = syscall(SYS_futex, &other, FUTEX_WAKE_OP_PRIVATE, 0, 0, word,
			      FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0));
	return ret < 0 && errno != EAGAIN ? -errno : 0;
}

int ram_touch(char *start, uint64_t len, uint64_t page_size, bool readonly)
{
	for (uint64_t at = 0; at < len; at += page_size) {
		int ret = touch_word(start + at, readonly);

		if (ret)
			return ret == -EFAULT ? -ENOMEM : ret;
	}
	return 0;
}

static int populate(const struct prealloc *p, uint64_t from, uint64_t len)
{
	int advice = p->readonly ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;

	while (madvise(p->start + from, len, advice)) {
		if (errno == EFAULT)
			return -ENOMEM;
		if (errno == EINVAL)
			return ram_touch(p->start + from, len, p->page_size, p->readonly);
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

static void prealloc_fail(struct prealloc *p, int code)
{
	int none = 0;

	atomic_compare_exchange_strong(&p->status, &none, code);
}

/* Whether there was a step to take. */
static bool prealloc_step(struct prealloc *p)
{
	uint64_t from = atomic_fetch_add(&p->next, p->step), len;
	int ret;

	if (from >= p->len || atomic_load(&p->status))
		return false;
	len = p->len - from < p->step ? p->len - from : p->step;
	ret = populate(p, from, len);
	if (ret)
		prealloc_fail(p, ret);
	else
		atomic_fetch_add(&p->done, len);
	return true;
}

static void *prealloc_thread(void *opaque)
{
	while (prealloc_step(opaque))
		;
	return NULL;
}

/* Once all is done there is nothing to stop. */
static void prealloc_report(struct prealloc *p)
{
	uint64_t done = atomic_load(&p->done);

	if (p->progress && done < p->len && !p->progress(p->opaque, done, p->len))
		prealloc_fail(p, -EINTR);
}

/* As many threads as can be had, and this one. */
static int prealloc_run(struct prealloc *p, unsigned int threads)
{
	pthread_t helpers[PREALLOC_THREADS_MAX];
	unsigned int nr = 0;

	while (nr + 1 < threads && !pthread_create(&helpers[nr], NULL, prealloc_thread, p))
		nr++;
	while (prealloc_step(p))
		prealloc_report(p);
	while (nr)
		pthread_join(helpers[--nr], NULL);
	if (p->progress && atomic_load(&p->done) == p->len)
		p->progress(p->opaque, p->len, p->len);
	return atomic_load(&p->status);
}

static unsigned int threads_useful(unsigned int threads, const struct prealloc *p)
{
	uint64_t steps = (p->len + p->step - 1) / p->step;

	if (threads > PREALLOC_THREADS_MAX)
		threads = PREALLOC_THREADS_MAX;
	return threads > steps ? steps : threads;
}

int memory_region_prealloc_ram(struct memory_region *mr, unsigned int threads,
			       bool (*progress)(void *opaque, uint64_t done, uint64_t all),
			       void *opaque)
{
	const struct ram_block *block = mr->ram_block;
	struct prealloc p = { .progress = progress, .opaque = opaque };
	uintptr_t start;

	if (!block)
		return -EINVAL;
	start = (uintptr_t)block->host & ~(block->page_size - 1);
	p.start = (char *)start;
	p.len = ram_align_up((uintptr_t)block->host + block->used, block->page_size) - start;
	p.page_size = block->page_size;
	p.step = block->page_size > PREALLOC_STEP ? block->page_size : PREALLOC_STEP;
	p.readonly = ram_block_readonly(block);
	return prealloc_run(&p, threads_useful(threads, &p));
}
