// SPDX-License-Identifier: GPL-2.0-only
/* What a membership hears of the others, in which order, and what a slow reader still learns. */
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

#include "member.h"

#define NEWS_MAX	128		/* unread ones that the module keeps */
/* Of the random test: so many that some overruns come before an id comes back. */
#define IDS		512

static int list_first(void)
{
	int region = region_limited("list", 0, 0, 0, 0600), self, a, b, c;
	struct ivshmem_event event;

	b = member_join(region, 20, 3);
	a = member_join(region, 5, 0);
	self = member_join(region, 10, 7);
	c = member_join(region, 65535, 2);
	EXPECT(a >= 0 && b >= 0 && self >= 0 && c >= 0);
	EXPECT(member_hears(self, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_hears(self, IVSHMEM_EVENT_JOINED, 5));
	EXPECT(member_event(self, &event) && event.type == IVSHMEM_EVENT_JOINED);
	EXPECT(event.peer == 20 && event.first == 0 && event.count == 3 && event.serial == 1);
	EXPECT(!event.reserved);
	EXPECT(member_hears(self, IVSHMEM_EVENT_JOINED, 65535));
	EXPECT(member_event(self, &event) && event.type == IVSHMEM_EVENT_SYNCED);
	EXPECT(!event.peer && !event.serial && !event.first && !event.count && !event.reserved);
	EXPECT(!member_readable(self, 0));
	close(self);
	EXPECT(member_synced(a));
	EXPECT(!member_readable(a, 0));
	close(a);
	close(b);
	close(c);
	close(region);
	EXPECT(host_destroy("list") == 0);
	return 0;
}

static int news_in_order(void)
{
	int region = region_limited("order", 0, 0, 0, 0600), watch = member_observe(region);
	int self = member_join(region, 0, 1), a, b, bell = eventfd_new();
	struct ivshmem_event joined, left;

	EXPECT(member_synced(watch) && member_synced(self));
	EXPECT(!member_readable(watch, 0));
	a = member_join(region, 1, 4);
	b = member_join(region, 2, 0);
	EXPECT(member_set_vector(self, 0, bell) == 0);
	EXPECT(member_set_vector(a, 3, bell) == 0);
	close(a);
	EXPECT(member_event(watch, &joined) && joined.type == IVSHMEM_EVENT_JOINED);
	EXPECT(joined.peer == 1 && joined.count == 4);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 2));
	EXPECT(member_hears_vectors(watch, 0, 0, 1));
	EXPECT(member_hears_vectors(watch, 1, 3, 1));
	EXPECT(member_event(watch, &left) && left.type == IVSHMEM_EVENT_LEFT);
	EXPECT(left.peer == 1 && left.serial == joined.serial && !left.first && !left.count);
	EXPECT(!member_readable(watch, 0));
	EXPECT(member_hears(self, IVSHMEM_EVENT_JOINED, 1));
	EXPECT(member_hears(self, IVSHMEM_EVENT_JOINED, 2));
	EXPECT(member_hears_vectors(self, 1, 3, 1));
	EXPECT(member_hears(self, IVSHMEM_EVENT_LEFT, 1));
	EXPECT(!member_readable(self, 0));
	close(watch);
	EXPECT(!member_readable(self, 0));
	close(self);
	close(b);
	close(bell);
	close(region);
	EXPECT(host_destroy("order") == 0);
	return 0;
}

static int vectors_merge(void)
{
	int region = region_limited("merge", 0, 0, 0, 0600), watch = member_observe(region);
	int a = member_join(region, 1, 10), b = member_join(region, 2, 10), bell = eventfd_new();

	EXPECT(member_synced(watch));
	EXPECT(member_set_vector(a, 4, bell) == 0 && member_set_vector(a, 6, bell) == 0);
	EXPECT(member_set_vector(a, 2, bell) == 0 && member_set_vector(a, 4, -1) == 0);
	EXPECT(member_set_vector(b, 9, bell) == 0);
	EXPECT(member_set_vector(a, 9, bell) == 0);
	EXPECT(member_set_vector(a, 0, -1) == 0);
	EXPECT(member_hears_vectors(watch, 1, 2, 5));
	EXPECT(member_hears_vectors(watch, 2, 9, 1));
	EXPECT(member_hears_vectors(watch, 1, 9, 1));
	EXPECT(!member_readable(watch, 0));
	EXPECT(member_set_vector(a, 0, bell) == 0);
	EXPECT(member_hears_vectors(watch, 1, 0, 1));
	EXPECT(member_set_vector(a, 1, bell) == 0);
	EXPECT(member_hears_vectors(watch, 1, 1, 1));
	close(a);
	close(b);
	close(watch);
	close(bell);
	close(region);
	EXPECT(host_destroy("merge") == 0);
	return 0;
}

