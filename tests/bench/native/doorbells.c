// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells between two guests that sleep: from a store to the store by which the other's interrupt
 * handler answers; and its parts, taken by turns with it. A caller in this process, on the CPU of
 * the guest that would ring, sends the signal that an ioeventfd sends, and gets what it gets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../../kvm/doorbell_board.h"
#include "../../kvm/fake_membership.h"
#include "hostmem/membership.h"
#include "rig.h"
#include "util.h"

#define CHUNKS		5u		/* a repetition is the median of so many means */
#define HOPS		20000u		/* of so many doorbells */
#define PROBES		100u		/* or of so many for a part, to each guest */
#define STORE_NS	4000		/* about; how many there are follows from it */
#define WAIT_NS		10000000000ull
#define MARK_AT		GUEST_OWN	/* in a guest's RAM */

#define HOP_NAME	"native_doorbell_us"
#define PARTS_NAME	"native_doorbell_parts_us"
#define IRQFD_NAME	"native_irqfd_us"
#define IOEVENTFD_NAME	"native_ioeventfd_us"
#define STORE_NAME	"native_doorbell_store_us"

/* Somebody on the host who rings a guest, and whom it rings. */
struct caller {
	struct membership me;
	int fd;				/* own vector */
	int bells[2];			/* the guests' */
};

struct bells {
	struct rig *rig;
	struct board boards[2];
	struct caller caller;
	double hop_ns;			/* the last mean */
};

struct parts {
	struct series hop, irqfd, ioeventfd, both;
};

/* Both answer, so it goes to and fro. We sleep: the CPUs are the guests'. */
static int measure_hops(struct bells *b, double *ns)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct board *first = &b->boards[0], *second = &b->boards[1];
	uint64_t from, before = guest_interrupts(&first->g, VECTOR_BASE);

	guest_answer(&first->g, VECTOR_BASE, DOORBELL, ring_value(second->peer, 0), HOPS / 2 - 1);
	guest_answer(&second->g, VECTOR_BASE, DOORBELL, ring_value(first->peer, 0), HOPS / 2);
	from = rig_now_ns();
	eventfd_write(b->caller.bells[1], 1);
	while (guest_interrupts(&first->g, VECTOR_BASE) != before + HOPS / 2) {
		if (rig_now_ns() - from > WAIT_NS)
			return -1;
		nanosleep(&pause, NULL);
	}
	*ns = (double)(rig_now_ns() - from) / HOPS;
	return 0;
}

/* The guest's RAM, where a handler's answer goes that is no doorbell. */
static uint32_t *mark_of(struct board *b)
{
	return (uint32_t *)((char *)memory_region_get_ram_ptr(&b->g.ram) + MARK_AT);
}

static bool answered(struct caller *c, const uint32_t *mark)
{
	eventfd_t n;

	return mark ? __atomic_load_n(mark, __ATOMIC_ACQUIRE) : !eventfd_read(c->fd, &n);
}

static int probe(struct bells *b, unsigned int to, uint32_t *mark, double *ns)
{
	uint64_t from, before = guest_interrupts(&b->boards[to].g, VECTOR_BASE), end;

	if (mark)
		*mark = 0;
	from = rig_now_ns();
	eventfd_write(b->caller.bells[to], 1);
	while (!answered(&b->caller, mark))
		if (rig_now_ns() - from > WAIT_NS)
			return -1;
	*ns += rig_now_ns() - from;
	/* the next comes when it has slept as long as between two hops */
	end = rig_now_ns() + (uint64_t)b->hop_ns;
	while (guest_interrupts(&b->boards[to].g, VECTOR_BASE) == before || rig_now_ns() < end)
		;
	return 0;
}

/*
 * From the signal to the handler's store: into its RAM, or to our doorbell until we have heard it,
 * which is all the parts. The difference is what an ioeventfd takes beyond a store.
 */
static int probe_both(struct bells *b, unsigned int to, double ns[2])
{
	struct board *board = &b->boards[to];
	uint32_t bell = ring_value(b->caller.me.peer, 0);
	int ret;

	guest_answer(&board->g, VECTOR_BASE, MARK_AT, 1, 1);
	ret = probe(b, to, mark_of(board), &ns[0]);
	guest_answer(&board->g, VECTOR_BASE, DOORBELL, bell, 1);
	return ret ? ret : probe(b, to, NULL, &ns[1]);
}

