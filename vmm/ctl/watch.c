// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes as they come: those of a region are its events, those of a guest's device are found by
 * comparing, and made the same events.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "ctl/device.h"
#include "ctl/names.h"
#include "ctl/roster.h"
#include "ctl/run.h"
#include "ctl/watch.h"
#include "hostmem/membership.h"
#include "hostmem/region.h"
#include "json.h"
#include "util.h"

#define EVENTS	32

struct watch {
	struct run run;
	struct loop_handler news;
	struct roster roster;
	bool json;
	bool synced;			/* from here on it is news */
	struct error *err;
	/* Prints what more there is to know of who joined; NULL: nothing. */
	void (*describe)(const struct watch *w, const struct ivshmem_event *event);
};

struct region_watch {
	struct watch watch;
	struct region region;
	struct membership m;
};

struct device_watch {
	struct watch watch;
	struct device d;
};

static void watch_end(struct watch *w, int code, const char *where)
{
	error_set(w->err, code, "watching the peers of '%s': %s", where, strerror(-code));
	run_end(&w->run, CTL_FAILED);
}

static void print_begin(const struct watch *w, const char *what, uint32_t peer)
{
	printf(w->json ? "{\"event\": \"%s\", \"peer\": %" PRIu32 : "%s %" PRIu32, what, peer);
}

static void print_end(const struct watch *w)
{
	puts(w->json ? "}" : "");
}

static void print_left(const struct watch *w, uint32_t peer)
{
	print_begin(w, "left", peer);
	print_end(w);
}

static void print_joined(const struct watch *w, const struct ivshmem_event *event)
{
	print_begin(w, w->synced ? "joined" : "there", event->peer);
	if (w->describe)
		w->describe(w, event);
	print_end(w);
}

static void print_vectors(const struct watch *w, const struct ivshmem_event *event)
{
	print_begin(w, "vectors", event->peer);
	printf(w->json ? ", \"first\": %" PRIu32 ", \"count\": %" PRIu32 :
			 ": %" PRIu32 " on, %" PRIu32, event->first, event->count);
	print_end(w);
}

static void print_synced(const struct watch *w)
{
	if (w->json)
		printf("{\"event\": \"synced\", \"peers\": %zu}\n", w->roster.count);
	else
		printf("%zu peer%s; changes follow, Ctrl-C ends it.\n", w->roster.count,
		       w->roster.count == 1 ? "" : "s");
}

/* A peer found again after a RESYNC is no news, unless it is another by the same id. */
static int hear_joined(struct watch *w, const struct ivshmem_event *event)
{
	struct roster_peer *p = roster_find(&w->roster, event->peer);

	if (p && p->serial == event->serial) {
		p->unseen = false;
		return 0;
	}
	if (p) {
		print_left(w, p->peer);
		roster_del(&w->roster, p);
	}
	print_joined(w, event);
	return roster_add(&w->roster, event->peer, event->serial);
}

static void hear_left(struct watch *w, struct roster_peer *p)
{
	if (!p)
		return;
	print_left(w, p->peer);
	roster_del(&w->roster, p);
}

static void hear_synced(struct watch *w)
{
	struct roster_peer *p;

	while ((p = roster_unseen(&w->roster)))
		hear_left(w, p);
	if (!w->synced)
		print_synced(w);
	w->synced = true;
}

/* 0 or -ENOMEM */
static int watch_hear(struct watch *w, const struct ivshmem_event *event)
{
	switch (event->type) {
	case IVSHMEM_EVENT_RESYNC:
		roster_doubt(&w->roster);
		break;
	case IVSHMEM_EVENT_JOINED:
		return hear_joined(w, event);
	case IVSHMEM_EVENT_VECTORS:
		print_vectors(w, event);
		break;
	case IVSHMEM_EVENT_LEFT:
		hear_left(w, roster_find(&w->roster, event->peer));
		break;
	case IVSHMEM_EVENT_SYNCED:
		hear_synced(w);
		break;
	}
	return 0;
}

static enum ctl_status watch_loop(struct watch *w, int fd, uint32_t events,
				  void (*ready)(struct loop_handler *h, uint32_t events))
{
	enum ctl_status status = run_init(&w->run, 0, w->err);
	int ret;

	if (status)
		return status;
	w->news = (struct loop_handler){ fd, events, ready };
	ret = loop_add(w->run.loop, &w->news);
	if (!ret) {
		ready(&w->news, 0);
		status = run_loop(&w->run, w->err);
	} else {
		error_set(w->err, ret, "watching peers: %s", strerror(-ret));
		status = CTL_FAILED;
	}
	run_fini(&w->run);
	roster_fini(&w->roster);
	return status;
}