/* NEWS_MAX are kept, with one more all are replaced by the list. */
static int overrun(void)
{
	int region = region_limited("overrun", 0, 0, 0, 0600), watch = member_observe(region);
	int stays = member_join(region, 1000, 5), fd = -1, i;

	EXPECT(member_synced(watch));
	for (i = 0; i < NEWS_MAX / 2; i++) {
		fd = member_join(region, i, 0);
		EXPECT(fd >= 0 && close(fd) == 0);
	}
	for (i = 0; i < NEWS_MAX / 2; i++) {
		EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, i));
		EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, i));
	}
	EXPECT(!member_readable(watch, 0));
	for (i = 0; i < NEWS_MAX / 2; i++) {
		fd = member_join(region, 100 + i, 0);
		EXPECT(fd >= 0 && close(fd) == 0);
	}
	fd = member_join(region, 500, 0);
	EXPECT(fd >= 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 500));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 1000));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_SYNCED, 0));
	EXPECT(!member_readable(watch, 0));
	close(fd);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 500));
	close(stays);
	close(watch);
	close(region);
	EXPECT(host_destroy("overrun") == 0);
	return 0;
}

/* News about those told of come at once; others are told of as they then are. */
static int changes_during_the_list(void)
{
	int region = region_limited("during", 0, 0, 0, 0600), watch, fds[6], i, low;

	for (i = 0; i < 6; i++)
		fds[i] = member_join(region, 10 * i + 10, 2);
	watch = member_observe(region);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 10));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 20));
	close(fds[0]);			/* told of */
	close(fds[2]);			/* not told of */
	EXPECT(member_set_vector(fds[4], 0, -1) == 0);
	low = member_join(region, 15, 0);
	fds[2] = member_join(region, 30, 9);	/* nobody was told of 30: it is free */
	EXPECT(low >= 0 && fds[2] >= 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 10));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 15));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 30));
	close(fds[2]);
	close(fds[5]);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_LEFT, 30));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 40));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 50));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_SYNCED, 0));
	EXPECT(!member_readable(watch, 0));
	for (i = 1; i < 5; i++)
		close(fds[i]);
	close(low);
	close(watch);
	close(region);
	EXPECT(host_destroy("during") == 0);
	return 0;
}

/* An id that is wanted back is told of anew, in a list that begins anew too. */
static int id_returns_during_the_list(void)
{
	int region = region_limited("returns", 0, 0, 0, 0600), watch, a, b, back;
	struct ivshmem_event before, after;

	a = member_join(region, 10, 2);
	b = member_join(region, 20, 2);
	watch = member_observe(region);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_event(watch, &before) && before.peer == 10);
	close(a);
	back = member_join(region, 10, 3);
	EXPECT(back >= 0);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_event(watch, &after) && after.type == IVSHMEM_EVENT_JOINED);
	EXPECT(after.peer == 10 && after.count == 3 && after.serial > before.serial);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 20));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_SYNCED, 0));
	EXPECT(!member_readable(watch, 0));
	close(back);
	close(b);
	close(watch);
	close(region);
	EXPECT(host_destroy("returns") == 0);
	return 0;
}

static int sizes_of_reads(void)
{
	int region = region_limited("sizes", 0, 0, 0, 0600), fds[20], watch, i;
	struct ivshmem_event events[32];

	for (i = 0; i < 20; i++)
		fds[i] = member_join(region, i, 0);
	watch = member_observe(region);
	EXPECT_ERRNO(read(watch, events, sizeof(*events) - 1), EINVAL);
	EXPECT_ERRNO(read(watch, events, 0), EINVAL);
	EXPECT(read(watch, events, sizeof(*events) * 2 - 1) == sizeof(*events));
	EXPECT(events[0].type == IVSHMEM_EVENT_RESYNC);
	EXPECT(read(watch, events, sizeof(*events) * 11) == sizeof(*events) * 11);
	EXPECT(events[0].peer == 0 && events[10].peer == 10);
	EXPECT(read(watch, events, sizeof(events)) == sizeof(*events) * 10);
	EXPECT(events[8].peer == 19 && events[9].type == IVSHMEM_EVENT_SYNCED);
	EXPECT(fcntl(watch, F_SETFL, O_NONBLOCK) == 0);
	EXPECT_ERRNO(read(watch, events, sizeof(events)), EAGAIN);
	EXPECT_ERRNO(write(watch, events, sizeof(events)), EBADF);
	for (i = 0; i < 20; i++)
		close(fds[i]);
	close(watch);
	close(region);
	EXPECT(host_destroy("sizes") == 0);
	return 0;
}

