// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells from a guest's store to the other guest's interrupt handler: each vector, masked and
 * not, counted on both ends, without a thread of ours; and how long it takes, and its parts.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "doorbell_board.h"
#include "fake_membership.h"
#include "hostmem/membership.h"

#define VECTORS		4u
#define ROUNDS		1000u
#define RINGS		100000u
#define SAMPLES		50u		/* of so many rings each */
#define PROBES		2000u		/* of the parts */
#define QUIET_RINGS	10000u

static int with_boards(unsigned int nr, int (*test)(struct board *b))
{
	const char *why = guest_unavailable();
	struct board *b;
	int fd, ret;

	if (why)
		return ktap_skip("%s", why);
	b = calloc(nr, sizeof(*b));
	fd = memfd_create("shared", MFD_CLOEXEC);
	EXPECT(b && fd >= 0 && !ftruncate(fd, SHARED_SIZE));
	for (unsigned int i = 0; i < nr; i++)
		EXPECT(!board_create(&b[i], fd, VECTORS));
	for (unsigned int i = 0; i < nr; i++)
		EXPECT(board_wait_doorbells(&b[i], nr * VECTORS));
	ret = test(b);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < nr; i++)
		board_destroy(&b[i]);
	EXPECT(!fake_members());
	close(fd);
	free(b);
	return 0;
}

static uint64_t interrupts(struct board *b, unsigned int vector)
{
	return guest_interrupts(&b->g, VECTOR_BASE + vector);
}

static void ring(struct board *from, const struct board *to, unsigned int vector)
{
	guest_store(&from->g, DOORBELL, ring_value(to->peer, vector), 4);
}

static void wait_interrupts(struct board *b, unsigned int vector, uint64_t count)
{
	guest_wait_interrupts(&b->g, VECTOR_BASE + vector, count);
}

/* --- what it looks like --- */

static int looks(struct board *b)
{
	EXPECT(board_config_read(b, PCI_STATUS, 2) == PCI_STATUS_CAP_LIST);
	EXPECT(board_config_read(b, PCI_INTERRUPT_PIN, 1) == 0);
	EXPECT(board_config_read(b, PCI_CAPABILITY_LIST, 1) == IVSHMEM_MSIX_CAP);
	EXPECT(board_config_read(b, IVSHMEM_MSIX_CAP, 1) == PCI_CAP_ID_MSIX);
	EXPECT(board_config_read(b, IVSHMEM_MSIX_CAP + 2, 2) ==
	       (PCI_MSIX_FLAGS_ENABLE | (VECTORS - 1)));
	EXPECT(board_config_read(b, IVSHMEM_MSIX_CAP + 4, 4) == 1);
	EXPECT(board_config_read(b, IVSHMEM_MSIX_CAP + 8, 4) == 0x801);
	EXPECT(board_config_read(b, IVSHMEM_MSIX_CAP + 1, 1) == IVSHMEM_EXT_CAP);
	EXPECT(board_config_read(b, IVSHMEM_EXT_CAP, 4) == 0x01100009);
	EXPECT(board_config_read(b, IVSHMEM_EXT_CAP + 4, 4) == IVSHMEM_EXT_MAGIC);
	EXPECT(board_config_read(b, IVSHMEM_EXT_CAP + 8, 4) == 0x00040000);
	return 0;
}

static int sizes(struct board *b)
{
	static const uint32_t masks[] = {
		0xffffff00, 0xfffff000, 0xffe0000c, 0xffffffff, 0xfffff000, 0,
	};

	board_config_write(b, PCI_COMMAND, 0, 2);
	for (unsigned int i = 0; i < 6; i++) {
		board_config_write(b, PCI_BASE_ADDRESS_0 + 4 * i, UINT32_MAX, 4);
		EXPECT(board_config_read(b, PCI_BASE_ADDRESS_0 + 4 * i, 4) == masks[i]);
	}
	return 0;
}

static int run_looks(void)
{
	return with_boards(1, looks);
}

static int run_sizes(void)
{
	return with_boards(1, sizes);
}

/* --- everyone rings everyone --- */

static int each_vector(struct board *b)
{
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		for (unsigned int i = 0; i < 9; i++) {
			struct board *from = &b[i / 3], *to = &b[i % 3];
			unsigned int vector = (round + i) % VECTORS;
			uint64_t before = interrupts(to, vector);

			ring(from, to, vector);
			wait_interrupts(to, vector, before + 1);
		}
	}
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t all = 0;

		guest_load(&b[i].g, 0, 8);
		for (unsigned int vector = 0; vector < VECTORS; vector++)
			all += interrupts(&b[i], vector);
		EXPECT(all == 3 * ROUNDS);
	}
	EXPECT(fake_counts().rings == 0);
	return 0;
}

