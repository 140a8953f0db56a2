// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers and their doorbells. What one read() of the membership tells is one change of the model: it
 * is gathered in two lists, of what goes and of what comes, and carried out at the end.
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
#include <unistd.h>

#include "hostmem/membership.h"
#include "io/log.h"
#include "ivshmem_regs.h"
#include "util.h"

#define EVENTS_MAX	64		/* of one read() */
#define FDS_SPARE	64		/* numbers that are left for all else */

struct vector {
	int fd;				/* -1: stores to it come to us */
	unsigned int change;		/* that brought it, as @changes of the peers */
};

struct peer {
	uint64_t serial;		/* of its membership */
	uint32_t id;
	bool stale;			/* from before a RESYNC, and not named since */
	unsigned int nr;
	struct vector vectors[];
};

struct eventfds {
	struct memory_eventfd *v;
	unsigned int nr;
};

struct ivshmem_peers {
	struct ivshmem_peers_config config;
	struct membership me;
	struct loop_handler handler;
	struct log_limit limit;
	int fds_end;			/* numbers from here on are not for doorbells */
	struct peer **peers;		/* by id; NULL: absent */
	uint32_t end;			/* none from this id on */
	unsigned int changes;		/* made so far */

	/* each has room for @open, the descriptors that are not closed */
	unsigned int open, room;
	struct eventfds del, add;	/* of this change */
	int *unused;			/* detached, and to be closed when KVM knows */
	unsigned int nr_unused;
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

/* --- the lists --- */

static int grow(void *list, unsigned int room, size_t size)
{
	void **v = list, *bigger = reallocarray(*v, room, size);

	if (!bigger)
		return -ENOMEM;
	*v = bigger;
	return 0;
}

/* Room for one more descriptor, wherever it gets to in its life. */
static int make_room(struct ivshmem_peers *p)
{
	unsigned int room = p->room ? 2 * p->room : 64;

	if (p->open < p->room)
		return 0;
	if (grow(&p->del.v, room, sizeof(*p->del.v)) || grow(&p->add.v, room, sizeof(*p->add.v)) ||
	    grow(&p->unused, room, sizeof(*p->unused)))
		return -ENOMEM;
	p->room = room;
	return 0;
}

static struct memory_eventfd doorbell(uint32_t peer, unsigned int vector, int fd)
{
	return (struct memory_eventfd){
		.addr = IVSHMEM_DOORBELL,
		.size = 4,
		.match = true,
		.data = peer << IVSHMEM_DOORBELL_PEER_SHIFT | vector,
		.fd = fd,
	};
}

static struct vector *vector_of(const struct ivshmem_peers *p, const struct memory_eventfd *e)
{
	return &p->peers[e->data >> IVSHMEM_DOORBELL_PEER_SHIFT]->vectors[e->data & 0xffff];
}

/* Without memory all of them stay, and go with the next change. */
static void change_del(struct ivshmem_peers *p)
{
	int ret = memory_region_del_eventfds(p->config.regs, p->del.v, p->del.nr);

	if (ret)
		return;
	for (unsigned int i = 0; i < p->del.nr; i++)
		p->unused[p->nr_unused++] = p->del.v[i].fd;
	p->del.nr = 0;
}

/* Without memory none of them comes; stores to them come to us. */
static int change_add(struct ivshmem_peers *p)
{
	int ret = memory_region_add_eventfds(p->config.regs, p->add.v, p->add.nr);

	for (unsigned int i = 0; ret && i < p->add.nr; i++) {
		vector_of(p, &p->add.v[i])->fd = -1;
		close(p->add.v[i].fd);
		p->open--;
	}
	p->add.nr = 0;
	p->changes++;
	return ret;
}

/*
 * KVM takes back an eventfd by its descriptor, and does so late if a commit fails: until one does
 * not, no descriptor is closed.
 */
static void change_commit(struct ivshmem_peers *p)
{
	struct memory *mem = p->config.regs->mem;
	int ret, committed;

	if (!p->del.nr && !p->add.nr && !p->nr_unused)
		return;
	memory_transaction_begin(mem);
	change_del(p);
	ret = change_add(p);
	committed = memory_transaction_commit(mem);
	if (ret || committed)
		log_note(&p->limit, "region '%s': doorbells are not where they should be (%s): "
			 "they are slower", p->config.region, strerror(ret ? -ret : -committed));
	if (committed)
		return;
	memory_close_fds(p->unused, p->nr_unused);
	p->open -= p->nr_unused;
	p->nr_unused = 0;
}

/* --- a peer's doorbells --- */

/* One that was to come with this very change comes first, and then goes. */
static void vector_detach(struct ivshmem_peers *p, struct peer *peer, unsigned int vector)
{
	if (peer->vectors[vector].fd >= 0 && peer->vectors[vector].change == p->changes)
		change_commit(p);
	if (peer->vectors[vector].fd < 0)
		return;
	p->del.v[p->del.nr++] = doorbell(peer->id, vector, peer->vectors[vector].fd);
	peer->vectors[vector].fd = -1;
}

static void vector_attach(struct ivshmem_peers *p, struct peer *peer, unsigned int vector, int fd)
{
	p->add.v[p->add.nr++] = doorbell(peer->id, vector, fd);
	peer->vectors[vector] = (struct vector){ fd, p->changes };
	p->open++;
}

/* The same eventfd, under another number? Where the kernel does not tell it is not. */
static bool is_same_file(int a, int b)
{
	pid_t self = getpid();

	return !syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
}

/* A descriptor of a doorbell; -ENXIO: the peer has none there now. */
static int vector_open(struct ivshmem_peers *p, const struct peer *peer, unsigned int vector)
{
	int fd = make_room(p);

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
	int fd = vector_open(p, peer, vector), was = peer->vectors[vector].fd;

	if (fd >= 0 && was >= 0 && is_same_file(fd, was)) {
		close(fd);
		return 0;
	}
	vector_detach(p, peer, vector);
	if (fd < 0)
		return fd == -ENXIO || fd == -ESRCH ? 0 : fd;
	vector_attach(p, peer, vector, fd);
	return 0;
}

static void peer_update(struct ivshmem_peers *p, struct peer *peer, uint32_t first, uint32_t count)
{
	uint32_t end = first < peer->nr && count <= peer->nr - first ? first + count : peer->nr;
	int ret = 0;

	if (p->config.readonly)
		return;
	for (uint32_t vector = first; vector < end; vector++) {
		if (!ret)
			ret = vector_update(p, peer, vector);
		else
			vector_detach(p, peer, vector);
	}
	if (ret)
		log_note(&p->limit, "region '%s': no doorbell for each vector of peer %" PRIu32
			 " (%s): ringing it is slower; raise the limit of descriptors (ulimit -n)",
			 p->config.region, peer->id, strerror(-ret));
}

/* --- peers --- */

static struct peer *peer_find(const struct ivshmem_peers *p, uint32_t id)
{
	return id < p->end ? p->peers[id] : NULL;
}

static void peer_forget(struct ivshmem_peers *p, struct peer *peer)
{
	for (unsigned int vector = 0; vector < peer->nr; vector++)
		vector_detach(p, peer, vector);
	p->peers[peer->id] = NULL;
	p->config.changed(p->config.opaque, peer->id, false);
	free(peer);
}

/* No id is beyond the region's limit; who tells may be another module than was thought. */
static struct peer *peer_make(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = NULL;

	if (e->peer < p->config.max_peers && e->count <= IVSHMEM_VECTORS_MAX)
		peer = malloc(sizeof(*peer) + e->count * sizeof(peer->vectors[0]));
	if (!peer)
		return NULL;
	*peer = (struct peer){ .serial = e->serial, .id = e->peer, .nr = e->count };
	for (unsigned int vector = 0; vector < e->count; vector++)
		peer->vectors[vector].fd = -1;
	p->peers[e->peer] = peer;
	if (e->peer >= p->end)
		p->end = e->peer + 1;
	p->config.changed(p->config.opaque, peer->id, true);
	return peer;
}

static void event_joined(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = peer_find(p, e->peer);

	if (peer && (peer->serial != e->serial || peer->nr != e->count)) {
		peer_forget(p, peer);
		peer = NULL;
	}
	if (!peer)
		peer = peer_make(p, e);
	if (!peer)
		return;
	peer->stale = false;
	peer_update(p, peer, 0, peer->nr);
}

static void event_vectors(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = peer_find(p, e->peer);

	if (peer && peer->serial == e->serial)
		peer_update(p, peer, e->first, e->count);
}

static void event_left(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	struct peer *peer = peer_find(p, e->peer);

	if (peer && peer->serial == e->serial)
		peer_forget(p, peer);
}

static void event_resync(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	(void)e;
	for (uint32_t id = 0; id < p->end; id++)
		if (p->peers[id])
			p->peers[id]->stale = true;
}

static void event_synced(struct ivshmem_peers *p, const struct ivshmem_event *e)
{
	(void)e;
	for (uint32_t id = 0; id < p->end; id++)
		if (p->peers[id] && p->peers[id]->stale)
			peer_forget(p, p->peers[id]);
}

static void (*const events[])(struct ivshmem_peers *p, const struct ivshmem_event *e) = {
	[IVSHMEM_EVENT_RESYNC] = event_resync,
	[IVSHMEM_EVENT_SYNCED] = event_synced,
	[IVSHMEM_EVENT_JOINED] = event_joined,
	[IVSHMEM_EVENT_VECTORS] = event_vectors,
	[IVSHMEM_EVENT_LEFT] = event_left,
};

/* One read(). How many events, or -errno; @synced: whether the list is complete now. */
static ssize_t peers_read(struct ivshmem_peers *p, bool *synced)
{
	struct ivshmem_event list[EVENTS_MAX];
	ssize_t nr = membership_read(&p->me, list, EVENTS_MAX);

	for (ssize_t i = 0; i < nr; i++) {
		uint32_t type = list[i].type;

		if (type < ARRAY_SIZE(events) && events[type])
			events[type](p, &list[i]);
		*synced = type == IVSHMEM_EVENT_SYNCED || (*synced && type != IVSHMEM_EVENT_RESYNC);
	}
	change_commit(p);
	p->config.settled(p->config.opaque);
	return nr;
}

static void peers_ready(struct loop_handler *h, uint32_t revents)
{
	struct ivshmem_peers *p = container_of(h, struct ivshmem_peers, handler);
	bool synced = true;
	ssize_t nr = peers_read(p, &synced);

	(void)revents;
	if (nr > 0 || nr == -EAGAIN || nr == -EINTR)
		return;
	log_warn(NULL, "region '%s': its peers can't be followed any more: %s", p->config.region,
		 nr ? strerror(-nr) : "the membership has ended");
	loop_del(p->config.loop, h);
}

/* --- oneself --- */

int ivshmem_peers_create(struct ivshmem_peers **out, const struct ivshmem_peers_config *config)
{
	struct ivshmem_peers *p = calloc(1, sizeof(*p));
	struct rlimit limit;

	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->me.fd = -1;
	p->peers = calloc(config->max_peers ? config->max_peers : 1, sizeof(p->peers[0]));
	if (!p->peers) {
		free(p);
		return -ENOMEM;
	}
	memory_region_ring_by_device(config->regs);
	getrlimit(RLIMIT_NOFILE, &limit);
	p->fds_end = limit.rlim_cur > FDS_SPARE && limit.rlim_cur < INT32_MAX ?
		     (int)limit.rlim_cur - FDS_SPARE : INT32_MAX;
	*out = p;
	return 0;
}

/* One may ring oneself, whatever one may do to others. */
static int attach_own(struct ivshmem_peers *p)
{
	struct memory_eventfd *own = calloc(p->config.vectors, sizeof(*own));
	int ret;

	if (!own)
		return -ENOMEM;
	for (unsigned int vector = 0; vector < p->config.vectors; vector++)
		own[vector] = doorbell(p->me.peer, vector, p->config.fds[vector]);
	ret = memory_region_add_eventfds(p->config.regs, own, p->config.vectors);
	free(own);
	return ret;
}

static int peers_begin(struct ivshmem_peers *p)
{
	bool synced = false;
	ssize_t nr;
	int ret;

	p->handler = (struct loop_handler){
		.fd = p->me.fd, .events = EPOLLIN, .ready = peers_ready,
	};
	ret = attach_own(p);
	if (!ret)
		ret = loop_add(p->config.loop, &p->handler);
	if (ret)
		return ret;
	p->config.changed(p->config.opaque, p->me.peer, true);
	do
		nr = peers_read(p, &synced);
	while (nr > 0 && !synced);
	return nr < 0 && nr != -EAGAIN ? nr : 0;
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

static void fds_close(const struct eventfds *list)
{
	for (unsigned int i = 0; i < list->nr; i++)
		close(list->v[i].fd);
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
	if (p->handler.fd > 0)
		loop_del(p->config.loop, &p->handler);
	membership_leave(&p->me);
	for (uint32_t id = 0; id < p->end; id++)
		if (p->peers[id])
			peer_free(p->peers[id]);
	fds_close(&p->del);
	for (unsigned int i = 0; i < p->nr_unused; i++)
		close(p->unused[i]);
	free(p->del.v);
	free(p->add.v);
	free(p->unused);
	free(p->peers);
	free(p);
}
