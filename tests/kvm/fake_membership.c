// SPDX-License-Identifier: GPL-2.0-only
/* A list of members and a queue of events each, under one lock. */
#include "fake_membership.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostmem/membership.h"

struct member {
	TAILQ_ENTRY(member) link;
	ino_t region;
	uint32_t id;
	uint64_t serial;
	int fd;				/* an eventfd: not 0 while events wait */
	struct ivshmem_event *events;
	size_t nr_events;
	unsigned int nr;		/* vectors */
	int fds[IVSHMEM_VECTORS_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, member) members = TAILQ_HEAD_INITIALIZER(members);
static uint64_t last_serial;
static uint32_t last_id = UINT32_MAX;
static int doorbells_left = -1;
static bool is_readonly;
static struct fake_counts counts;

static void event_push(struct member *to, uint32_t type, const struct member *of, uint32_t first,
		       uint32_t count)
{
	to->events = realloc(to->events, (to->nr_events + 1) * sizeof(to->events[0]));
	if (!to->events)
		abort();
	to->events[to->nr_events++] = (struct ivshmem_event){
		.type = type, .peer = of ? of->id : 0, .serial = of ? of->serial : 0,
		.first = first, .count = count,
	};
	eventfd_write(to->fd, 1);
}

static void tell_others(const struct member *of, uint32_t type, uint32_t first, uint32_t count)
{
	struct member *m;

	TAILQ_FOREACH(m, &members, link)
		if (m != of && m->region == of->region)
			event_push(m, type, of, first, count);
}

static void tell_all(struct member *to)
{
	struct member *m;

	event_push(to, IVSHMEM_EVENT_RESYNC, NULL, 0, 0);
	TAILQ_FOREACH(m, &members, link)
		if (m != to && m->region == to->region)
			event_push(to, IVSHMEM_EVENT_JOINED, m, 0, m->nr);
	event_push(to, IVSHMEM_EVENT_SYNCED, NULL, 0, 0);
}

static struct member *member_of(ino_t region, uint32_t id)
{
	struct member *m;

	TAILQ_FOREACH(m, &members, link)
		if (m->region == region && m->id == id)
			return m;
	return NULL;
}

static struct member *member_by_fd(int fd)
{
	struct member *m;

	TAILQ_FOREACH(m, &members, link)
		if (m->fd == fd)
			return m;
	abort();
}

static ino_t region_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		abort();
	return st.st_ino;
}

static struct member *member_new(int region_fd, const struct membership_request *req)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->region = region_of(region_fd);
	m->serial = ++last_serial;
	m->id = req->peer;
	if (m->id == IVSHMEM_PEER_ANY)
		m->id = ++last_id;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	m->nr = req->vectors;
	for (unsigned int i = 0; i < m->nr; i++)
		m->fds[i] = req->fds && req->fds[i] >= 0 ?
			    fcntl(req->fds[i], F_DUPFD_CLOEXEC, 0) : -1;
	return m;
}

/* In the order of ids, as lists of them are told. */
static void member_insert(struct member *m)
{
	struct member *next;

	TAILQ_FOREACH(next, &members, link)
		if (next->id > m->id)
			break;
	if (next)
		TAILQ_INSERT_BEFORE(next, m, link);
	else
		TAILQ_INSERT_TAIL(&members, m, link);
}

int membership_join(struct membership *out, int region_fd, const char *name,
		    const struct membership_request *req, struct error *err)
{
	struct member *m;

	pthread_mutex_lock(&lock);
	*out = (struct membership){ .fd = -1 };
	if (member_of(region_of(region_fd), req->peer)) {
		pthread_mutex_unlock(&lock);
		return error_arg(err, -EBUSY, "region '%s': the id is taken", name);
	}
	m = member_new(region_fd, req);
	member_insert(m);
	tell_others(m, IVSHMEM_EVENT_JOINED, 0, m->nr);
	tell_all(m);
	*out = (struct membership){ m->fd, m->id, m->nr, m->serial };
	pthread_mutex_unlock(&lock);
	return 0;
}