/* Means, of both guests. */
static int measure_probes(struct bells *b, double *irqfd, double *both)
{
	struct worker_place before;
	double ns[2] = { 0, 0 };
	int ret = 0;

	for (unsigned int to = 0; to < 2; to++) {
		worker_pin(b->rig->cpus[!to], &before);
		for (unsigned int i = 0; i < PROBES && !ret; i++)
			ret = probe_both(b, to, ns);
		worker_unpin(&before);
	}
	*irqfd = ns[0] / (2 * PROBES);
	*both = ns[1] / (2 * PROBES);
	return ret;
}

static int measure_chunk(struct bells *b, struct parts *parts)
{
	double irqfd, both;

	if (measure_hops(b, &b->hop_ns) || measure_probes(b, &irqfd, &both))
		return -1;
	series_add(&parts->hop, b->hop_ns / 1e3);
	series_add(&parts->irqfd, irqfd / 1e3);
	series_add(&parts->ioeventfd, (both - irqfd) / 1e3);
	series_add(&parts->both, both / 1e3);
	return 0;
}

static int measure_repetition(struct bells *b)
{
	struct figures *all = &b->rig->figures;
	struct parts parts = { .hop.nr = 0 };

	for (unsigned int i = 0; i < CHUNKS; i++)
		if (measure_chunk(b, &parts))
			return -1;
	figure_add(all, HOP_NAME, 0, series_median(&parts.hop));
	figure_add(all, IRQFD_NAME, 0, series_median(&parts.irqfd));
	figure_add(all, IOEVENTFD_NAME, 0, series_median(&parts.ioeventfd));
	figure_add(all, PARTS_NAME, 0, series_median(&parts.both));
	return 0;
}

static int bells_create(struct bells *b)
{
	const struct membership_request req = {
		.peer = IVSHMEM_PEER_ANY, .vectors = 1, .fds = &b->caller.fd,
	};
	struct caller *c = &b->caller;
	struct worker_place before;
	struct error err;
	int ret = 0;

	for (unsigned int i = 0; i < 2 && !ret; i++) {
		worker_pin(b->rig->cpus[i], &before);
		ret = board_create(&b->boards[i], b->rig->shared.fd, 1);
		worker_unpin(&before);
	}
	if (ret)
		return ret;
	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = membership_join(&c->me, b->rig->shared.fd, "shared", &req, &err);
	for (unsigned int i = 0; i < 2 && !ret; i++) {
		c->bells[i] = membership_get_doorbell(&c->me, b->boards[i].peer, 0, 0);
		ret = c->bells[i] < 0 || !board_wait_doorbells(&b->boards[i], 3) ? -1 : 0;
	}
	return ret;
}

static void bells_destroy(struct bells *b)
{
	for (unsigned int i = 0; i < 2; i++) {
		close(b->caller.bells[i]);
		board_destroy(&b->boards[i]);
	}
	membership_leave(&b->caller.me);
	close(b->caller.fd);
}

/* The store alone at ring 3, until whoever made it goes on; nobody is woken. */
int stores_measure(struct rig *rig)
{
	uint64_t count = rig->seconds * 1e9 / STORE_NS;
	struct guest_worker *w = &rig->guests[0];
	eventfd_t heard = 0;
	int ret;

	rig->jobs[0] = (struct job){ .work = WORK_RING, .count = count };
	ret = rig_do(rig, TEAM_GUESTS, 1);
	if (ret)
		return ret;
	eventfd_read(w->bell_fd, &heard);
	if (heard != count) {
		fprintf(stderr, "native: of %lu stores to a doorbell %lu were heard\n", count,
			heard);
		return -EIO;
	}
	figure_add(&rig->figures, STORE_NAME, 0,
		   histogram_value(w->w.histogram, 500) / rig->ticks_per_ns / 1e3);
	return 0;
}

int doorbells_measure(struct rig *rig)
{
	static struct bells b;
	int ret;

	b.rig = rig;
	ret = bells_create(&b);
	for (unsigned int i = 0; i < rig->repetitions && !ret; i++)
		ret = rig_interrupted() ? -EINTR : measure_repetition(&b);
	if (!ret)
		bells_destroy(&b);
	return ret;
}

void doorbells_end(struct rig *rig)
{
	struct figures *all = &rig->figures;
	struct figure *hop = figure_of(all, HOP_NAME, 0), *parts = figure_of(all, PARTS_NAME, 0);

	/* so that they are there even if there is nothing */
	figure_of(all, IRQFD_NAME, 0);
	figure_of(all, IOEVENTFD_NAME, 0);
	figure_of(all, STORE_NAME, 0);
	figure_set_peer(hop, "a process and the same parts", parts);
	figure_add_ratio(all, &(struct figure_ratio){
		.name = "native_doorbell_parts_ratio", .above = hop, .below = parts,
		.peer_name = "a process and the same parts", .goal = GOAL_MOST, .bound = 1.1,
	});
}