static void region_ready(struct loop_handler *h, uint32_t events)
{
	struct watch *w = container_of(h, struct watch, news);
	struct region_watch *r = container_of(w, struct region_watch, watch);
	struct ivshmem_event some[EVENTS];
	ssize_t n = membership_read(&r->m, some, EVENTS), i;
	int ret = 0;

	(void)events;
	for (i = 0; i < n && !ret; i++)
		ret = watch_hear(w, &some[i]);
	if (n < 0 && n != -EAGAIN)
		ret = n;
	if (ret)
		watch_end(w, ret, r->region.info.name);
	run_show(&w->run);
}

/* Who has left meanwhile can't be described. */
static void region_describe(const struct watch *w, const struct ivshmem_event *event)
{
	const struct region_watch *r = container_of(w, struct region_watch, watch);
	struct ivshmem_peer_info info = { .peer = event->peer };
	struct name_text command;
	bool known = !membership_next_peer(r->region.fd, &info) && info.serial == event->serial;

	if (!known)
		info = (struct ivshmem_peer_info){};
	command = name_of_process(info.pid);
	if (!w->json) {
		printf(": vectors %" PRIu32 ", user %s, pid %" PRIu32 ", %s", event->count,
		       known ? name_of_user(info.uid).text : "?", info.pid,
		       *command.text ? command.text : "?");
		return;
	}
	printf(", \"serial\": %" PRIu64 ", \"vectors\": %" PRIu32 ", \"pid\": %" PRIu32
	       ", \"command\": ", (uint64_t)event->serial, event->count, info.pid);
	json_string(stdout, *command.text ? command.text : NULL);
}

enum ctl_status watch_region(const char *name, bool json, struct error *err)
{
	struct region_watch r = {
		.watch = { .json = json, .err = err, .describe = region_describe },
	};
	struct membership_request req = { .flags = IVSHMEM_JOIN_OBSERVE, .peer = IVSHMEM_PEER_ANY };
	enum ctl_status status = CTL_FAILED;

	if (region_open(&r.region, name, true, err))
		return CTL_FAILED;
	if (!membership_join(&r.m, r.region.fd, name, &req, err)) {
		status = watch_loop(&r.watch, r.m.fd, EPOLLIN, region_ready);
		membership_leave(&r.m);
	}
	region_close(&r.region);
	return status;
}

/* How many have had an id stands for the serial of the one who has it now. */
static int device_compare(struct watch *w, const struct device_peers *peers)
{
	struct ivshmem_event event = { .type = IVSHMEM_EVENT_RESYNC };
	int ret = watch_hear(w, &event);
	size_t i;

	for (i = 0; i < peers->count && !ret; i++) {
		event = (struct ivshmem_event){
			.type = IVSHMEM_EVENT_JOINED,
			.peer = peers->list[i].peer,
			.serial = peers->list[i].generation,
		};
		ret = watch_hear(w, &event);
	}
	event = (struct ivshmem_event){ .type = IVSHMEM_EVENT_SYNCED };
	return ret ? ret : watch_hear(w, &event);
}

static void device_ready(struct loop_handler *h, uint32_t events)
{
	struct watch *w = container_of(h, struct watch, news);
	struct device_watch *at = container_of(w, struct device_watch, watch);
	struct device_peers peers;
	int ret;

	(void)events;
	if (device_peers_read(&peers, &at->d, w->err)) {
		run_end(&w->run, CTL_FAILED);
		return;
	}
	ret = peers.known ? device_compare(w, &peers) : -EOPNOTSUPP;
	if (ret == -EOPNOTSUPP) {
		error_set(w->err, ret, DEVICE_UNKNOWING, at->d.path);
		run_end(&w->run, CTL_FAILED);
	} else if (ret) {
		watch_end(w, ret, at->d.path);
	}
	device_peers_free(&peers);
	run_show(&w->run);
}

enum ctl_status watch_device(const char *path, bool json, struct error *err)
{
	struct device_watch at = { .watch = { .json = json, .err = err } };
	enum ctl_status status;

	if (device_open(&at.d, path, false, err))
		return CTL_FAILED;
	status = watch_loop(&at.watch, at.d.fd, EPOLLPRI, device_ready);
	device_close(&at.d);
	return status;
}
