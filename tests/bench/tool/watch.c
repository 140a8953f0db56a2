// SPDX-License-Identifier: GPL-2.0-only
/* The thread that waits for signals, and beats. */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "watch.h"

static sigset_t watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static void *watch_run(void *opaque)
{
	const struct timespec beat = { .tv_nsec = WATCH_BEAT_MS * 1000000L };
	struct watch *w = opaque;
	sigset_t set = watch_signals();

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		if (sigtimedwait(&set, NULL, &beat) > 0)
			__atomic_store_n(&w->ended, -EINTR, __ATOMIC_RELAXED);
		pthread_mutex_lock(&w->lock);
		if (w->beat)
			w->beat(w->opaque);
		pthread_mutex_unlock(&w->lock);
		__atomic_store_n(&w->beats, w->beats + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int watch_init(struct watch *w)
{
	sigset_t set = watch_signals();

	*w = (struct watch){ .lock = PTHREAD_MUTEX_INITIALIZER };
	/* a socket whose other side is gone is told by its error */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return -pthread_create(&w->thread, NULL, watch_run, w);
}

void watch_fini(struct watch *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
}

int watch_reason(const struct watch *w, int why)
{
	const struct timespec nap = { .tv_nsec = WATCH_BEAT_MS * 1000000L / 10 };
	uint64_t begin = __atomic_load_n(&w->beats, __ATOMIC_ACQUIRE);

	while (!watch_over(w) && __atomic_load_n(&w->beats, __ATOMIC_ACQUIRE) - begin < 2)
		nanosleep(&nap, NULL);
	return watch_over(w) ? watch_over(w) : why;
}

void watch_beat_set(struct watch *w, void (*beat)(void *opaque), void *opaque)
{
	pthread_mutex_lock(&w->lock);
	w->beat = beat;
	w->opaque = opaque;
	pthread_mutex_unlock(&w->lock);
}