static int run_each_vector(void)
{
	return with_boards(3, each_vector);
}

/* Both answer: so it goes to and fro. */
static uint64_t bounce(struct board *b, unsigned int vector, uint64_t times)
{
	struct timespec from, to;
	uint64_t start[2] = { interrupts(&b[0], vector), interrupts(&b[1], vector) };

	guest_answer(&b[0].g, VECTOR_BASE + vector, DOORBELL, ring_value(b[1].peer, vector),
		     times - 1);
	guest_answer(&b[1].g, VECTOR_BASE + vector, DOORBELL, ring_value(b[0].peer, vector), times);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ring(&b[0], &b[1], vector);
	for (uint64_t n = 1; n <= times; n += times / 10) {
		wait_interrupts(&b[0], vector, start[0] + n);
		wait_interrupts(&b[1], vector, start[1] + n);
	}
	wait_interrupts(&b[1], vector, start[1] + times);
	wait_interrupts(&b[0], vector, start[0] + times);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000000ull + to.tv_nsec - from.tv_nsec;
}

static int to_and_fro(struct board *b)
{
	double us[SAMPLES];

	for (unsigned int i = 0; i < SAMPLES; i++)
		us[i] = bounce(b, 1, RINGS / SAMPLES / 2) / 1000.0 / (RINGS / SAMPLES);
	guest_load(&b[0].g, 0, 8);
	guest_load(&b[1].g, 0, 8);
	EXPECT(interrupts(&b[0], 1) == RINGS / 2 && interrupts(&b[1], 1) == RINGS / 2);
	EXPECT(fake_counts().rings == 0);
	printf("# %u rings to and fro\n", RINGS);
	ktap_figure("doorbell_bare_us", 0, us, SAMPLES);
	return 0;
}

static int run_to_and_fro(void)
{
	return with_boards(2, to_and_fro);
}

/* --- its parts --- */

/* Somebody on the host who rings the guest, and whom it rings. */
struct caller {
	struct membership me;
	int fd;				/* own vector */
	int bell;			/* the guest's */
};

static int caller_join(struct caller *c, const struct board *b, int region)
{
	const struct membership_request req = {
		.peer = IVSHMEM_PEER_ANY, .vectors = 1, .fds = &c->fd,
	};
	struct error err;

	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	EXPECT(c->fd >= 0 && !membership_join(&c->me, region, "test", &req, &err));
	c->bell = membership_get_doorbell(&c->me, b->peer, 0, 0);
	EXPECT(c->bell >= 0 && board_wait_doorbells(b, VECTORS + 1));
	return 0;
}

static void caller_leave(struct caller *c)
{
	membership_leave(&c->me);
	close(c->fd);
	close(c->bell);
}

/* From the signal to the handler; and to the store by which it answers. */
static double probe(const struct caller *c, struct board *b, bool answered)
{
	uint64_t before = interrupts(b, 0);
	struct timespec from, to;
	eventfd_t n;

	clock_gettime(CLOCK_MONOTONIC, &from);
	eventfd_write(c->bell, 1);
	if (answered)
		while (eventfd_read(c->fd, &n))
			sched_yield();
	else
		wait_interrupts(b, 0, before + 1);
	clock_gettime(CLOCK_MONOTONIC, &to);
	wait_interrupts(b, 0, before + 1);
	return (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3;
}

static int parts(struct board *b)
{
	struct hostmem_backend *backend = TAILQ_FIRST(&b->hostmem.backends);
	double irqfd[PROBES], both[PROBES], ioeventfd;
	struct caller c;

	EXPECT_PASS(caller_join(&c, b, backend->region_fd));
	for (unsigned int i = 0; i < PROBES; i++)
		irqfd[i] = probe(&c, b, false);
	guest_answer(&b->g, VECTOR_BASE, DOORBELL, ring_value(c.me.peer, 0), PROBES);
	for (unsigned int i = 0; i < PROBES; i++)
		both[i] = probe(&c, b, true);
	EXPECT(fake_counts().rings == 0);
	ktap_figure("doorbell_bare_irqfd_us", 0, irqfd, PROBES);
	ktap_figure("doorbell_bare_irqfd_ioeventfd_us", 0, both, PROBES);
	ioeventfd = both[PROBES / 2] - irqfd[PROBES / 2];
	printf("# so an ioeventfd alone takes about %.1f us\n", ioeventfd);
	caller_leave(&c);
	return 0;
}

static int run_parts(void)
{
	return with_boards(1, parts);
}

/* --- masked --- */

static int masked(struct board *b)
{
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		unsigned int vector = i % VECTORS;
		uint64_t before = interrupts(&b[1], vector);

		board_mask(&b[1], vector, true);
		ring(&b[0], &b[1], vector);
		EXPECT(guest_load(&b[1].g, MSIX + IVSHMEM_MSIX_PBA, 4) == 1u << vector);
		EXPECT(interrupts(&b[1], vector) == before);
		board_mask(&b[1], vector, false);
		wait_interrupts(&b[1], vector, before + 1);
		EXPECT(guest_load(&b[1].g, MSIX + IVSHMEM_MSIX_PBA, 4) == 0);
		EXPECT(interrupts(&b[1], vector) == before + 1);
	}
	return 0;
}

