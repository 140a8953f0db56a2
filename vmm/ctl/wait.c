// SPDX-License-Identifier: GPL-2.0-only
/* ivshmemctl wait: is a peer, and tells of each doorbell. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ctl/device.h"
#include "ctl/option.h"
#include "ctl/run.h"
#include "descriptors.h"
#include "hostmem/membership.h"
#include "hostmem/region.h"
#include "util.h"

#define EVENTS	32

enum {
	WAIT_VECTOR = CTL_LONG_OPTION, WAIT_VECTORS, WAIT_COUNT, WAIT_TIMEOUT, WAIT_PEER, WAIT_JSON,
};

static const struct option wait_options[] = {
	{ "vector", required_argument, NULL, WAIT_VECTOR },
	{ "vectors", required_argument, NULL, WAIT_VECTORS },
	{ "count", required_argument, NULL, WAIT_COUNT },
	{ "timeout", required_argument, NULL, WAIT_TIMEOUT },
	{ "peer", required_argument, NULL, WAIT_PEER },
	{ "json", no_argument, NULL, WAIT_JSON },
	{}
};

/* What is waited for, and what has come. */
struct waiting {
	const char *where;		/* a region or a device */
	uint32_t vector;		/* IVSHMEM_VECTOR_ANY: all */
	uint32_t vectors;		/* to have; 0: not given */
	uint32_t peer;			/* to be, or IVSHMEM_PEER_ANY */
	uint32_t count;			/* doorbells to wait for; 0: until a signal */
	uint64_t timeout_ns;		/* 0: none */
	bool json;
	uint64_t got;
	struct run run;
	struct error *err;		/* of whatever ends it */
};

/* A vector of a membership. */
struct bell {
	struct loop_handler handler;	/* an eventfd */
	struct waiting *w;
	uint32_t vector;
};

/* A region where one is a peer. */
struct waiting_region {
	struct waiting *w;
	struct membership m;
	struct loop_handler news;
	struct bell *bells;		/* @w->vectors of them */
};

struct waiting_device {
	struct waiting *w;
	struct device d;
	struct loop_handler handler;
};

static void waiting_begin(struct waiting *w, uint32_t peer, uint32_t vectors)
{
	if (w->json)
		printf("{\"peer\": %" PRIu32 ", \"vectors\": %" PRIu32 "}\n", peer, vectors);
	else
		printf("Peer %" PRIu32 " of '%s' waits for doorbells, %" PRIu32 " vector%s.\n",
		       peer, w->where, vectors, vectors == 1 ? "" : "s");
	run_show(&w->run);
}

static void waiting_rung(struct waiting *w, uint32_t vector, uint64_t count)
{
	printf(w->json ? "{\"vector\": %" PRIu32 ", \"count\": %" PRIu64 "}\n" :
			 "vector %" PRIu32 ": %" PRIu64 "\n", vector, count);
	w->got += count;
	run_show(&w->run);
	if (w->count && w->got >= w->count)
		run_end(&w->run, CTL_OK);
}

/* Without a count one has to come before the time is over, and none before a signal. */
static enum ctl_status waiting_loop(struct waiting *w)
{
	enum ctl_status status = run_loop(&w->run, w->err);
	uint32_t wanted = w->count ? w->count : 1;

	if (status == CTL_TIMEOUT && w->got >= wanted)
		return CTL_OK;
	if (status == CTL_TIMEOUT)
		error_set(w->err, -ETIMEDOUT, "wait: the time is over after %" PRIu64 " of %" PRIu32
			  " doorbells", w->got, wanted);
	if (status || !w->run.signalled || w->got >= w->count)
		return status;
	error_set(w->err, -EINTR, "wait: ended after %" PRIu64 " of %" PRIu32 " doorbells", w->got,
		  w->count);
	return CTL_FAILED;
}

static void bell_ready(struct loop_handler *h, uint32_t events)
{
	struct bell *bell = container_of(h, struct bell, handler);
	uint64_t count;

	(void)events;
	if (!run_bell_take(h, &count))
		waiting_rung(bell->w, bell->vector, count);
}

/* Who comes and goes is of no interest; but ids come back only when this was read. */
static void news_ready(struct loop_handler *h, uint32_t events)
{
	struct waiting_region *r = container_of(h, struct waiting_region, news);
	struct ivshmem_event some[EVENTS];

	(void)events;
	membership_read(&r->m, some, EVENTS);
}

