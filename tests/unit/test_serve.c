// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server for QEMU's guests over a region that is made up here: its clients are told what the
 * protocol wants, in its order, whatever peers do; and no client harms another.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/lobby.h"
#include "ctl/run.h"
#include "ctl/server.h"
#include "hostmem/membership.h"
#include "scarce.h"
#include "unit.h"

#define MEMBERS		64
#define CLIENTS		4
#define EVENTS		512
#define VECTORS		3
#define PATIENCE_NS	500000000ULL
#define LONG_MS		60000
#define SHORT_MS	200		/* in which nothing shall come */

/* A membership of the region, the server's for a client or one of the test's own. */
struct member {
	bool alive;
	uint32_t peer, vectors;
	uint64_t serial;
	int fds[VECTORS];		/* -1: nothing attached */
	int news;			/* an eventfd while there are events */
	struct ivshmem_event events[EVENTS];
	unsigned int first, end;
};

static struct {
	pthread_mutex_t lock;		/* guards all */
	struct member members[MEMBERS];
	uint32_t next_peer;
	uint64_t last_serial;
	int doorbell_errno;		/* of as many lookups as follow */
	unsigned int doorbell_failures;
	unsigned int scarce;		/* allocations that fail once an event is read */
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void member_event(struct member *m, struct ivshmem_event event)
{
	if (m->news < 0)
		return;
	assert_true(m->end - m->first < EVENTS);
	m->events[m->end++ % EVENTS] = event;
	eventfd_write(m->news, 1);
}

static void others_event(const struct member *m, uint32_t type, uint32_t first, uint32_t count)
{
	struct ivshmem_event event = { type, m->peer, m->serial, first, count, 0 };

	for (size_t i = 0; i < MEMBERS; i++)
		if (fake.members[i].alive && &fake.members[i] != m)
			member_event(&fake.members[i], event);
}

/* All of the region again, as after an overrun. */
static void member_resync(struct member *m)
{
	m->first = m->end;
	member_event(m, (struct ivshmem_event){ .type = IVSHMEM_EVENT_RESYNC });
	for (uint32_t peer = 0; peer < IVSHMEM_PEERS_MAX; peer++)
		for (size_t i = 0; i < MEMBERS; i++)
			if (fake.members[i].alive && fake.members[i].peer == peer &&
			    &fake.members[i] != m)
				member_event(m, (struct ivshmem_event){
					.type = IVSHMEM_EVENT_JOINED, .peer = peer,
					.serial = fake.members[i].serial,
					.count = fake.members[i].vectors });
	member_event(m, (struct ivshmem_event){ .type = IVSHMEM_EVENT_SYNCED });
}

static struct member *member_add(uint32_t peer, uint32_t vectors, const int *fds, bool hears)
{
	struct member *m = fake.members;

	while (m->alive)
		m++;
	assert_true(m < fake.members + MEMBERS);
	*m = (struct member){
		.alive = true, .peer = peer, .vectors = vectors, .serial = ++fake.last_serial,
		.news = hears ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1,
	};
	for (uint32_t i = 0; i < vectors; i++)
		m->fds[i] = fds[i] < 0 ? -1 : dup(fds[i]);
	others_event(m, IVSHMEM_EVENT_JOINED, 0, vectors);
	if (hears)
		member_resync(m);
	return m;
}

static void member_del(struct member *m)
{
	others_event(m, IVSHMEM_EVENT_LEFT, 0, 0);
	for (uint32_t i = 0; i < m->vectors; i++)
		close(m->fds[i]);
	m->alive = false;
}

static struct member *member_of_peer(uint32_t peer)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (fake.members[i].alive && fake.members[i].peer == peer)
			return &fake.members[i];
	return NULL;
}

static struct member *member_of_fd(int fd)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (fake.members[i].alive && fake.members[i].news == fd)
			return &fake.members[i];
	fail_msg("no membership has the descriptor %d", fd);
	return NULL;
}

/* What the server is linked with in place of hostmem/membership.c. */
int membership_join(struct membership *m, int region_fd, const char *name,
		    const struct membership_request *req, struct error *err)
{
	struct member *member;

	(void)region_fd, (void)name, (void)err;
	pthread_mutex_lock(&fake.lock);
	member = member_add(fake.next_peer++, req->vectors, req->fds, true);
	*m = (struct membership){ member->news, member->peer, member->vectors, member->serial };
	pthread_mutex_unlock(&fake.lock);
	return m->fd < 0 ? -EMFILE : 0;
}

