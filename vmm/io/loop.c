// SPDX-License-Identifier: GPL-2.0-only
/* The event loop: epoll, one event at a time so that a callback may remove any handler. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/loop.h"
#include "util.h"

struct loop {
	int epoll_fd;
	bool stopped;			/* loop's thread only */
	struct loop_handler stop;	/* an eventfd */
};

static int loop_control(struct loop *loop, int op, struct loop_handler *h)
{
	struct epoll_event event = { .events = h->events, .data.ptr = h };

	return epoll_ctl(loop->epoll_fd, op, h->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_handler *h)
{
	return loop_control(loop, EPOLL_CTL_ADD, h);
}

int loop_mod(struct loop *loop, struct loop_handler *h)
{
	return loop_control(loop, EPOLL_CTL_MOD, h);
}

void loop_del(struct loop *loop, struct loop_handler *h)
{
	loop_control(loop, EPOLL_CTL_DEL, h);
}

static void loop_stop_ready(struct loop_handler *h, uint32_t events)
{
	struct loop *loop = container_of(h, struct loop, stop);

	(void)events;
	loop->stopped = true;
}

int loop_create(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		ret = -errno;
		goto free_loop;
	}
	loop->stop.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop.fd < 0) {
		ret = -errno;
		goto close_epoll;
	}
	loop->stop.events = EPOLLIN;
	loop->stop.ready = loop_stop_ready;
	ret = loop_add(loop, &loop->stop);
	if (ret)
		goto close_stop;
	*out = loop;
	return 0;

close_stop:
	close(loop->stop.fd);
close_epoll:
	close(loop->epoll_fd);
free_loop:
	free(loop);
	return ret;
}

void loop_destroy(struct loop *loop)
{
	close(loop->stop.fd);
	close(loop->epoll_fd);
	free(loop);
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		struct epoll_event event;
		struct loop_handler *h;
		int n = epoll_wait(loop->epoll_fd, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		h = event.data.ptr;
		h->ready(h, event.events);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	eventfd_write(loop->stop.fd, 1);
}
