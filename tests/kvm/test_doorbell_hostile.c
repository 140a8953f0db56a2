// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that writes anything of any width anywhere in the device with doorbells: config space,
 * all of its BARs, the extension; while peers come and go. ivmm lives, its peers see legal rings
 * and no others, memory does not grow, the log does not fill. Most accesses are made as KVM would
 * hand them to us, without a guest: ten million exits take too long. SEED=N repeats a run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "../random.h"
#include "doorbell_board.h"
#include "fake_membership.h"
#include "hostmem/membership.h"
#include "memory/access.h"

#define VECTORS		8u
#define PEER		7u		/* the id of who counts */
#define MARK		0x1122334455667788
#define ROUNDS		500u		/* of config space, then of the rest */
#define CONFIG_POKES	80u
#define BAR_POKES	19920u
#define GUEST_POKES	20000u
#define GROWTH_MAX	(32u << 20)	/* bytes */
#define LOG_SOURCES	6u		/* rate-limited each: 10 lines in 5 seconds */

/* A board, and a peer that counts how it is rung. */
struct scene {
	struct board b;
	struct membership me;
	int fds[VECTORS];
	int visitors_fd;		/* of each vector of the others */
	uint64_t legal;			/* rings that it is to see */
	uint64_t all_legal;
	uint64_t random;
	int region;
	atomic_bool stop;
	unsigned int visits;		/* of peers that come and go */
	pthread_t visitors;
};

static uint64_t any(struct scene *s)
{
	return random_next(&s->random);
}

static unsigned int below(struct scene *s, unsigned int n)
{
	return random_below(&s->random, n);
}

/* --- peers that come and go --- */

static void visit(struct scene *s)
{
	int fds[VECTORS];
	const struct membership_request req = {
		.peer = PEER + 1 + s->visits % (BOARD_MAX_PEERS - PEER - 1),
		.vectors = VECTORS,
		.fds = fds,
	};
	struct membership me;
	struct error err;

	for (unsigned int i = 0; i < VECTORS; i++)
		fds[i] = s->visitors_fd;
	if (membership_join(&me, s->region, "test", &req, &err))
		return;
	fake_set_vector(&me, s->visits % VECTORS, -1);
	membership_leave(&me);
	s->visits++;
}