void membership_leave(struct membership *m)
{
	pthread_mutex_lock(&fake.lock);
	member_del(member_of_fd(m->fd));
	close(m->fd);
	pthread_mutex_unlock(&fake.lock);
}

ssize_t membership_read(const struct membership *m, struct ivshmem_event *events, size_t max)
{
	struct member *member;
	eventfd_t ignored;
	ssize_t n = 0;

	pthread_mutex_lock(&fake.lock);
	member = member_of_fd(m->fd);
	while ((size_t)n < max && member->first != member->end)
		events[n++] = member->events[member->first++ % EVENTS];
	if (member->first == member->end)
		eventfd_read(member->news, &ignored);
	if (n && fake.scarce) {
		scarce_begin(0, fake.scarce);
		fake.scarce = 0;
	}
	pthread_mutex_unlock(&fake.lock);
	return n ? n : -EAGAIN;
}

static int doorbell_find(uint32_t peer, uint64_t serial, uint32_t vector)
{
	const struct member *m = member_of_peer(peer);
	int fd;

	if (fake.doorbell_failures && fake.doorbell_failures--)
		return -fake.doorbell_errno;
	if (!m || m->serial != serial)
		return -ESRCH;
	if (vector >= m->vectors || m->fds[vector] < 0)
		return -ENXIO;
	fd = fcntl(m->fds[vector], F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int membership_get_doorbell(const struct membership *m, uint32_t peer, uint64_t serial,
			    uint32_t vector)
{
	int fd;

	(void)m;
	pthread_mutex_lock(&fake.lock);
	fd = doorbell_find(peer, serial, vector);
	pthread_mutex_unlock(&fake.lock);
	return fd;
}

/* A server in a thread of its own, and where it listens. */
struct fixture {
	char dir[32], path[48];
	struct loop *loop;
	struct server_spec spec;
	struct server *server;
	pthread_t thread;
	int bells[VECTORS];		/* of the test's own peers */
};

static void *serve_thread(void *opaque)
{
	struct fixture *f = opaque;

	assert_ok(loop_run(f->loop));
	return NULL;
}

static void serve_start(struct fixture *f)
{
	struct listener_spec spec = { f->path, 0600, -1, -1 };
	struct error err;

	assert_ok(loop_create(&f->loop));
	assert_ok(listener_open(&f->spec.listener, &spec, &err));
	assert_ok(server_create(&f->server, f->loop, &f->spec));
	assert_ok(pthread_create(&f->thread, NULL, serve_thread, f));
}

static void serve_stop(struct fixture *f)
{
	loop_stop(f->loop);
	assert_ok(pthread_join(f->thread, NULL));
	server_destroy(f->server);
	listener_close(&f->spec.listener);
	loop_destroy(f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/serve-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	memset(fake.members, 0, sizeof(fake.members));
	fake.next_peer = 10;
	f->spec = (struct server_spec){
		.name = "fake", .region_fd = -1, .memory_fd = memfd_create("pages", 0),
		.vectors = VECTORS, .max_clients = CLIENTS, .patience_ns = PATIENCE_NS,
	};
	assert_ok(ftruncate(f->spec.memory_fd, 8192));
	for (size_t i = 0; i < VECTORS; i++)
		f->bells[i] = eventfd(0, EFD_NONBLOCK);
	serve_start(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	serve_stop(f);
	for (size_t i = 0; i < MEMBERS; i++)
		if (fake.members[i].alive)
			member_del(&fake.members[i]);
	for (size_t i = 0; i < VECTORS; i++)
		close(f->bells[i]);
	close(f->spec.memory_fd);
	assert_ok(rmdir(f->dir));
	free(f);
	return 0;
}

static struct member *peer_join(struct fixture *f, uint32_t peer, uint32_t vectors)
{
	struct member *m;

	pthread_mutex_lock(&fake.lock);
	m = member_add(peer, vectors, f->bells, false);
	pthread_mutex_unlock(&fake.lock);
	return m;
}

static void peer_leave(struct member *m)
{
	pthread_mutex_lock(&fake.lock);
	member_del(m);
	pthread_mutex_unlock(&fake.lock);
}

static int client_connect(const struct fixture *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, f->path);
	assert_ok(connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, ms) > 0;
}

/* The next message's value, and its descriptor or -1. */
static int64_t message_take(int client, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	int64_t value;
	struct iovec data = { &value, sizeof(value) };
	struct msghdr msg = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	assert_true(readable(client, LONG_MS));
	assert_int_equal(recvmsg(client, &msg, MSG_CMSG_CLOEXEC), sizeof(value));
	assert_int_equal(msg.msg_flags & MSG_CTRUNC, 0);
	*fd = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return le64toh(value);
}

static void expect_plain(int client, int64_t value)
{
	int fd;

	assert_int_equal(message_take(client, &fd), value);
	assert_int_equal(fd, -1);
}

/* A message with a descriptor that raises @bell; -1: whatever it raises, returned. */
static int expect_bell(int client, int64_t peer, int bell)
{
	eventfd_t count;
	int fd;

	assert_int_equal(message_take(client, &fd), peer);
	assert_true(fd >= 0);
	if (bell < 0)
		return fd;
	assert_ok(eventfd_write(fd, 1));
	assert_ok(eventfd_read(bell, &count));
	close(fd);
	return -1;
}

static void expect_peer(int client, const struct fixture *f, int64_t peer, uint32_t vectors)
{
	for (uint32_t i = 0; i < vectors; i++)
		expect_bell(client, peer, f->bells[i]);
}

static void expect_nothing(int client)
{
	assert_false(readable(client, SHORT_MS));
}

static void expect_end(int client)
{
	char byte;

	assert_true(readable(client, LONG_MS));
	assert_true(recv(client, &byte, 1, 0) <= 0);
	close(client);
}

/* The first three messages; the id in them. */
static int64_t expect_greeting(int client)
{
	struct stat st;
	int64_t id;
	int fd;

	expect_plain(client, 0);
	id = message_take(client, &fd);
	assert_int_equal(fd, -1);
	assert_int_equal(message_take(client, &fd), -1);
	assert_ok(fstat(fd, &st));
	assert_int_equal(st.st_size, 8192);
	close(fd);
	return id;
}

/* Own descriptors, each another; the first one. */
static int expect_own(int client, int64_t id)
{
	int first = expect_bell(client, id, -1);

	for (uint32_t i = 1; i < VECTORS; i++)
		close(expect_bell(client, id, -1));
	return first;
}

static int client_start(const struct fixture *f, int64_t *id)
{
	int client = client_connect(f);

	*id = expect_greeting(client);
	close(expect_own(client, *id));
	return client;
}

static void first_messages(void **state)
{
	struct fixture *f = *state;
	int client;
	int64_t id;

	peer_join(f, 7, 2);
	peer_join(f, 2, VECTORS);
	client = client_connect(f);
	id = expect_greeting(client);
	assert_int_equal(id, 10);
	expect_peer(client, f, 2, VECTORS);
	expect_peer(client, f, 7, 2);
	close(expect_own(client, id));
	expect_nothing(client);
	close(client);
}

static void later_peers(void **state)
{
	struct fixture *f = *state;
	struct member *m;
	int64_t id;
	int client = client_start(f, &id);

	m = peer_join(f, 3, VECTORS);
	expect_peer(client, f, 3, VECTORS);
	peer_leave(m);
	expect_plain(client, 3);
	expect_nothing(client);
	close(client);
}

static void clients_hear_of_each_other(void **state)
{
	struct fixture *f = *state;
	int one = client_connect(f), two, own, theirs;
	int64_t one_id = expect_greeting(one), two_id;
	eventfd_t count;

	own = expect_own(one, one_id);
	two = client_connect(f);
	two_id = expect_greeting(two);
	theirs = expect_bell(two, one_id, -1);
	assert_ok(eventfd_write(theirs, 5));
	assert_ok(eventfd_read(own, &count));
	assert_int_equal(count, 5);
	for (uint32_t i = 1; i < VECTORS; i++)
		close(expect_bell(two, one_id, -1));
	close(expect_own(two, two_id));
	for (uint32_t i = 0; i < VECTORS; i++)
		close(expect_bell(one, two_id, -1));
	close(two);
	expect_plain(one, two_id);
	close(own);
	close(theirs);
	close(one);
}

/* QEMU would free twice what it keeps of that id. Who never heard of it has no trouble. */
static void ids_that_come_back(void **state)
{
	struct fixture *f = *state;
	int client, other;
	struct member *m;
	int64_t id;

	client = client_start(f, &id);
	m = peer_join(f, 3, 1);
	expect_peer(client, f, 3, 1);
	peer_leave(m);
	expect_plain(client, 3);
	m = peer_join(f, 3, 1);
	expect_nothing(client);
	other = client_connect(f);
	expect_greeting(other);
	expect_peer(other, f, 3, 1);
	for (uint32_t i = 0; i < VECTORS; i++)
		close(expect_bell(client, id + 1, -1));
	peer_leave(m);
	expect_nothing(client);
	close(other);
	expect_plain(client, id + 1);
	close(client);
}

/* Joined and left twice, others left, joined, replaced: what is told is the difference. */
static void after_an_overrun(void **state)
{
	struct fixture *f = *state;
	struct member *stays, *leaves, *replaced, *mute;
	int64_t id;
	int client = client_start(f, &id);

	stays = peer_join(f, 1, 2);
	leaves = peer_join(f, 2, 1);
	replaced = peer_join(f, 3, 1);
	mute = peer_join(f, 5, 0);
	expect_peer(client, f, 1, 2);
	expect_peer(client, f, 2, 1);
	expect_peer(client, f, 3, 1);
	pthread_mutex_lock(&fake.lock);
	member_del(leaves);
	member_del(replaced);
	member_del(mute);
	member_add(3, 1, f->bells, false);
	member_add(4, 1, f->bells, false);
	member_add(5, 1, f->bells, false);
	member_resync(member_of_peer(id));
	pthread_mutex_unlock(&fake.lock);
	expect_plain(client, 3);
	expect_peer(client, f, 4, 1);
	expect_peer(client, f, 5, 1);
	expect_plain(client, 2);
	expect_nothing(client);
	peer_leave(stays);
	expect_plain(client, 1);
	close(client);
}

/*
 * An id is given anew at once to who wants it: a RESYNC tells of another serial, and what is heard
 * of that one is nothing for a client who knew the first.
 */
static void id_of_another(void **state)
{
	struct fixture *f = *state;
	struct member *m;
	int64_t id;
	int client = client_start(f, &id);

	m = peer_join(f, 3, 1);
	expect_peer(client, f, 3, 1);
	for (size_t i = 0; i < 2; i++) {
		pthread_mutex_lock(&fake.lock);
		member_del(m);
		m = member_add(3, VECTORS, f->bells, false);
		member_resync(member_of_peer(id));
		others_event(m, IVSHMEM_EVENT_VECTORS, 0, VECTORS);
		pthread_mutex_unlock(&fake.lock);
	}
	expect_plain(client, 3);
	peer_leave(m);
	peer_join(f, 4, 1);
	expect_peer(client, f, 4, 1);
	expect_nothing(client);
	close(client);
}

/* The first's descriptors are under way when the id is another's: it leaves, and that is all. */
static void id_of_another_in_between(void **state)
{
	struct fixture *f = *state;
	struct member *m;
	int64_t id;
	int client = client_start(f, &id), bell = f->bells[1];

	f->bells[1] = -1;
	m = peer_join(f, 3, VECTORS);
	f->bells[1] = bell;
	expect_bell(client, 3, f->bells[0]);
	pthread_mutex_lock(&fake.lock);
	member_del(m);
	member_add(3, VECTORS, f->bells, false);
	member_resync(member_of_peer(id));
	pthread_mutex_unlock(&fake.lock);
	expect_plain(client, 3);
	expect_nothing(client);
	close(client);
}

/* What a newer module may tell of a peer, even with another serial, is not for this server. */
static void news_of_another_kind(void **state)
{
	struct fixture *f = *state;
	struct member *m;
	int64_t id;
	int client = client_start(f, &id);

	m = peer_join(f, 3, 1);
	expect_peer(client, f, 3, 1);
	pthread_mutex_lock(&fake.lock);
	m->serial++;
	others_event(m, IVSHMEM_EVENT_LEFT + 1, 0, 0);
	m->serial--;
	pthread_mutex_unlock(&fake.lock);
	expect_nothing(client);
	peer_leave(m);
	expect_plain(client, 3);
	close(client);
}

/* A client counts: what has a hole before it has to wait. */
static void vectors_in_their_order(void **state)
{
	struct fixture *f = *state;
	struct member *m;
	int64_t id;
	int client = client_start(f, &id), bell = f->bells[1];

	f->bells[1] = -1;
	m = peer_join(f, 3, VECTORS);
	f->bells[1] = bell;
	expect_bell(client, 3, f->bells[0]);
	expect_nothing(client);
	pthread_mutex_lock(&fake.lock);
	m->fds[1] = dup(bell);
	others_event(m, IVSHMEM_EVENT_VECTORS, 1, 1);
	pthread_mutex_unlock(&fake.lock);
	expect_bell(client, 3, f->bells[1]);
	expect_bell(client, 3, f->bells[2]);
	peer_leave(m);
	expect_plain(client, 3);
	close(client);
}

static void peers_without_vectors(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	peer_leave(peer_join(f, 3, 0));
	expect_nothing(client);
	peer_join(f, 3, 1);
	expect_peer(client, f, 3, 1);
	close(client);
}

static void client_that_sends(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	assert_int_equal(send(client, "x", 1, 0), 1);
	expect_end(client);
}

static void client_that_closes_half(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	assert_ok(shutdown(client, SHUT_WR));
	expect_end(client);
}

static void client_that_reads_no_more(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	assert_ok(shutdown(client, SHUT_RD));
	peer_join(f, 3, VECTORS);
	while (1) {
		pthread_mutex_lock(&fake.lock);
		if (!member_of_peer(id))
			break;
		pthread_mutex_unlock(&fake.lock);
		expect_nothing(f->bells[0]);
	}
	pthread_mutex_unlock(&fake.lock);
	close(client);
}

/* The next message of @peer, past that of another who @left; whether it has a descriptor. */
static bool told_of(int client, int64_t peer, int64_t other, bool *left)
{
	int64_t value;
	int fd;

	while ((value = message_take(client, &fd)) == other) {
		assert_int_equal(fd, -1);
		*left = true;
	}
	assert_int_equal(value, peer);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* It takes nothing; the other is told everything meanwhile, and then that it is gone. */
static void slow_client(void **state)
{
	struct fixture *f = *state;
	int slow = client_connect(f), quick, fd;
	int64_t slow_id = expect_greeting(slow), id;
	bool slow_left = false;

	quick = client_connect(f);
	id = expect_greeting(quick);
	for (uint32_t i = 0; i < VECTORS; i++)
		close(expect_bell(quick, slow_id, -1));
	close(expect_own(quick, id));
	for (uint32_t peer = 100; peer < 150; peer++) {
		peer_join(f, peer, VECTORS);
		for (uint32_t i = 0; i < VECTORS; i++)
			assert_true(told_of(quick, peer, slow_id, &slow_left));
	}
	if (!slow_left)
		assert_int_equal(message_take(quick, &fd), slow_id);
	close(quick);
	close(slow);
}

static void too_many_clients(void **state)
{
	struct fixture *f = *state;
	int clients[CLIENTS];

	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(f);
		assert_int_equal(expect_greeting(clients[i]), 10 + i);
	}
	expect_end(client_connect(f));
	for (size_t i = 0; i < CLIENTS; i++)
		close(clients[i]);
}

static uint32_t ids_given(void)
{
	uint32_t n;

	pthread_mutex_lock(&fake.lock);
	n = fake.next_peer - 10;
	pthread_mutex_unlock(&fake.lock);
	return n;
}

/* Ids are no more than the burst and what time has brought; then it goes on. */
static void client_that_comes_and_goes(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = run_now_ns(), intervals;
	int client;

	for (size_t i = 0; i < 4 * LOBBY_BURST; i++)
		close(client_connect(f));
	client = client_connect(f);
	while (!readable(client, SHORT_MS) || recv(client, &intervals, 1, MSG_PEEK) <= 0) {
		close(client);
		client = client_connect(f);
	}
	intervals = (run_now_ns() - begin) / LOBBY_INTERVAL_NS + 1;
	assert_true(ids_given() <= LOBBY_BURST + intervals);
	expect_greeting(client);
	close(client);
}

/* A socket of a pair, of which @other is the other end. */
static int call(int *other)
{
	int pair[2];

	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	*other = pair[1];
	return pair[0];
}

#define HOUR_NS	3600000000000ULL

static void lobby_pace(void **state)
{
	struct lobby l;
	int other, last, fd;

	(void)state;
	lobby_init(&l);
	for (size_t i = 0; i < LOBBY_BURST; i++) {
		fd = call(&other);
		assert_ok(lobby_enter(&l, fd, 1, 1));
		assert_int_equal(lobby_next(&l, HOUR_NS), fd);
		close(fd);
		close(other);
	}
	fd = call(&other);
	assert_ok(lobby_enter(&l, fd, 1, 1));
	assert_int_equal(lobby_next(&l, HOUR_NS), -1);
	/* another user passes, and more of the first are too many */
	assert_int_equal(lobby_enter(&l, dup(other), 1, 1), -EBUSY);
	last = dup(other);
	assert_ok(lobby_enter(&l, last, 2, 1));
	assert_int_equal(l.count, 2);
	assert_int_equal(lobby_next(&l, HOUR_NS), last);
	close(last);
	assert_int_equal(lobby_next(&l, HOUR_NS + LOBBY_INTERVAL_NS - 1), -1);
	assert_int_equal(lobby_next(&l, HOUR_NS + LOBBY_INTERVAL_NS), fd);
	assert_int_equal(l.count, 0);
	close(fd);
	close(other);
	/* nobody is remembered for ever */
	assert_int_equal(lobby_next(&l, 2 * HOUR_NS), -1);
	assert_null(l.users);
	lobby_fini(&l);
}

static void lobby_callers_that_go(void **state)
{
	struct lobby l;
	int gone, talks, stays, fd;

	(void)state;
	lobby_init(&l);
	assert_ok(lobby_enter(&l, call(&gone), 1, 3));
	assert_ok(lobby_enter(&l, call(&talks), 1, 3));
	fd = call(&stays);
	assert_ok(lobby_enter(&l, fd, 1, 3));
	close(gone);
	assert_int_equal(send(talks, "x", 1, 0), 1);
	assert_int_equal(lobby_next(&l, HOUR_NS), fd);
	assert_int_equal(l.count, 0);
	assert_int_equal(recv(talks, &gone, 1, 0), -1);
	close(talks);
	/* whoever is in it at the end is closed */
	assert_ok(lobby_enter(&l, fd, 1, 1));
	lobby_fini(&l);
	assert_int_equal(recv(stays, &gone, 1, 0), 0);
	close(stays);
}

static void lobby_without_memory(void **state)
{
	struct lobby l;
	int other;

	(void)state;
	lobby_init(&l);
	for (unsigned int good = 0; good < 2; good++) {
		int fd = call(&other);

		scarce_begin(good, 1);
		assert_int_equal(lobby_enter(&l, fd, 1, 1), -ENOMEM);
		assert_int_equal(scarce_end(), 1);
		assert_int_equal(recv(other, &fd, 1, 0), 0);
		close(other);
	}
	assert_int_equal(l.count, 0);
	assert_int_equal(lobby_next(&l, HOUR_NS), -1);
	lobby_fini(&l);
}

/* Messages that are under way to a client when it is dropped, having taken none. */
static unsigned int under_way(struct fixture *f, rlim_t descriptors)
{
	struct rlimit old, limit;
	struct pollfd p = { .events = POLLRDHUP };
	int bytes;

	serve_stop(f);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	limit = (struct rlimit){ descriptors, old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &limit));
	serve_start(f);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	p.fd = client_connect(f);
	assert_int_equal(poll(&p, 1, LONG_MS), 1);
	assert_ok(ioctl(p.fd, FIONREAD, &bytes));
	close(p.fd);
	return bytes / 8;
}

/* Where there are few descriptors for them, less is under way to each client. */
static void few_under_way(void **state)
{
	struct fixture *f = *state;
	unsigned int n;

	for (uint32_t peer = 100; peer < 130; peer++)
		peer_join(f, peer, VECTORS);
	n = under_way(f, 256 * CLIENTS);
	assert_in_range(n, 13, 42);
	n = under_way(f, 12 * CLIENTS);
	assert_in_range(n, 3, 12);
}

/* The kernel gives an event once, and it is not lost if there is no memory for it. */
static void peers_that_come_late(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	pthread_mutex_lock(&fake.lock);
	fake.scarce = 2;
	member_add(3, VECTORS, f->bells, false);
	member_add(4, 1, f->bells, false);
	pthread_mutex_unlock(&fake.lock);
	expect_peer(client, f, 3, VECTORS);
	expect_peer(client, f, 4, 1);
	expect_nothing(client);
	close(client);
}

/* A lookup that fails for want of something is tried again, and nothing else is told instead. */
static void doorbells_that_come_late(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	pthread_mutex_lock(&fake.lock);
	fake.doorbell_errno = ENFILE;
	fake.doorbell_failures = 2;
	member_add(3, VECTORS, f->bells, false);
	pthread_mutex_unlock(&fake.lock);
	expect_peer(client, f, 3, VECTORS);
	expect_nothing(client);
	close(client);
}

static void restarted(void **state)
{
	struct fixture *f = *state;
	int64_t id;
	int client = client_start(f, &id);

	serve_stop(f);
	assert_int_equal(access(f->path, F_OK), -1);
	expect_end(client);
	serve_start(f);
	client = client_connect(f);
	assert_int_equal(expect_greeting(client), id + 1);
	close(client);
}

/* Listening at @path: what it gives; a @fault has to be in the message. */
static int listens(struct listener *l, const char *path, mode_t mode, const char *fault)
{
	struct listener_spec spec = { path, mode, -1, -1 };
	struct error err = {};
	int ret = listener_open(l, &spec, &err);

	if (ret && !strstr(err.text, fault))
		fail_msg("'%s' instead of '%s'", err.text, fault);
	return ret;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_ok(lstat(path, &st));
	return st.st_mode;
}

static unsigned int files_in(const char *dir)
{
	unsigned int n = 0;
	DIR *d = opendir(dir);

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void socket_mode(void **state)
{
	struct fixture *f = *state;
	mode_t old = umask(0777);
	struct listener l;
	char path[64];

	snprintf(path, sizeof(path), "%s/mode", f->dir);
	assert_ok(listens(&l, path, 0624, ""));
	assert_int_equal(mode_of(path), S_IFSOCK | 0624);
	assert_int_equal(umask(old), 0777);
	listener_close(&l);
	assert_int_equal(files_in(f->dir), 1);
}

static void socket_of_a_killed_server(void **state)
{
	struct fixture *f = *state;
	struct listener killed, l;
	char path[64];

	snprintf(path, sizeof(path), "%s/stale", f->dir);
	assert_ok(listens(&killed, path, 0600, ""));
	close(killed.fd);
	assert_ok(listens(&l, path, 0666, ""));
	assert_int_equal(mode_of(path), S_IFSOCK | 0666);
	assert_int_equal(files_in(f->dir), 2);
	listener_close(&l);
	assert_int_equal(files_in(f->dir), 1);
}

/* A socket at @path that nobody listens at, or somebody does; made @age_s ago. */
static int socket_of_age(const char *path, time_t age_s, bool listening)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { time(NULL) - age_s, 0 } };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_ok(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	assert_ok(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
	if (listening)
		assert_ok(listen(fd, 1));
	return fd;
}

/* Killed before its socket was in its place: only such leftovers are removed. */
static void sockets_of_killed_beginners(void **state)
{
	static const struct {
		const char *name;
		time_t age_s;
		bool listening, stays;
	} sockets[] = {
		{ "s2.0123abcd", 3600, false, false },
		{ "s2.ffffffff", 3600, false, false },
		{ "s2.01234567", 1, false, true },
		{ "s2.01234568", 3600, true, true },
		{ "s2.0123456", 3600, false, true },
		{ "s2.012345678", 3600, false, true },
		{ "s2.0123456x", 3600, false, true },
		{ "s2_01234567", 3600, false, true },
		{ "s.01234567", 3600, false, true },
		{ "s22.01234567", 3600, false, true },
	};
	struct fixture *f = *state;
	struct listener l;
	char path[64];
	int fds[10];

	for (size_t i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, sockets[i].name);
		fds[i] = socket_of_age(path, sockets[i].age_s, sockets[i].listening);
	}
	snprintf(path, sizeof(path), "%s/s2", f->dir);
	assert_ok(listens(&l, path, 0600, ""));
	listener_close(&l);
	for (size_t i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, sockets[i].name);
		assert_int_equal(unlink(path), sockets[i].stays ? 0 : -1);
		close(fds[i]);
	}
}

/* A file is nobody's socket, old or not. */
static void file_of_such_a_name(void **state)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1 } };
	struct fixture *f = *state;
	struct listener l;
	char path[64];

	snprintf(path, sizeof(path), "%s/s2.01234567", f->dir);
	assert_ok(mknod(path, S_IFREG | 0600, 0));
	assert_ok(utimensat(AT_FDCWD, path, times, 0));
	snprintf(path, sizeof(path), "%s/s2", f->dir);
	assert_ok(listens(&l, path, 0600, ""));
	listener_close(&l);
	snprintf(path, sizeof(path), "%s/s2.01234567", f->dir);
	assert_ok(unlink(path));
}

