// SPDX-License-Identifier: GPL-2.0-only
// Everyone rings everyone: one of these runs for each peer of a region, on the host and in guests.
// They sit at a table in the shared memory, and one after the other has its turn to ring all,
// itself too, on each vector. Interrupts of a guest that come at once are one, so whoever rings a
// vector of a guest waits until that has counted the ring before; a process of the host is rung
// many times at once. In the end each has heard exactly what the others have rung.

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "peer.h"

#define SEATS_MAX 64
#define BURST 64		/* rings of a process of the host at once */
#define DEADLINE_S 300
#define LONG_MS 50		/* between two looks at what takes long */

struct seat {
	_Atomic uint32_t taken;
	uint32_t id;
	uint32_t vectors;
	uint32_t burst;
	_Atomic uint64_t heard[PEER_VECTORS_MAX];
};

/* At offset 0 of the region; all zeros before the first sits down. */
struct table {
	_Atomic uint32_t turn;
	_Atomic uint32_t gone;
	struct seat seats[SEATS_MAX];
};

struct muster {
	struct peer peer;
	struct table *table;
	struct seat *mine;
	uint32_t number, seats, rounds;
	uint64_t rung;
	_Atomic int over;
};

static char waits_for[64] = "the others to sit down";

static void too_late(int signal)
{
	(void)signal;
	dprintf(STDERR_FILENO, "muster: not done in %d s; waits for %s\n", DEADLINE_S, waits_for);
	_exit(1);
}

static void nap(int us)
{
	struct timespec time = { .tv_nsec = us * 1000l };

	nanosleep(&time, NULL);
}

static void *listen(void *arg)
{
	struct muster *m = arg;

	while (!m->over) {
		uint64_t counts[PEER_VECTORS_MAX] = { 0 };

		peer_hear(&m->peer, counts, 1000);
		for (uint32_t v = 0; v < m->peer.vectors; v++)
			if (counts[v])
				m->mine->heard[v] += counts[v];
	}
	return NULL;
}

static void sit_down(struct muster *m, int on_host)
{
	m->mine->id = m->peer.id;
	m->mine->vectors = m->peer.vectors;
	m->mine->burst = on_host ? BURST : 1;
	m->mine->taken = 1;
	for (uint32_t i = 0; i < m->seats; i++)
		while (!m->table->seats[i].taken)
			nap(LONG_MS * 1000);
}

/* Rings one vector of a seat, and gives what the seat has heard on it when it has heard that. */
static uint64_t ring_one(struct muster *m, struct seat *seat, uint32_t vector, int directly)
{
	uint64_t want = seat->heard[vector] + seat->burst;

	for (uint32_t i = 0; i < seat->burst; i++)
		peer_ring(&m->peer, seat->id, vector, directly);
	m->rung += seat->burst;
	return want;
}

static void wait_for_seat(const struct seat *seat, const uint64_t *want)
{
	for (uint32_t v = 0; v < seat->vectors; v++) {
		snprintf(waits_for, sizeof(waits_for), "peer %u, vector %u, to hear %llu", seat->id,
			 v, (unsigned long long)want[v]);
		for (int us = 100; seat->heard[v] < want[v]; us = us < 10000 ? us * 2 : us)
			nap(us);
	}
}

/* Each vector of each once, by system call and without one in turn; then all of them are heard. */
static void ring_all(struct muster *m, uint32_t round)
{
	uint64_t want[SEATS_MAX][PEER_VECTORS_MAX];

	for (uint32_t i = 0; i < m->seats; i++)
		for (uint32_t v = 0; v < m->table->seats[i].vectors; v++)
			want[i][v] = ring_one(m, &m->table->seats[i], v, round % 2);
	for (uint32_t i = 0; i < m->seats; i++)
		wait_for_seat(&m->table->seats[i], want[i]);
}

static void take_turn(struct muster *m)
{
	for (uint32_t round = 0; round < m->rounds; round++)
		ring_all(m, round);
}

static void wait_for(_Atomic uint32_t *word, uint32_t value, const char *what)
{
	snprintf(waits_for, sizeof(waits_for), "%s %u", what, value);
	while (*word != value)
		nap(LONG_MS * 1000);
}

/* Nobody rings any more: what was heard is all there was to hear. Less is lost, more is doubled. */
static int judge(const struct muster *m)
{
	uint64_t want = (uint64_t)m->seats * m->rounds * m->mine->burst, doubled = 0;
	int bad = 0;

	for (uint32_t v = 0; v < m->mine->vectors; v++) {
		uint64_t heard = m->mine->heard[v];

		if (heard < want)
			bad = fprintf(stderr, "muster: peer %u, vector %u: heard %llu of %llu\n",
				      m->mine->id, v, (unsigned long long)heard,
				      (unsigned long long)want);
		else
			doubled += heard - want;
	}
	printf("peer %u: rung %llu, heard %llu on each of %u vectors\ndoubled %llu\n", m->mine->id,
	       (unsigned long long)m->rung, (unsigned long long)want, m->mine->vectors,
	       (unsigned long long)doubled);
	return bad != 0;
}

static int muster(struct muster *m, int on_host)
{
	pthread_t listener;

	m->table = (void *)m->peer.memory;
	m->mine = &m->table->seats[m->number];
	if (pthread_create(&listener, NULL, listen, m))
		peer_die("a thread");
	sit_down(m, on_host);
	wait_for(&m->table->turn, m->number, "turn");
	take_turn(m);
	m->table->turn++;
	wait_for(&m->table->turn, m->seats, "turn");
	m->over = 1;
	pthread_join(listener, NULL);
	m->table->gone++;
	wait_for(&m->table->gone, m->seats, "the last of");
	return judge(m);
}

static int usage(void)
{
	fprintf(stderr, "usage: muster PATH SEAT SEATS ROUNDS VECTORS wait|poll|eventfd\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct muster m;
	int ear;

	if (argc != 7 || !peer_ear_of(argv[6], &ear))
		return usage();
	m.number = atoi(argv[2]);
	m.seats = atoi(argv[3]);
	m.rounds = atoi(argv[4]);
	if (m.number >= m.seats || m.seats > SEATS_MAX)
		return usage();
	signal(SIGALRM, too_late);
	alarm(DEADLINE_S);
	peer_join(&m.peer, argv[1], atoi(argv[5]), ear);
	return muster(&m, peer_on_host(argv[1]));
}
