/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that looks after what a loop at full speed can't: signals that are to end the program,
 * and whether the other side is still there.
 */
#ifndef TESTS_BENCH_TOOL_WATCH_H
#define TESTS_BENCH_TOOL_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define WATCH_BEAT_MS	50

struct watch {
	pthread_t thread;
	pthread_mutex_t lock;		/* held while @beat runs */
	void (*beat)(void *opaque);	/* called each WATCH_BEAT_MS, or NULL */
	void *opaque;
	uint64_t beats;			/* so many are over */
	bool stop;			/* of the thread */
	int ended;			/* 0; -EINTR a signal came */
	int gone;			/* 0, or why the session with the other side is over */
};

/* Blocks the signals and starts the thread. 0 or -errno. */
int watch_init(struct watch *w);
void watch_fini(struct watch *w);

/* Whom to call from now on; NULL: nobody, and no call is under way any more. */
void watch_beat_set(struct watch *w, void (*beat)(void *opaque), void *opaque);

/* 0: go on; or -errno. */
static inline int watch_over(const struct watch *w)
{
	int ended = __atomic_load_n(&w->ended, __ATOMIC_RELAXED);

	return ended ? ended : __atomic_load_n(&w->gone, __ATOMIC_RELAXED);
}

/* Waits for two beats: why something went wrong, if the watch knows; else @why. */
int watch_reason(const struct watch *w, int why);

static inline void watch_gone_set(struct watch *w, int why)
{
	__atomic_store_n(&w->gone, why, __ATOMIC_RELAXED);
}

#endif /* TESTS_BENCH_TOOL_WATCH_H */
