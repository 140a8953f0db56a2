// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers and their doorbells. The main thread follows them in turns: one ends after some events or
 * some vectors, so that peers who come and go can't keep it from all else, and what a turn brought
 * is one change of the model. An event that could not be carried out is kept, and tried again.
 */
#include "hw/ivshmem_peers.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hostmem/membership.h"
#include "hw/ivshmem_bells.h"
#include "io/log.h"
#include "ivshmem_regs.h"
#include "util.h"

#define TURN_WORK	256u		/* events and vectors, but one event at least */
#define TURNS_AT_JOIN	64u		/* of reading who is there; the rest comes from the loop */
#define RETRY_NS	100000000	/* until memory may have come back */
#define FDS_SPARE	64		/* numbers that are left for all else */

struct peer {
	uint64_t serial;		/* of its membership */
	uint64_t resyncs;		/* when it was named last, as that of all peers */
	uint32_t id;
	unsigned int nr;
	struct bell vectors[];
};

struct ivshmem_peers {
	struct ivshmem_peers_config config;
	struct membership me;
	struct loop_handler news;	/* the membership; paused while @again is armed */
	struct loop_handler again;	/* a timer: something was left undone */
	struct log_limit limit;
	int fds_end;			/* numbers from here on are not for doorbells */
	struct bells bells;
	struct peer **peers;		/* by id; NULL: absent */
	uint32_t end;			/* none from this id on */

	struct ivshmem_event event;
	bool pending;			/* @event was read, and is not carried out */
	bool synced;			/* no list is being read */
	uint64_t resyncs;		/* lists begun: who was not named since is gone... */
	uint32_t swept;			/* ...and forgotten, below this id */
	unsigned int work;		/* of this turn: events and vectors */
};

uint32_t ivshmem_peers_self(const struct ivshmem_peers *p)
{
	return p->me.fd >= 0 ? p->me.peer : 0;
}

void ivshmem_peers_ring(const struct ivshmem_peers *p, uint32_t value)
{
	membership_ring(&p->me, value >> IVSHMEM_DOORBELL_PEER_SHIFT, 0, value & 0xffff);
}

void ivshmem_peers_raise(const struct ivshmem_peers *p, unsigned int vector)
{
	membership_ring(&p->me, p->me.peer, p->me.serial, vector);
}

/* --- a peer's doorbells --- */

/* The same eventfd, under another number? Where the kernel does not tell it is not. */
static bool is_same_file(int a, int b)
{
	pid_t self = getpid();

	return !syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
}

/* A descriptor of a doorbell; -ENXIO: the peer has none there now. */
static int vector_open(struct ivshmem_peers *p, const struct peer *peer, unsigned int vector)
{
	int fd = bells_reserve(&p->bells);

	if (!fd)
		fd = membership_get_doorbell(&p->me, peer->id, peer->serial, vector);
	if (fd < p->fds_end)
		return fd;
	close(fd);
	return -EMFILE;
}

/* -errno: stores to it come to us, and those to the vectors behind it may as well. */
static int vector_update(struct ivshmem_peers *p, struct peer *peer, unsigned int vector)
{
	struct bell *bell = &peer->vectors[vector];
	int fd = vector_open(p, peer, vector);

	if (fd >= 0 && bell->fd >= 0 && is_same_file(fd, bell->fd)) {
		close(fd);
		return 0;
	}
	bells_detach(&p->bells, bell, peer->id, vector);
	if (fd < 0)
		return fd == -ENXIO || fd == -ESRCH ? 0 : fd;
	bells_attach(&p->bells, bell, peer->id, vector, fd);
	return 0;
}

/* -ENOMEM: once more, later. With all else it is as it can be. */
static int peer_update(struct ivshmem_peers *p, struct peer *peer, uint32_t first, uint32_t count)
{
	uint32_t end = first < peer->nr && count <= peer->nr - first ? first + count : peer->nr;
	int ret = 0;

	if (p->config.readonly)
		return 0;
	p->work += end > first ? end - first : 0;
	for (uint32_t vector = first; vector < end; vector++) {
		if (!ret)
			ret = vector_update(p, peer, vector);
		else
			bells_detach(&p->bells, &peer->vectors[vector], peer->id, vector);
	}
	if (ret && ret != -ENOMEM)
		log_note(&p->limit, "region '%s': no doorbell for each vector of peer %" PRIu32
			 " (%s): ringing it is slower%s", p->config.region, peer->id,
			 strerror(-ret),
			 ret == -EMFILE ? "; raise the limit of descriptors (ulimit -n)" : "");
	return ret == -ENOMEM ? ret : 0;
}

/* --- peers --- */

static struct peer *peer_find(const struct ivshmem_peers *p, uint32_t id)
{
	return id < p->end ? p->peers[id] : NULL;
}

static void peer_forget(struct ivshmem_peers *p, struct peer *peer)
{
	for (unsigned int vector = 0; vector < peer->nr; vector++)
		bells_detach(&p->bells, &peer->vectors[vector], peer->id, vector);
	p->work += peer->nr;
	p->peers[peer->id] = NULL;
	p->config.changed(p->config.opaque, peer->id, false);
	free(peer);
}

