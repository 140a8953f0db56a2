// SPDX-License-Identifier: GPL-2.0-only
// Two peers ring each other's vector 0 in turn, on the host or in guests. Who serves prints the
// time of a round trip: median, least and greatest, in microseconds. How far they are is told in
// the shared memory, for whoever watches from outside; both tell of interrupts that nobody sent.

#include <stdatomic.h>
#include <time.h>

#include "peer.h"

#define AT 0x10000	/* in the region, behind muster's table */
#define STROKES_MAX 100000
#define DEADLINE_S 300

/* All zeros before the two begin. */
struct court {
	_Atomic uint32_t ready;		/* who returns is there */
	_Atomic uint32_t strokes;	/* round trips made */
	uint32_t ids[2];		/* who returns, who serves */
	_Atomic uint32_t rung[2];	/* by each, before the ring itself */
};

struct player {
	struct peer peer;
	struct court *court;
	uint32_t other;
	int directly;
	int serves;
	uint32_t answered;		/* rings of the other's */
	uint64_t heard;			/* no less than those; more: interrupts that nobody sent */
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

/* An interrupt has to come, and the other has to have rung. */
static void hear_one(struct player *p)
{
	uint64_t before = p->heard;

	while (p->heard == before || p->court->rung[!p->serves] == p->answered) {
		uint64_t counts[PEER_VECTORS_MAX] = { 0 };

		peer_hear(&p->peer, counts, 1000);
		p->heard += counts[0];
	}
	p->answered++;
}

static void ring(struct player *p)
{
	p->court->rung[p->serves]++;
	peer_ring(&p->peer, p->other, 0, p->directly);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void serve(struct player *p, int strokes)
{
	static double us[STROKES_MAX];

	while (p->court->ready != 1)
		usleep(20000);
	p->other = p->court->ids[0];
	p->court->ids[1] = p->peer.id;
	p->court->ready = 2;
	for (int i = 0; i < strokes; i++) {
		double start = now_us();

		ring(p);
		hear_one(p);
		us[i] = now_us() - start;
		p->court->strokes = i + 1;
	}
	printf("doubled %llu\n", (unsigned long long)(p->heard - p->answered));
	qsort(us, strokes, sizeof(*us), by_value);
	printf("%.1f %.1f %.1f %d\n", us[strokes / 2], us[0], us[strokes - 1], strokes);
}

static void give_back(struct player *p, int strokes)
{
	p->court->ids[0] = p->peer.id;
	p->court->ready = 1;
	for (int i = 0; i < strokes; i++) {
		hear_one(p);
		p->other = p->court->ids[1];
		ring(p);
	}
	printf("doubled %llu\n", (unsigned long long)(p->heard - p->answered));
}

static int usage(void)
{
	fprintf(stderr, "usage: rally PATH serve|return STROKES wait|poll|eventfd call|mapped\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct player p;
	int strokes = argc == 6 ? atoi(argv[3]) : 0;
	int ear;

	if (strokes <= 0 || strokes > STROKES_MAX || !peer_ear_of(argv[4], &ear))
		return usage();
	alarm(DEADLINE_S);
	peer_join(&p.peer, argv[1], 1, ear);
	p.court = (void *)(p.peer.memory + AT);
	p.directly = !strcmp(argv[5], "mapped");
	p.serves = !strcmp(argv[2], "serve");
	if (p.serves)
		serve(&p, strokes);
	else
		give_back(&p, strokes);
	return 0;
}