static void socket_of_another(void **state)
{
	struct fixture *f = *state;
	struct listener l;
	int64_t id;
	int client;

	assert_int_equal(listens(&l, f->path, 0666, "somebody listens at"), -EADDRINUSE);
	assert_int_equal(mode_of(f->path), S_IFSOCK | 0600);
	assert_int_equal(files_in(f->dir), 1);
	client = client_connect(f);
	id = expect_greeting(client);
	assert_true(id >= 10);
	close(client);
}

static void datagram_socket(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct listener l;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/datagram", f->dir);
	assert_ok(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	assert_int_equal(listens(&l, addr.sun_path, 0666, "somebody listens"), -EADDRINUSE);
	assert_ok(unlink(addr.sun_path));
	close(fd);
}

static void other_things_at_the_path(void **state)
{
	struct fixture *f = *state;
	struct listener l;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/other", f->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0640);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(listens(&l, path, 0600, "is there and is no socket"), -EEXIST);
	assert_int_equal(mode_of(path), S_IFREG | 0640);
	assert_int_equal(lseek(fd, 0, SEEK_END), 8);
	close(fd);
	assert_ok(unlink(path));
	assert_ok(mkdir(path, 0700));
	assert_int_equal(listens(&l, path, 0600, "is there and is no socket"), -EEXIST);
	assert_ok(rmdir(path));
	assert_ok(symlink("nowhere", path));
	assert_int_equal(listens(&l, path, 0600, "is there and is no socket"), -EEXIST);
	assert_ok(unlink(path));
	assert_int_equal(files_in(f->dir), 1);
}

/* What took the place of the socket meanwhile stays. */
static void socket_no_more_ours(void **state)
{
	struct fixture *f = *state;
	struct listener l;
	char path[64];

	snprintf(path, sizeof(path), "%s/ours", f->dir);
	assert_ok(listens(&l, path, 0600, ""));
	assert_ok(unlink(path));
	assert_ok(mknod(path, S_IFREG | 0600, 0));
	listener_close(&l);
	assert_ok(unlink(path));
}

static void bad_paths(void **state)
{
	struct fixture *f = *state;
	struct listener l;
	char path[128] = "/tmp/";

	memset(path + 5, 'x', sizeof(path) - 6);
	assert_int_equal(listens(&l, path, 0600, "a path of 1 to 98 bytes"), -ENAMETOOLONG);
	path[99] = '\0';
	assert_int_equal(listens(&l, path, 0600, "a path of 1 to 98 bytes"), -ENAMETOOLONG);
	path[98] = '\0';
	assert_ok(listens(&l, path, 0600, ""));
	listener_close(&l);
	assert_int_equal(listens(&l, "", 0600, "a path of 1 to 98 bytes"), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/nowhere/s", f->dir);
	assert_int_equal(listens(&l, path, 0600, "No such file"), -ENOENT);
}

/* A peer has the file of one's eventfd too: what he makes of its flags makes nobody wait. */
static void bell_that_blocks(void **state)
{
	struct loop_handler h = { .fd = eventfd(0, EFD_CLOEXEC) };
	uint64_t count;

	(void)state;
	assert_int_equal(run_bell_take(&h, &count), -EAGAIN);
	assert_ok(eventfd_write(h.fd, 3));
	assert_ok(run_bell_take(&h, &count));
	assert_int_equal(count, 3);
	assert_int_equal(run_bell_take(&h, &count), -EAGAIN);
	close(h.fd);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_messages),
		TEST(later_peers),
		TEST(clients_hear_of_each_other),
		TEST(ids_that_come_back),
		TEST(after_an_overrun),
		TEST(id_of_another),
		TEST(id_of_another_in_between),
		TEST(news_of_another_kind),
		TEST(vectors_in_their_order),
		TEST(peers_without_vectors),
		TEST(client_that_sends),
		TEST(client_that_closes_half),
		TEST(client_that_reads_no_more),
		TEST(slow_client),
		TEST(too_many_clients),
		TEST(client_that_comes_and_goes),
		TEST(few_under_way),
		TEST(peers_that_come_late),
		TEST(doorbells_that_come_late),
		TEST(restarted),
		TEST(socket_mode),
		TEST(socket_of_a_killed_server),
		TEST(sockets_of_killed_beginners),
		TEST(file_of_such_a_name),
		TEST(socket_of_another),
		TEST(datagram_socket),
		TEST(other_things_at_the_path),
		TEST(socket_no_more_ours),
		TEST(bad_paths),
		cmocka_unit_test(bell_that_blocks),
		cmocka_unit_test(lobby_pace),
		cmocka_unit_test(lobby_callers_that_go),
		cmocka_unit_test(lobby_without_memory),
	};

	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