static int run_masked(void)
{
	return with_boards(2, masked);
}

/* Masked and unmasked by the one who gets it, each time it comes. */
static int masked_in_between(struct board *b)
{
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		bool mask = i % 3 == 0;

		board_mask(&b[1], 2, mask);
		ring(&b[0], &b[1], 2);
		board_mask(&b[1], 2, false);
		wait_interrupts(&b[1], 2, i);
	}
	guest_load(&b[1].g, 0, 8);
	EXPECT(interrupts(&b[1], 2) == ROUNDS);
	return 0;
}

static int run_masked_in_between(void)
{
	return with_boards(2, masked_in_between);
}

/* --- nobody of us --- */

/* How often a thread went to sleep of its own will. */
static uint64_t switches(pid_t tid)
{
	char path[64], line[128];
	uint64_t nr = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &nr);
	if (file)
		fclose(file);
	return nr;
}

struct wakes {
	uint64_t exits[2], switches[2];
};

static struct wakes wakes_now(struct board *b)
{
	struct wakes w;

	for (unsigned int i = 0; i < 2; i++) {
		w.exits[i] = board_exits(&b[i]);
		w.switches[i] = switches(b[i].tid);
	}
	return w;
}

/* Else nothing that was not counted would say anything. */
static int exits_are_counted(struct board *b)
{
	uint64_t before = board_exits(b);
	char *text = NULL, expected[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned int i = 0; i < ROUNDS; i++)
		guest_load(&b->g, REGS, 4);
	for (unsigned int i = 0; i < 10; i++)
		guest_in(&b->g, 0x500, 1);
	EXPECT(board_exits(b) == before + ROUNDS + 10);
	vcpus_info(b->g.vcpus, out, true);
	fclose(out);
	snprintf(expected, sizeof(expected), "[{\"vcpu\": 0, \"exits\": %lu, \"mmio\": ",
		 before + ROUNDS + 10);
	EXPECT(!strncmp(text, expected, strlen(expected)) && strstr(text, ", \"io\": 10, "));
	free(text);
	return 0;
}

static int nobody_wakes(struct board *b)
{
	struct wakes before, after;

	EXPECT_PASS(exits_are_counted(&b[0]));
	EXPECT_PASS(exits_are_counted(&b[1]));
	bounce(b, 0, 10);
	before = wakes_now(b);
	bounce(b, 0, QUIET_RINGS / 2);
	after = wakes_now(b);
	for (unsigned int i = 0; i < 2; i++) {
		printf("# guest %u: %lu exits, %lu wake-ups of the main thread\n", i,
		       after.exits[i] - before.exits[i], after.switches[i] - before.switches[i]);
		EXPECT(before.switches[i] && after.switches[i] == before.switches[i]);
		EXPECT(after.exits[i] == before.exits[i]);
	}
	return 0;
}

static int run_nobody_wakes(void)
{
	return with_boards(2, nobody_wakes);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "identity, capabilities and registers are as specified", run_looks },
		{ "BARs have the sizes that drivers want", run_sizes },
		{ "everyone rings everyone on each vector", run_each_vector },
		{ "a masked vector is pending, and comes when it is unmasked", run_masked },
		{ "masked and unmasked in between, none is lost", run_masked_in_between },
		{ "to and fro, and none is lost", run_to_and_fro },
		{ "the parts: an irqfd, and an irqfd and an ioeventfd", run_parts },
		{ "no thread of ours wakes for a doorbell", run_nobody_wakes },
	};

	memory_thread_register();
	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