/* What could not be handed over is not lost. */
static int bad_buffers(void)
{
	int region = region_limited("buffers", 0, 0, 0, 0600), watch = member_observe(region), fd;
	unsigned char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(edge != MAP_FAILED && munmap(edge + PAGE, PAGE) == 0);
	EXPECT(member_synced(watch));
	fd = member_join(region, 3, 0);
	EXPECT_ERRNO(read(watch, edge + PAGE, 64), EFAULT);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT_ERRNO(read(watch, edge + PAGE - 40, 64), EFAULT);
	EXPECT(member_hears(watch, IVSHMEM_EVENT_RESYNC, 0));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_JOINED, 3));
	EXPECT(member_hears(watch, IVSHMEM_EVENT_SYNCED, 0));
	munmap(edge, PAGE);
	close(fd);
	close(watch);
	close(region);
	EXPECT(host_destroy("buffers") == 0);
	return 0;
}

static void nothing(int signal)
{
	(void)signal;
}

static int interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing };
	int region = region_limited("signal", 0, 0, 0, 0600), watch = member_observe(region);
	struct ivshmem_event event;
	int status;
	pid_t pid;

	EXPECT(member_synced(watch));
	EXPECT(sigaction(SIGUSR1, &act, NULL) == 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* Until the parent has seen one, however early the first came. */
		while (!usleep(1000))
			if (kill(getppid(), SIGUSR1))
				break;
		_exit(0);
	}
	EXPECT_ERRNO(read(watch, &event, sizeof(event)), EINTR);
	EXPECT(kill(pid, SIGKILL) == 0);
	while (waitpid(pid, &status, 0) != pid)
		;
	act.sa_handler = SIG_DFL;
	EXPECT(sigaction(SIGUSR1, &act, NULL) == 0);
	close(watch);
	close(region);
	EXPECT(host_destroy("signal") == 0);
	return 0;
}

/* Waits in its way for an event of @fd; 0 when it is a JOINED of the peer 9. */
static int wait_read(int fd)
{
	struct ivshmem_event event;

	return read(fd, &event, sizeof(event)) != sizeof(event) || event.peer != 9;
}

static int wait_poll(int fd)
{
	return !member_readable(fd, -1) || wait_read(fd);
}

static int wait_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC), ret;

	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) || epoll_wait(epoll, &event, 1, -1) != 1;
	close(epoll);
	return ret || wait_read(fd);
}

struct waiter {
	int (*wait)(int fd);
	int fd;
	int ret;
};

static void *waiter_run(void *opaque)
{
	struct waiter *waiter = opaque;

	waiter->ret = waiter->wait(waiter->fd);
	return NULL;
}

static int woken(void)
{
	static int (*const ways[])(int fd) = { wait_read, wait_poll, wait_epoll };
	int region = region_limited("woken", 0, 0, 0, 0600), watch, fd;
	pthread_t thread;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct waiter waiter = { .wait = ways[i] };

		waiter.fd = watch = member_observe(region);
		EXPECT(member_synced(watch));
		EXPECT(pthread_create(&thread, NULL, waiter_run, &waiter) == 0);
		usleep(20000);	/* so that it mostly waits already; right either way */
		fd = member_join(region, 9, 0);
		EXPECT(pthread_join(thread, NULL) == 0);
		if (waiter.ret)
			return ktap_fail("way %zu of waiting", i);
		close(fd);
		close(watch);
	}
	close(region);
	EXPECT(host_destroy("woken") == 0);
	return 0;
}

/* --- random changes against a model of what a reader believes --- */

struct world {
	int region, watch, bell;
	int fds[IDS];			/* -1: not joined */
	uint64_t believed[IDS];		/* serial, 0: not there */
	uint64_t gone[IDS];		/* serials up to this one were told to have left */
	bool listing;
	unsigned int resyncs;
};

static int believe_joined(struct world *w, const struct ivshmem_event *event)
{
	if (w->believed[event->peer])
		return ktap_fail("peer %u joined, and was there", event->peer);
	if (event->serial <= w->gone[event->peer])
		return ktap_fail("peer %u joined after it left", event->peer);
	w->believed[event->peer] = event->serial;
	return 0;
}

