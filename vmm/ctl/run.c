// SPDX-License-Identifier: GPL-2.0-only
/* The loop of a command, its signals and its deadline. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ctl/run.h"
#include "util.h"

#define NS_PER_S	1000000000ULL

uint64_t run_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int run_timer_open(struct loop_handler *h)
{
	h->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	h->events = EPOLLIN;
	return h->fd < 0 ? -errno : 0;
}

void run_timer_set(const struct loop_handler *h, uint64_t first_ns, uint64_t then_ns)
{
	struct itimerspec when = {
		.it_value = { first_ns / NS_PER_S, first_ns % NS_PER_S },
		.it_interval = { then_ns / NS_PER_S, then_ns % NS_PER_S },
	};

	timerfd_settime(h->fd, 0, &when, NULL);
}

void run_timer_take(const struct loop_handler *h)
{
	uint64_t times;

	if (read(h->fd, &times, sizeof(times)) < 0)
		return; /* somebody set it anew */
}

int run_bell_take(const struct loop_handler *h, uint64_t *count)
{
	struct iovec data = { count, sizeof(*count) };

	return preadv2(h->fd, &data, 1, -1, RWF_NOWAIT) < 0 ? -errno : 0;
}

static void timer_ready(struct loop_handler *h, uint32_t events)
{
	struct run *run = container_of(h, struct run, timer);

	(void)events;
	run_timer_take(h);
	run_end(run, CTL_TIMEOUT);
}

static void signal_raised(void *opaque, int signum)
{
	struct run *run = opaque;

	(void)signum;
	run->signalled = true;
	run_end(run, CTL_OK);
}

static int run_prepare(struct run *run, uint64_t timeout_ns)
{
	int ret = loop_create(&run->loop);

	if (ret)
		return ret;
	ret = run_timer_open(&run->timer);
	if (ret)
		goto destroy_loop;
	run->timer.ready = timer_ready;
	ret = loop_add(run->loop, &run->timer);
	if (ret)
		goto close_timer;
	ret = signals_create(&run->signals, run->loop, signal_raised, run);
	if (ret)
		goto close_timer;
	run_timer_set(&run->timer, timeout_ns, 0);
	return 0;

close_timer:
	close(run->timer.fd);
destroy_loop:
	loop_destroy(run->loop);
	return ret;
}

enum ctl_status run_init(struct run *run, uint64_t timeout_ns, struct error *err)
{
	int ret;

	*run = (struct run){ .status = CTL_OK };
	ret = run_prepare(run, timeout_ns);
	if (!ret)
		return CTL_OK;
	error_set(err, ret, "waiting can't begin: %s", strerror(-ret));
	return CTL_FAILED;
}

void run_fini(struct run *run)
{
	signals_destroy(run->signals);
	close(run->timer.fd);
	loop_destroy(run->loop);
}

enum ctl_status run_loop(struct run *run, struct error *err)
{
	int ret = loop_run(run->loop);

	if (!ret)
		return run->status;
	error_set(err, ret, "waiting: %s", strerror(-ret));
	return CTL_FAILED;
}

void run_end(struct run *run, enum ctl_status status)
{
	run->status = status;
	loop_stop(run->loop);
}

void run_show(struct run *run)
{
	if (fflush(stdout))
		run_end(run, CTL_OK);
}