/* All vectors have eventfds, since clients of `serve` hear of them in their order alone. */
static int bells_open(struct waiting_region *r)
{
	uint32_t i;

	for (i = 0; i < r->w->vectors; i++) {
		r->bells[i].handler.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (r->bells[i].handler.fd < 0)
			return error_set(r->w->err, -errno, "wait: %" PRIu32 " vectors: %s; "
					 "`ulimit -n` sets how many there can be", r->w->vectors,
					 strerror(errno));
	}
	return 0;
}

static int region_join(struct waiting_region *r, const struct region *region)
{
	struct membership_request req = { .peer = r->w->peer, .vectors = r->w->vectors };
	int *fds = calloc(r->w->vectors, sizeof(*fds)), ret;
	uint32_t i;

	if (!fds)
		return error_set(r->w->err, -ENOMEM, "wait: no memory");
	for (i = 0; i < r->w->vectors; i++)
		fds[i] = r->bells[i].handler.fd;
	req.fds = fds;
	ret = membership_join(&r->m, region->fd, r->w->where, &req, r->w->err);
	free(fds);
	return ret;
}

static int region_watch(struct waiting_region *r)
{
	struct waiting *w = r->w;
	uint32_t i;
	int ret;

	r->news = (struct loop_handler){ r->m.fd, EPOLLIN, news_ready };
	ret = loop_add(w->run.loop, &r->news);
	for (i = 0; i < w->vectors && !ret; i++) {
		r->bells[i].vector = i;
		r->bells[i].w = w;
		r->bells[i].handler.events = EPOLLIN;
		r->bells[i].handler.ready = bell_ready;
		if (w->vector == IVSHMEM_VECTOR_ANY || w->vector == i)
			ret = loop_add(w->run.loop, &r->bells[i].handler);
	}
	return ret ? error_set(w->err, ret, "wait: %s", strerror(-ret)) : 0;
}

static enum ctl_status region_wait(struct waiting_region *r, const struct region *region)
{
	enum ctl_status status = CTL_FAILED;

	if (bells_open(r) || region_join(r, region))
		return CTL_FAILED;
	if (!region_watch(r)) {
		waiting_begin(r->w, r->m.peer, r->m.vectors);
		status = waiting_loop(r->w);
	}
	membership_leave(&r->m);
	return status;
}

static enum ctl_status waiting_at_region(struct waiting *w)
{
	struct waiting_region r = { .w = w };
	enum ctl_status status;
	struct region region;
	uint32_t i;

	if (!w->vectors)
		w->vectors = w->vector == IVSHMEM_VECTOR_ANY ? 1 : w->vector + 1;
	r.bells = calloc(w->vectors, sizeof(*r.bells));
	if (!r.bells) {
		error_set(w->err, -ENOMEM, "wait: no memory");
		return CTL_FAILED;
	}
	for (i = 0; i < w->vectors; i++)
		r.bells[i].handler.fd = -1;
	if (region_open(&region, w->where, false, w->err)) {
		free(r.bells);
		return CTL_FAILED;
	}
	status = region_wait(&r, &region);
	region_close(&region);
	for (i = 0; i < w->vectors; i++)
		if (r.bells[i].handler.fd >= 0)
			close(r.bells[i].handler.fd);
	free(r.bells);
	return status;
}

/* The others are taken too: the device can be read as long as there are any. */
static void device_ready(struct loop_handler *h, uint32_t events)
{
	struct waiting_device *at = container_of(h, struct waiting_device, handler);
	struct ivshmem_wait fired;
	int ret = device_take(&at->d, &fired);

	(void)events;
	if (!ret) {
		if (at->w->vector == IVSHMEM_VECTOR_ANY || at->w->vector == fired.vector)
			waiting_rung(at->w, fired.vector, fired.count);
		return;
	}
	if (ret == -ETIMEDOUT || ret == -EINTR)
		return;
	error_set(at->w->err, ret, "%s: %s", at->d.path, strerror(-ret));
	run_end(&at->w->run, CTL_FAILED);
}

static enum ctl_status device_wait(struct waiting_device *at)
{
	struct waiting *w = at->w;
	int ret;

	if (!at->d.info.interrupts) {
		error_set(w->err, 0, "%s has no interrupts, so nobody can ring here", at->d.path);
		return CTL_FAILED;
	}
	if (w->vector != IVSHMEM_VECTOR_ANY && w->vector >= at->d.info.interrupts) {
		error_set(w->err, 0, "wait: --vector %" PRIu32 ": %s has %" PRIu32 " vectors, "
			  "counted from 0", w->vector, at->d.path, at->d.info.interrupts);
		return CTL_USAGE;
	}
	at->handler = (struct loop_handler){ at->d.fd, EPOLLIN, device_ready };
	ret = loop_add(w->run.loop, &at->handler);
	if (ret) {
		error_set(w->err, ret, "%s: waiting: %s", at->d.path, strerror(-ret));
		return CTL_FAILED;
	}
	waiting_begin(w, at->d.info.position, at->d.info.interrupts);
	return waiting_loop(w);
}