/*
 * The list that is being read has named all up to @end, since it is in the order of ids. Who was
 * not among them is forgotten now: a list may be begun anew for ever, and never end.
 * -EINPROGRESS: not all of them yet.
 */
static int peers_sweep(struct ivshmem_peers *p, uint32_t end)
{
	for (; p->swept < end && p->swept < p->end; p->swept++) {
		struct peer *peer = p->peers[p->swept];

		if (!peer || peer->resyncs == p->resyncs)
			continue;
		if (p->work >= TURN_WORK)
			return -EINPROGRESS;
		peer_forget(p, peer);
	}
	return 0;
}

static struct peer *peer_make(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = malloc(sizeof(*peer) + e->count * sizeof(peer->vectors[0]));

	if (!peer)
		return NULL;
	*peer = (struct peer){ .serial = e->serial, .id = e->peer, .nr = e->count };
	for (unsigned int vector = 0; vector < e->count; vector++)
		peer->vectors[vector] = (struct bell){ -1, -1 };
	p->peers[e->peer] = peer;
	if (e->peer >= p->end)
		p->end = e->peer + 1;
	p->config.changed(p->config.opaque, peer->id, true);
	return peer;
}

/* --- what events bring: 0; or -EINPROGRESS, -ENOMEM: all of it is to be done again --- */

/* No id is beyond the region's limit; who tells may be another module than was thought. */
static int event_joined(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer;
	int ret;

	if (e->peer >= p->config.max_peers || e->count > IVSHMEM_VECTORS_MAX)
		return 0;
	ret = peers_sweep(p, e->peer);
	if (ret)
		return ret;
	peer = peer_find(p, e->peer);
	if (peer && (peer->serial != e->serial || peer->nr != e->count)) {
		peer_forget(p, peer);
		peer = NULL;
	}
	if (!peer)
		peer = peer_make(p, e);
	if (!peer)
		return -ENOMEM;
	peer->resyncs = p->resyncs;
	return peer_update(p, peer, 0, peer->nr);
}

static int event_vectors(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = peer_find(p, e->peer);

	return peer && peer->serial == e->serial ? peer_update(p, peer, e->first, e->count) : 0;
}

static int event_left(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = peer_find(p, e->peer);

	if (peer && peer->serial == e->serial)
		peer_forget(p, peer);
	return 0;
}

static int event_resync(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	(void)e;
	p->resyncs++;
	p->swept = 0;
	p->synced = false;
	return 0;
}

static int event_synced(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	int ret = peers_sweep(p, p->end);

	(void)e;
	p->synced = !ret;
	return ret;
}

static int (*const events[])(struct ivshmem_peers *p, const struct ivshmem_event *e) = {
	[IVSHMEM_EVENT_RESYNC] = event_resync,
	[IVSHMEM_EVENT_SYNCED] = event_synced,
	[IVSHMEM_EVENT_JOINED] = event_joined,
	[IVSHMEM_EVENT_VECTORS] = event_vectors,
	[IVSHMEM_EVENT_LEFT] = event_left,
};

/* --- turns --- */

/* The next event, unless one is left. -EAGAIN: there is none. */
static int event_read(struct ivshmem_peers *p)
{
	ssize_t nr = p->pending ? 1 : membership_read(&p->me, &p->event, 1);

	p->pending = nr > 0;
	if (nr == 0)
		return -ENODATA;
	return nr == -EINTR ? -EAGAIN : nr > 0 ? 0 : nr;
}

static int event_do(struct ivshmem_peers *p)
{
	uint32_t type = p->event.type;
	int ret = type < ARRAY_SIZE(events) && events[type] ? events[type](p, &p->event) : 0;

	p->pending = ret;
	p->work++;
	return ret;
}

/*
 * 0: there may be more to read; -EAGAIN: there is not; -EINPROGRESS: an event is half done;
 * -ENOMEM: something is, and to be tried again; or what came in the place of events.
 */
static int turn_take(struct ivshmem_peers *p)
{
	int ret = 0, committed;

	p->work = 0;
	while (!ret && p->work < TURN_WORK) {
		ret = event_read(p);
		if (!ret)
			ret = event_do(p);
	}
	committed = bells_commit(&p->bells);
	p->config.settled(p->config.opaque);
	if (!committed && ret != -ENOMEM)
		return ret;
	log_note(&p->limit, "region '%s': peers or their doorbells are not where they should be "
		 "yet (%s): ringing is slower until they are", p->config.region,
		 strerror(committed ? -committed : -ret));
	return -ENOMEM;
}

/* Go on when there is news; or in @ns, news or not. */
static void turn_next(struct ivshmem_peers *p, long ns)
{
	const struct itimerspec when = { .it_value.tv_nsec = ns };
	uint32_t events_wanted = ns ? 0 : EPOLLIN;

	if (ns || !p->news.events)
		timerfd_settime(p->again.fd, 0, &when, NULL);
	if (p->news.events == events_wanted)
		return;
	p->news.events = events_wanted;
	loop_mod(p->config.loop, &p->news);
}