static int believe(struct world *w, const struct ivshmem_event *event)
{
	if (event->peer >= IDS)
		return ktap_fail("there is no peer %u", event->peer);
	switch (event->type) {
	case IVSHMEM_EVENT_RESYNC:
		memset(w->believed, 0, sizeof(w->believed));
		w->listing = true;
		w->resyncs++;
		return 0;
	case IVSHMEM_EVENT_SYNCED:
		if (!w->listing)
			return ktap_fail("the end of a list that did not begin");
		w->listing = false;
		return 0;
	case IVSHMEM_EVENT_JOINED:
		return believe_joined(w, event);
	default:
		if (w->believed[event->peer] != event->serial)
			return ktap_fail("event %u of peer %u, which is not there", event->type,
					 event->peer);
		if (event->type == IVSHMEM_EVENT_LEFT) {
			w->believed[event->peer] = 0;
			w->gone[event->peer] = event->serial;
		}
		return 0;
	}
}

static int listen_to(struct world *w, unsigned int most)
{
	struct ivshmem_event event;

	while (most-- && member_event(w->watch, &event))
		EXPECT_PASS(believe(w, &event));
	return 0;
}

static int change(struct world *w, unsigned int *seed)
{
	unsigned int id = rand_r(seed) % IDS;

	if (w->fds[id] < 0) {
		w->fds[id] = member_join(w->region, id, 3);
		if (w->fds[id] < 0)
			return ktap_fail("peer %u is gone, and keeps its id", id);
	} else if (rand_r(seed) % 3) {
		close(w->fds[id]);
		w->fds[id] = -1;
	} else {
		member_set_vector(w->fds[id], rand_r(seed) % 3, rand_r(seed) % 2 ? w->bell : -1);
	}
	return 0;
}

static int believes_the_truth(struct world *w)
{
	struct ivshmem_peer_info info;
	unsigned int id;

	if (w->listing)
		return ktap_fail("all is read, and the list is not complete");
	for (id = 0; id < IDS; id++) {
		bool there = !member_next(w->region, id, &info) && info.peer == id;

		if (w->believed[id] != (there ? info.serial : 0))
			return ktap_fail("peer %u is %sthere, and not believed so", id,
					 there ? "" : "not ");
		EXPECT(there == (w->fds[id] >= 0));
	}
	return 0;
}

static int random_world(unsigned int seed)
{
	struct world w = { .region = region_limited("random", IDS, 0, 0, 0600) };
	unsigned int first = seed, i;

	w.watch = member_observe(w.region);
	w.bell = eventfd_new();
	for (i = 0; i < IDS; i++)
		w.fds[i] = -1;
	for (i = 0; i < 4000; i++) {
		EXPECT_PASS(change(&w, &seed));
		if (rand_r(&seed) % (i % 1000 < 500 ? 2 : 100) == 0)
			EXPECT_PASS(listen_to(&w, rand_r(&seed) % 16));
		if (rand_r(&seed) % 300 == 0 &&
		    (listen_to(&w, ~0u) || believes_the_truth(&w)))
			return ktap_fail("seed %u, step %u", first, i);
	}
	EXPECT(w.resyncs > 1);
	for (i = 0; i < IDS; i++)
		if (w.fds[i] >= 0)
			close(w.fds[i]);
	close(w.watch);
	close(w.bell);
	close(w.region);
	EXPECT(host_destroy("random") == 0);
	return 0;
}

static int random_worlds(void)
{
	unsigned int seed;

	for (seed = 1; seed <= 10; seed++)
		EXPECT_PASS(random_world(seed));
	return 0;
}

static const struct ktap_case cases[] = {
	{ "first the list, in the order of ids, without oneself", list_first },
	{ "then the news, in the order of events", news_in_order },
	{ "changes of vectors in a row are one event", vectors_merge },
	{ "who is too slow gets the list again", overrun },
	{ "changes while the list is read", changes_during_the_list },
	{ "an id comes back while the list is read", id_returns_during_the_list },
	{ "buffers of any size", sizes_of_reads },
	{ "bad buffers lose nothing", bad_buffers },
	{ "a signal interrupts a read that waits", interrupted },
	{ "read, poll and epoll wake up", woken },
	{ "random changes: what a reader believes at last is true", random_worlds },
};

KTAP_MAIN(cases)
