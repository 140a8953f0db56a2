// SPDX-License-Identifier: GPL-2.0-only
/* Threads of one process do all that there is to do with memberships to the same few, at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "member.h"

#define THREADS	8
#define SLOTS	8
#define VECTORS	4
#define SECONDS	10

/*
 * Descriptors that all threads use: a thread may find one closed, or another's in its place, which
 * is as good.
 */
static struct {
	int region, bell;
	_Atomic int members[SLOTS];
	time_t end;
} shared;

static bool raced(int ret, const int *errors, size_t nr)
{
	int code = errno;
	size_t i;

	if (ret >= 0)
		return true;
	for (i = 0; i < nr; i++)
		if (code == errors[i])
			return true;
	ktap_fail("errno %d in a race", code);
	return false;
}
#define RACED(ret, ...)								\
	raced(ret, (const int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int))

/* Another descriptor than a membership may have the number by now: ENOTTY, EINVAL. */
static bool join(unsigned int *seed)
{
	unsigned int slot = rand_r(seed) % SLOTS, want = rand_r(seed) % (2 * SLOTS);
	int fds[VECTORS] = { shared.bell, -1, shared.bell, -1 }, fd;

	if (rand_r(seed) % 4 == 0)
		fd = member_observe(shared.region);
	else
		fd = member_join_with(shared.region, want < SLOTS ? want : IVSHMEM_PEER_ANY, fds,
				      rand_r(seed) % (VECTORS + 1));
	if (!RACED(fd, EBUSY, ENOSPC))
		return false;
	if (fd < 0)
		return true;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fd = atomic_exchange(&shared.members[slot], fd);
	return fd < 0 || !close(fd);
}

static bool leave(unsigned int *seed)
{
	int fd = atomic_exchange(&shared.members[rand_r(seed) % SLOTS], -1);

	return fd < 0 || !close(fd);
}

static bool use(unsigned int *seed)
{
	int fd = shared.members[rand_r(seed) % SLOTS], got;
	struct ivshmem_event events[8];
	struct ivshmem_peer_info info = { .peer = rand_r(seed) % SLOTS };

	switch (rand_r(seed) % 5) {
	case 0:
		return RACED(member_set_vector(fd, rand_r(seed) % VECTORS,
					       rand_r(seed) % 2 ? shared.bell : -1),
			     EBADF, EINVAL, ENOTTY);
	case 1:
		got = member_doorbell(fd, info.peer, rand_r(seed) % VECTORS);
		return RACED(got, EBADF, ENOTTY, ESRCH, ENXIO) && (got < 0 || !close(got));
	case 2:
		return RACED(member_ring(fd, info.peer, rand_r(seed) % VECTORS), EBADF, ENOTTY,
			     ESRCH, ENXIO);
	case 3:
		return RACED(read(fd, events, sizeof(events)), EBADF, EAGAIN);
	default:
		return RACED(ioctl(shared.region, IVSHMEM_PEER_NEXT, &info), ENOENT);
	}
}

static void *worker(void *opaque)
{
	unsigned int seed = (uintptr_t)opaque;
	bool ok = true;

	while (ok && time(NULL) < shared.end) {
		unsigned int what = rand_r(&seed) % 16;

		ok = what == 0 ? leave(&seed) : what < 3 ? join(&seed) : use(&seed);
	}
	return ok ? NULL : opaque;
}

/*
 * A thread may wait for news: it read from a descriptor that was another's by then, and not yet set
 * to not block. So there is news until it is done.
 */
static void *worker_join(pthread_t thread)
{
	unsigned int seed = 1;
	void *ret;

	while (pthread_tryjoin_np(thread, &ret) == EBUSY) {
		if (time(NULL) >= shared.end) {
			leave(&seed);
			close(member_join(shared.region, IVSHMEM_PEER_ANY, 0));
		}
		usleep(10000);
	}
	return ret;
}

static int at_once(void)
{
	pthread_t threads[THREADS];
	void *failed = NULL, *ret;
	uintptr_t i;

	shared.region = region_limited("threads", SLOTS, VECTORS, 0, 0600);
	shared.bell = eventfd_new();
	shared.end = time(NULL) + SECONDS;
	for (i = 0; i < SLOTS; i++)
		shared.members[i] = -1;
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&threads[i], NULL, worker, (void *)(i + 1)) == 0);
	for (i = 0; i < THREADS; i++) {
		ret = worker_join(threads[i]);
		failed = ret ? ret : failed;
	}
	for (i = 0; i < SLOTS; i++)
		if (shared.members[i] >= 0)
			close(shared.members[i]);
	return failed ? KTAP_FAILED : 0;
}

static int nothing_left(void)
{
	uint32_t id;
	int fd;

	EXPECT(member_count(shared.region) == 0);
	for (id = 0; id < SLOTS; id++) {
		fd = member_join(shared.region, id, 0);
		EXPECT(fd >= 0 && close(fd) == 0);
	}
	close(shared.bell);
	close(shared.region);
	EXPECT(host_destroy("threads") == 0);
	EXPECT(system("rmmod ivshmem_host") == 0);
	EXPECT(system("insmod build/kmod/$(uname -r)/ivshmem_host.ko") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "join, leave, attach, look up, ring, read, list: all at once", at_once },
	{ "afterwards every id is free, and the module unloads", nothing_left },
};

KTAP_MAIN(cases)
