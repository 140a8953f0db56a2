// SPDX-License-Identifier: GPL-2.0-only
// Two threads take their page faults on /dev/ivshmemN in the same 2 MiB at the same time, over and
// over. Not for guests of an emulated nested host: the emulator does not survive it there.

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define PAGE 4096ul
#define HUGE (2ul << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ROUNDS 500
#define HUGES 8
#define SIZE (HUGES * HUGE)

struct race {
	pthread_barrier_t barrier;
	int fd;
	int round;
	char *at; /* a new mapping in each round, MAP_FAILED if there is none */
};

/* A page of each 2 MiB, another one than the other thread's: it holds the round. */
static void race_touch(struct race *race, size_t offset)
{
	pthread_barrier_wait(&race->barrier);
	for (size_t i = 0; race->at != MAP_FAILED && i < HUGES; i++)
		((volatile char *)race->at)[i * HUGE + offset] = (char)race->round;
	pthread_barrier_wait(&race->barrier);
}

static void *race_other(void *arg)
{
	for (int round = 0; round < ROUNDS; round++)
		race_touch(arg, PAGE);
	return NULL;
}

static int race_lost(const struct race *race)
{
	for (size_t i = 0; i < SIZE; i += HUGE)
		if (race->at[i] != (char)race->round || race->at[i + PAGE] != (char)race->round)
			return ktap_fail("a write at offset %zu got lost", i);
	return 0;
}

/* The other thread is served to the end, whatever goes wrong here. */
static int race_run(struct race *race)
{
	int bad = 0;

	for (race->round = 0; race->round < ROUNDS; race->round++) {
		race->at = mmap(NULL, SIZE, RW, MAP_SHARED, race->fd, 0);
		if (race->at == MAP_FAILED)
			bad = ktap_fail("mmap: %s", strerror(errno));
		race_touch(race, 0);
		if (race->at == MAP_FAILED)
			continue;
		bad |= race_lost(race);
		munmap(race->at, SIZE);
	}
	return bad;
}

static int racing_faults(void)
{
	struct race race = { .fd = open(device, O_RDWR) };
	pthread_t other;
	int bad;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return ktap_skip("this machine has one CPU");
	if (race.fd < 0)
		return ktap_fail("open: %s", strerror(errno));
	pthread_barrier_init(&race.barrier, NULL, 2);
	bad = pthread_create(&other, NULL, race_other, &race) ? ktap_fail("no thread") : 0;
	if (!bad) {
		bad = race_run(&race);
		pthread_join(other, NULL);
	}
	close(race.fd);
	return bad ? -1 : 0;
}

static const struct ktap_case cases[] = {
	{ "two threads fault in the same 2 MiB at once", racing_faults },
};

GUEST_MAIN(cases)