static void *visitors_run(void *opaque)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	struct scene *s = opaque;

	while (!atomic_load(&s->stop)) {
		visit(s);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* --- what a guest does --- */

/* Values that mean something, near those, or any. */
static uint64_t any_value(struct scene *s)
{
	switch (below(s, 4)) {
	case 0:
		return ring_value(s->me.peer, below(s, VECTORS + 2));
	case 1:
		return ring_value(below(s, 100), below(s, 2) ? below(s, 16) : any(s) & 0xffff);
	case 2:
		return below(s, 4);
	default:
		return any(s);
	}
}

static uint64_t any_place(struct scene *s)
{
	switch (below(s, 4)) {
	case 0:
		return below(s, 2) ? DOORBELL : DOORBELL - 4 + below(s, 8);
	case 1:
		return REGS + below(s, IVSHMEM_REGS_SIZE + 8);
	case 2:
		return MSIX + below(s, 0x1008);
	default:
		return PEERS + below(s, 0x1008);
	}
}

static bool is_legal(const struct scene *s, uint64_t addr, uint64_t value, unsigned int size)
{
	return addr == DOORBELL && size == 4 &&
	       (uint32_t)value >> IVSHMEM_DOORBELL_PEER_SHIFT == s->me.peer &&
	       (value & 0xffff) < VECTORS;
}

static void poke_bars(struct scene *s)
{
	uint64_t addr = any_place(s), value = any_value(s);
	unsigned int size = 1u << below(s, 4);
	bool is_write = below(s, 3);

	if (is_write)
		s->legal += is_legal(s, addr, value, size);
	address_space_rw(&s->b.g.as, addr, &value, size, is_write);
}

static void poke_config(struct scene *s)
{
	static const unsigned int places[] = {
		PCI_COMMAND, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_1, PCI_BASE_ADDRESS_4,
		IVSHMEM_MSIX_CAP, IVSHMEM_EXT_CAP, IVSHMEM_EXT_CAP + 8,
	};
	unsigned int size = 1u << below(s, 3);
	unsigned int reg = below(s, 4) ? below(s, PCI_CONFIG_SIZE) : places[below(s, 7)];

	if (below(s, 3))
		board_config_write(&s->b, reg, any(s), size);
	else
		board_config_read(&s->b, reg, size);
}

/* All but the messages: one of them could be the guest's end, by its own hand. */
static bool is_message(uint64_t addr, unsigned int size)
{
	return addr + size > MSIX && addr < MSIX + VECTORS * PCI_MSIX_ENTRY_SIZE;
}

static void poke_as_guest(struct scene *s)
{
	uint64_t addr = below(s, 4) ? any_place(s) :
			LAYOUT_ECAM + (PCI_DEVFN(1, 0) << 12) + 0x40 + below(s, 0x80);
	uint64_t value = any_value(s);
	unsigned int size = 1u << below(s, 4);

	if (!below(s, 3) || is_message(addr, size)) {
		guest_load(&s->b.g, addr, size);
		return;
	}
	s->legal += is_legal(s, addr, value, size);
	guest_store(&s->b.g, addr, value, size);
}

/* --- whether all is well --- */

static uint64_t rung(const struct scene *s)
{
	uint64_t all = 0;
	eventfd_t n;

	for (unsigned int i = 0; i < VECTORS; i++)
		all += eventfd_read(s->fds[i], &n) ? 0 : n;
	return all;
}

static uint64_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file && fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static unsigned int fds_open(void)
{
	unsigned int nr = 0;

	for (int fd = 0; fd < 4096; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

static int answers_as_ever(struct scene *s)
{
	struct board *b = &s->b;
	uint32_t peer = b->peer;

	board_drive(b);
	EXPECT(!b->g.failed && b->peer == peer);
	address_space_stl_le(&b->g.as, DOORBELL, ring_value(s->me.peer, 1));
	EXPECT(rung(s) == 1);
	EXPECT(address_space_ldq_le(&b->g.as, SHARED, NULL) == MARK);
	return 0;
}

static int scene_init(struct scene *s)
{
	const struct membership_request req = { .peer = PEER, .vectors = VECTORS, .fds = s->fds };
	uint64_t mark = MARK;
	struct error err;

	s->random = random_begin(random_seed());
	printf("# SEED=%llu\n", (unsigned long long)s->random / 2);
	fflush(stdout);
	s->region = memfd_create("shared", MFD_CLOEXEC);
	EXPECT(s->region >= 0 && !ftruncate(s->region, SHARED_SIZE));
	EXPECT(pwrite(s->region, &mark, sizeof(mark), 0) == sizeof(mark));
	EXPECT(!board_create(&s->b, s->region, VECTORS));
	for (unsigned int i = 0; i < VECTORS; i++)
		s->fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->visitors_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	EXPECT(!membership_join(&s->me, s->region, "test", &req, &err));
	EXPECT(board_wait_doorbells(&s->b, 2 * VECTORS));
	return 0;
}

static void scene_fini(struct scene *s)
{
	membership_leave(&s->me);
	board_destroy(&s->b);
	for (unsigned int i = 0; i < VECTORS; i++)
		close(s->fds[i]);
	close(s->visitors_fd);
	close(s->region);
}

/* Lines that were written to @file. */
static unsigned int lines_of(FILE *file)
{
	unsigned int lines = 0;
	int c;

	rewind(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	return lines;
}

static int with_log(struct scene *s, int (*test)(struct scene *s))
{
	FILE *log = tmpfile();
	int old = dup(STDERR_FILENO), ret;
	time_t start = time(NULL);
	unsigned int lines, windows;

	EXPECT(log && old >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
	ret = test(s);
	dup2(old, STDERR_FILENO);
	close(old);
	lines = lines_of(log);
	windows = (time(NULL) - start) / 5 + 2;
	fclose(log);
	printf("# %u lines in the log\n", lines);
	EXPECT_PASS(ret);
	EXPECT(lines <= LOG_SOURCES * 10 * windows);
	return 0;
}

static int with_scene(int (*test)(struct scene *s))
{
	const char *why = guest_unavailable();
	struct scene *s;

	if (why)
		return ktap_skip("%s", why);
	s = calloc(1, sizeof(*s));
	EXPECT(s);
	EXPECT_PASS(scene_init(s));
	EXPECT_PASS(with_log(s, test));
	scene_fini(s);
	free(s);
	return 0;
}

/* --- cases --- */

static int by_the_guest(struct scene *s)
{
	for (unsigned int i = 0; i < GUEST_POKES; i++)
		poke_as_guest(s);
	EXPECT(rung(s) == s->legal && s->legal);
	printf("# %u accesses by the guest, %lu legal rings\n", GUEST_POKES, s->legal);
	return answers_as_ever(s);
}

static int run_by_the_guest(void)
{
	return with_scene(by_the_guest);
}

/* BARs are anywhere while config space is poked at, and where they were for the rest of a round. */
static int one_round(struct scene *s)
{
	for (unsigned int i = 0; i < CONFIG_POKES; i++)
		poke_config(s);
	board_map(&s->b);
	rung(s);
	s->legal = 0;
	for (unsigned int i = 0; i < BAR_POKES; i++)
		poke_bars(s);
	EXPECT(rung(s) == s->legal);
	s->all_legal += s->legal;
	return 0;
}

static int by_accesses(struct scene *s)
{
	unsigned int fds;
	uint64_t before;

	vcpus_pause(s->b.g.vcpus);	/* the messages would be its end */
	for (unsigned int i = 0; i < ROUNDS / 10; i++)
		EXPECT_PASS(one_round(s));
	before = resident();
	fds = fds_open();
	EXPECT(!pthread_create(&s->visitors, NULL, visitors_run, s));
	for (unsigned int i = 0; i < ROUNDS; i++)
		EXPECT_PASS(one_round(s));
	atomic_store(&s->stop, true);
	pthread_join(s->visitors, NULL);
	EXPECT(board_wait_doorbells(&s->b, 2 * VECTORS));
	printf("# %u accesses to config space, %u to BARs, %u peers came and went\n",
	       ROUNDS * CONFIG_POKES, ROUNDS * BAR_POKES, s->visits);
	printf("# %lu legal rings\n", s->all_legal);
	printf("# memory grew by %ld KiB, descriptors by %d\n",
	       (long)(resident() - before) / 1024, (int)(fds_open() - fds));
	EXPECT(s->all_legal && s->visits > 10);
	EXPECT(resident() <= before + GROWTH_MAX && fds_open() <= fds + 64);
	return answers_as_ever(s);
}

static int run_by_accesses(void)
{
	return with_scene(by_accesses);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a guest pokes at all of the device", run_by_the_guest },
		{ "ten million accesses while peers come and go", run_by_accesses },
	};

	memory_thread_register();
	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