static enum ctl_status waiting_at_device(struct waiting *w)
{
	struct waiting_device at = { .w = w };
	enum ctl_status status;

	if (device_open(&at.d, w->where, false, w->err))
		return CTL_FAILED;
	status = device_wait(&at);
	device_close(&at.d);
	return status;
}

static enum ctl_status wait_option(int option, char **argv, struct waiting *w, struct error *err)
{
	switch (option) {
	case WAIT_VECTOR:
		return option_number(argv[0], "--vector", optarg, 0, IVSHMEM_VECTORS_MAX - 1,
				     &w->vector, err);
	case WAIT_VECTORS:
		return option_number(argv[0], "--vectors", optarg, 1, IVSHMEM_VECTORS_MAX,
				     &w->vectors, err);
	case WAIT_COUNT:
		return option_number(argv[0], "--count", optarg, 1, UINT32_MAX - 1, &w->count, err);
	case WAIT_TIMEOUT:
		return option_seconds(argv[0], "--timeout", optarg, &w->timeout_ns, err);
	case WAIT_PEER:
		return option_number(argv[0], "--peer", optarg, 0, IVSHMEM_PEERS_MAX - 1, &w->peer,
				     err);
	case WAIT_JSON:
		w->json = true;
		return CTL_OK;
	default:
		return ctl_bad_option(option, argv, err);
	}
}

static enum ctl_status wait_operands(int argc, char **argv, struct waiting *w, struct error *err)
{
	if (argc - optind != 1) {
		error_set(err, 0, "wait: the NAME of a region or a device is wanted, such as "
			  "`ivshmemctl wait alpha`");
		return CTL_USAGE;
	}
	w->where = argv[optind];
	if (w->vectors && w->vector != IVSHMEM_VECTOR_ANY && w->vector >= w->vectors) {
		error_set(err, 0, "wait: --vector %" PRIu32 " is not one of --vectors %" PRIu32
			  ", which are counted from 0", w->vector, w->vectors);
		return CTL_USAGE;
	}
	if (!device_is_path(w->where))
		return region_name_check(w->where, err) ? CTL_USAGE : CTL_OK;
	if (!w->vectors && w->peer == IVSHMEM_PEER_ANY)
		return CTL_OK;
	error_set(err, 0, "wait: a device has the id and the vectors that its machine was started "
		  "with: leave --vectors and --peer out");
	return CTL_USAGE;
}

static enum ctl_status wait_run(int argc, char **argv, struct error *err)
{
	struct waiting w = {
		.vector = IVSHMEM_VECTOR_ANY, .peer = IVSHMEM_PEER_ANY, .err = err,
	};
	enum ctl_status status;
	int option;

	while ((option = getopt_long(argc, argv, ":", wait_options, NULL)) != -1) {
		status = wait_option(option, argv, &w, err);
		if (status)
			return status;
	}
	status = wait_operands(argc, argv, &w, err);
	if (status)
		return status;
	descriptors_raise();
	status = run_init(&w.run, w.timeout_ns, err);
	if (status)
		return status;
	status = device_is_path(w.where) ? waiting_at_device(&w) : waiting_at_region(&w);
	run_fini(&w.run);
	return status;
}

const struct ctl_command ctl_wait = {
	.name = "wait",
	.synopsis = "NAME|DEVICE [--vector K] [--vectors N] [--count N] [--timeout SECONDS]\n"
		    "             [--peer ID] [--json]",
	.summary = "is a peer and tells of each doorbell, as \"vector K: how many\"",
	.help =
	"On a host of the region NAME; in a guest by the DEVICE, such as /dev/ivshmem0. The own\n"
	"id is told first.\n\n"
	"  --vector K         only of vector K, counted from 0\n"
	"  --vectors N        have N of them (1, or what --vector needs); on a host\n"
	"  --count N          end after N doorbells (with Ctrl-C)\n"
	"  --timeout SECONDS  end with status 3 if they have not come by then\n"
	"  --peer ID          be the peer ID (the next that is free); on a host\n"
	"  --json             an object a line: {\"peer\", \"vectors\"}, then\n"
	"                     {\"vector\", \"count\"}\n",
	.run = wait_run,
};
