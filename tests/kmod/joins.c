// SPDX-License-Identifier: GPL-2.0-only
/* How long it takes: to join and leave, and until 64 peers have heard of a newcomer. */
#include <pthread.h>
#include <time.h>

#include "member.h"

#define ROUNDS	20
#define JOINS	500
#define PEERS	64

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int joins_per_second(void)
{
	int region = region_limited("rate", 0, 0, 0, 0600), bell = eventfd_new(), round, i, fd;
	double rates[ROUNDS];
	uint64_t begin;

	for (round = 0; round < ROUNDS; round++) {
		begin = now_ns();
		for (i = 0; i < JOINS; i++) {
			fd = member_join_with(region, IVSHMEM_PEER_ANY, &bell, 1);
			EXPECT(fd >= 0);
			close(fd);
		}
		rates[round] = JOINS * 1e9 / (now_ns() - begin);
	}
	ktap_figure("join_and_leave_per_s", 0, rates, ROUNDS);
	close(bell);
	close(region);
	EXPECT(host_destroy("rate") == 0);
	return 0;
}

/* A peer that waits for news in a thread of its own, and notes when they came. */
struct peer {
	pthread_t thread;
	int fd;
	uint64_t heard[ROUNDS];
	pthread_barrier_t *round;
	int fault;
};

static void *peer_run(void *opaque)
{
	struct peer *peer = opaque;
	struct ivshmem_event event;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(peer->round);
		do
			peer->fault |= read(peer->fd, &event, sizeof(event)) != sizeof(event);
		while (!peer->fault && event.type != IVSHMEM_EVENT_JOINED);
		peer->heard[round] = now_ns();
		pthread_barrier_wait(peer->round);
	}
	return NULL;
}

static double last_heard_us(const struct peer *peers, int round, uint64_t begin)
{
	uint64_t last = begin;
	int i;

	for (i = 0; i < PEERS; i++)
		if (peers[i].heard[round] > last)
			last = peers[i].heard[round];
	return (last - begin) / 1000.0;
}

static int peers_start(struct peer *peers, int region, pthread_barrier_t *round)
{
	int i;

	for (i = 0; i < PEERS; i++) {
		peers[i] = (struct peer){ .fd = member_join(region, i, 0), .round = round };
		EXPECT(peers[i].fd >= 0);
	}
	for (i = 0; i < PEERS; i++) {
		member_drain(peers[i].fd);
		EXPECT(pthread_create(&peers[i].thread, NULL, peer_run, &peers[i]) == 0);
	}
	return 0;
}

static int reaches_all(void)
{
	static struct peer peers[PEERS];
	int region = region_limited("reach", 0, 0, 0, 0600), i, round, fd;
	pthread_barrier_t barrier;
	double us[ROUNDS];

	EXPECT(pthread_barrier_init(&barrier, NULL, PEERS + 1) == 0);
	EXPECT_PASS(peers_start(peers, region, &barrier));
	for (round = 0; round < ROUNDS; round++) {
		uint64_t begin;

		pthread_barrier_wait(&barrier);
		usleep(20000);	/* so that they mostly wait */
		begin = now_ns();
		fd = member_join(region, IVSHMEM_PEER_ANY, 0);
		EXPECT(fd >= 0);
		pthread_barrier_wait(&barrier);
		us[round] = last_heard_us(peers, round, begin);
		close(fd);
	}
	for (i = 0; i < PEERS; i++) {
		EXPECT(pthread_join(peers[i].thread, NULL) == 0 && !peers[i].fault);
		close(peers[i].fd);
	}
	ktap_figure("join_to_last_peer_us", PEERS, us, ROUNDS);
	pthread_barrier_destroy(&barrier);
	close(region);
	EXPECT(host_destroy("reach") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "joins per second", joins_per_second },
	{ "from a join until 64 peers have heard of it", reaches_all },
};

KTAP_MAIN(cases)
