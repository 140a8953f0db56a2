/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that wait: an event loop that ends by itself, with a signal or when its time is over.
 */
#ifndef VMM_CTL_RUN_H
#define VMM_CTL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/ctl.h"
#include "io/loop.h"
#include "io/signals.h"

struct run {
	struct loop *loop;
	struct signals *signals;
	struct loop_handler timer;	/* a timerfd */
	enum ctl_status status;		/* what run_loop() gives */
	bool signalled;			/* that ended it */
};

/* @timeout_ns: 0: none. CTL_FAILED with @err filled. */
enum ctl_status run_init(struct run *run, uint64_t timeout_ns, struct error *err);
void run_fini(struct run *run);

/*
 * Until run_end(), a signal (CTL_OK), the time is over (CTL_TIMEOUT), or the loop itself fails
 * (CTL_FAILED); @err is filled for the last one alone.
 */
enum ctl_status run_loop(struct run *run, struct error *err);
void run_end(struct run *run, enum ctl_status status);

/* Standard output is written out; if nobody reads it any more the loop ends, main() says why. */
void run_show(struct run *run);

/* Of CLOCK_MONOTONIC. */
uint64_t run_now_ns(void);

/* A timerfd whose handler is @h: @h->ready is the caller's. 0 or -errno. */
int run_timer_open(struct loop_handler *h);
/* @first_ns, @then_ns: nanoseconds; 0 and 0: stop */
void run_timer_set(const struct loop_handler *h, uint64_t first_ns, uint64_t then_ns);
/* What a handler of a timer does first. */
void run_timer_take(const struct loop_handler *h);

/*
 * What a handler of an eventfd that peers have too does first: how often it was raised. 0; -EAGAIN
 * a peer was faster. It never waits, whatever they made of the flags of the file, which all share.
 */
int run_bell_take(const struct loop_handler *h, uint64_t *count);

#endif /* VMM_CTL_RUN_H */