/* 0, or -errno: there will be no other. */
static int peers_turn(struct ivshmem_peers *p)
{
	int ret = turn_take(p);

	switch (ret) {
	case 0:
	case -EAGAIN:
		turn_next(p, 0);
		return 0;
	case -EINPROGRESS:
		turn_next(p, 1);
		return 0;
	case -ENOMEM:
		turn_next(p, RETRY_NS);
		return 0;
	}
	return ret;
}

static void turn_or_end(struct ivshmem_peers *p)
{
	int ret = peers_turn(p);

	if (!ret)
		return;
	log_warn(NULL, "region '%s': its peers can't be followed any more: %s", p->config.region,
		 strerror(-ret));
	loop_del(p->config.loop, &p->news);
	loop_del(p->config.loop, &p->again);
}

static void news_ready(struct loop_handler *h, uint32_t revents)
{
	(void)revents;
	turn_or_end(container_of(h, struct ivshmem_peers, news));
}

static void again_ready(struct loop_handler *h, uint32_t revents)
{
	(void)revents;
	turn_or_end(container_of(h, struct ivshmem_peers, again));
}

/* --- oneself --- */

int ivshmem_peers_fds_end(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return limit.rlim_cur > FDS_SPARE ? (int)limit.rlim_cur - FDS_SPARE : 0;
}

static int peers_init(struct ivshmem_peers *p, const struct ivshmem_peers_config *config)
{
	p->config = *config;
	p->me.fd = -1;
	p->bells.regs = config->regs;
	p->fds_end = ivshmem_peers_fds_end();
	p->peers = calloc(config->max_peers ? config->max_peers : 1, sizeof(p->peers[0]));
	if (!p->peers)
		return -ENOMEM;
	p->again.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->again.fd < 0)
		return -errno;
	p->again.events = EPOLLIN;
	p->again.ready = again_ready;
	memory_region_ring_by_device(config->regs);
	return 0;
}

int ivshmem_peers_create(struct ivshmem_peers **out, const struct ivshmem_peers_config *config)
{
	struct ivshmem_peers *p = calloc(1, sizeof(*p));
	int ret = p ? peers_init(p, config) : -ENOMEM;

	if (!ret) {
		*out = p;
		return 0;
	}
	if (p)
		free(p->peers);
	free(p);
	return ret;
}

/* One may ring oneself, whatever one may do to others. */
static int attach_own(struct ivshmem_peers *p)
{
	struct memory_eventfd *own = calloc(p->config.vectors, sizeof(*own));
	int ret;

	if (!own)
		return -ENOMEM;
	for (unsigned int vector = 0; vector < p->config.vectors; vector++)
		own[vector] = bell_eventfd(p->me.peer, vector, p->config.fds[vector]);
	ret = memory_region_add_eventfds(p->config.regs, own, p->config.vectors);
	free(own);
	return ret;
}

static int peers_listen(struct ivshmem_peers *p)
{
	int ret;

	p->news = (struct loop_handler){
		.fd = p->me.fd, .events = EPOLLIN, .ready = news_ready,
	};
	ret = loop_add(p->config.loop, &p->news);
	return ret ? ret : loop_add(p->config.loop, &p->again);
}

static int peers_begin(struct ivshmem_peers *p)
{
	int ret = attach_own(p);

	if (!ret)
		ret = peers_listen(p);
	if (ret)
		return ret;
	p->config.changed(p->config.opaque, p->me.peer, true);
	for (unsigned int i = 0; !ret && !p->synced && i < TURNS_AT_JOIN; i++)
		ret = peers_turn(p);
	return ret;
}

int ivshmem_peers_join(struct ivshmem_peers *p, uint32_t wanted, struct error *err)
{
	const struct membership_request req = {
		.peer = wanted,
		.vectors = p->config.vectors,
		.fds = p->config.fds,
	};
	int ret = membership_join(&p->me, p->config.region_fd, p->config.region, &req, err);

	if (ret)
		return ret;
	ret = peers_begin(p);
	if (ret)
		return error_set(err, ret, "region '%s': its peers can't be followed: %s",
				 p->config.region, strerror(-ret));
	if (p->config.readonly)
		log_note(NULL, "the region '%s' is read-only for this user: the guest can't ring "
			 "its peers", p->config.region);
	return 0;
}

static void peer_free(struct peer *peer)
{
	for (unsigned int vector = 0; vector < peer->nr; vector++)
		if (peer->vectors[vector].fd >= 0)
			close(peer->vectors[vector].fd);
	free(peer);
}

void ivshmem_peers_destroy(struct ivshmem_peers *p)
{
	if (p->news.fd > 0) {
		loop_del(p->config.loop, &p->news);
		loop_del(p->config.loop, &p->again);
	}
	membership_leave(&p->me);
	for (uint32_t id = 0; id < p->end; id++)
		if (p->peers[id])
			peer_free(p->peers[id]);
	bells_fini(&p->bells);
	close(p->again.fd);
	free(p->peers);
	free(p);
}