void membership_leave(struct membership *out)
{
	struct member *m;

	if (out->fd < 0)
		return;
	pthread_mutex_lock(&lock);
	m = member_by_fd(out->fd);
	TAILQ_REMOVE(&members, m, link);
	tell_others(m, IVSHMEM_EVENT_LEFT, 0, 0);
	for (unsigned int i = 0; i < m->nr; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	close(m->fd);
	free(m->events);
	free(m);
	out->fd = -1;
	pthread_mutex_unlock(&lock);
}

ssize_t membership_read(const struct membership *out, struct ivshmem_event *events, size_t max)
{
	struct member *m;
	eventfd_t any;
	size_t nr;

	pthread_mutex_lock(&lock);
	m = member_by_fd(out->fd);
	nr = m->nr_events < max ? m->nr_events : max;
	if (nr) {
		memcpy(events, m->events, nr * sizeof(events[0]));
		memmove(m->events, m->events + nr, (m->nr_events - nr) * sizeof(events[0]));
		m->nr_events -= nr;
		if (!m->nr_events)
			eventfd_read(m->fd, &any);
	}
	pthread_mutex_unlock(&lock);
	return nr ? (ssize_t)nr : -EAGAIN;
}

int fake_set_vector(const struct membership *out, uint32_t vector, int fd)
{
	struct member *m;

	pthread_mutex_lock(&lock);
	m = member_by_fd(out->fd);
	if (vector < m->nr) {
		if (m->fds[vector] >= 0)
			close(m->fds[vector]);
		m->fds[vector] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
		tell_others(m, IVSHMEM_EVENT_VECTORS, vector, 1);
	}
	pthread_mutex_unlock(&lock);
	return vector < m->nr ? 0 : -EINVAL;
}

/* The eventfd that is meant, or -errno; under the lock. */
static int doorbell_find(const struct membership *me, uint32_t peer, uint64_t serial,
			 uint32_t vector, bool own_too)
{
	const struct member *m = member_of(member_by_fd(me->fd)->region, peer);

	if (is_readonly && !(own_too && peer == me->peer))
		return -EPERM;
	if (!m || (serial && m->serial != serial))
		return -ESRCH;
	return vector < m->nr && m->fds[vector] >= 0 ? m->fds[vector] : -ENXIO;
}

int membership_get_doorbell(const struct membership *me, uint32_t peer, uint64_t serial,
			    uint32_t vector)
{
	int fd;

	pthread_mutex_lock(&lock);
	counts.gets++;
	fd = doorbells_left ? doorbell_find(me, peer, serial, vector, false) : -EMFILE;
	if (fd >= 0) {
		doorbells_left -= doorbells_left > 0;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

/* As the kernel does it: a full one stays as it is, and nobody waits. */
static void eventfd_raise(int fd)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };

	if (poll(&writable, 1, 0) == 1)
		eventfd_write(fd, 1);
}

int membership_ring(const struct membership *me, uint32_t peer, uint64_t serial, uint32_t vector)
{
	int fd;

	pthread_mutex_lock(&lock);
	fd = doorbell_find(me, peer, serial, vector, true);
	if (fd >= 0)
		eventfd_raise(fd);
	counts.rings += fd >= 0;
	counts.misses += fd < 0;
	pthread_mutex_unlock(&lock);
	return fd < 0 ? fd : 0;
}

void fake_overrun(uint32_t id)
{
	struct member *m;

	pthread_mutex_lock(&lock);
	TAILQ_FOREACH(m, &members, link) {
		if (m->id != id)
			continue;
		m->nr_events = 0;
		tell_all(m);
	}
	pthread_mutex_unlock(&lock);
}

void fake_doorbells_left(int nr)
{
	pthread_mutex_lock(&lock);
	doorbells_left = nr;
	pthread_mutex_unlock(&lock);
}

void fake_set_readonly(bool readonly)
{
	pthread_mutex_lock(&lock);
	is_readonly = readonly;
	pthread_mutex_unlock(&lock);
}

struct fake_counts fake_counts(void)
{
	struct fake_counts now;

	pthread_mutex_lock(&lock);
	now = counts;
	pthread_mutex_unlock(&lock);
	return now;
}

unsigned int fake_members(void)
{
	unsigned int nr = 0;
	struct member *m;

	pthread_mutex_lock(&lock);
	TAILQ_FOREACH(m, &members, link)
		nr++;
	pthread_mutex_unlock(&lock);
	return nr;
}
