// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts by message: an eventfd that is written to runs a handler in the guest, and no thread
 * of ours; what comes while nobody is connected waits in the eventfd.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "files.h"
#include "guest.h"
#include "kvm/vcpu_internal.h"
#include "layout.h"
#include "util.h"

#define VECTOR		0x40
#define OTHER		0x41
#define BELL		0x40000000ull
#define MANY		2048u		/* as many as MSI-X has for one device */
#define VECTORS		(GUEST_VECTOR_LAST - GUEST_VECTOR_FIRST + 1)
#define ROUNDS		2000u
#define CHANGES		500u
#define RARE		300u

/* An eventfd and its route. */
struct line {
	struct guest *g;
	struct msi_route *route;
	int fd;
};

static int line_create(struct line *l, struct guest *g)
{
	*l = (struct line){ .g = g, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	EXPECT(l->fd >= 0);
	EXPECT(!g->msi->ops->create(g->msi, l->fd, &l->route));
	return 0;
}

static void line_destroy(struct line *l)
{
	l->g->msi->ops->destroy(l->g->msi, l->route);
	close(l->fd);
}

static int line_connect(struct line *l, unsigned int vector)
{
	struct msi_message msg = guest_message(vector);

	return l->g->msi->ops->connect(l->g->msi, l->route, &msg);
}

static void line_disconnect(struct line *l)
{
	l->g->msi->ops->disconnect(l->g->msi, l->route);
}

static bool line_waits(const struct line *l)
{
	struct pollfd poll_fd = { .fd = l->fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static int delivered(struct guest *g)
{
	struct line l;

	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		EXPECT(!eventfd_write(l.fd, 1));
		guest_wait_interrupts(g, VECTOR, i);
	}
	guest_load(g, 0, 8);
	EXPECT(guest_interrupts(g, VECTOR) == ROUNDS && !guest_interrupts(g, OTHER));
	EXPECT(!line_waits(&l));
	line_destroy(&l);
	return 0;
}

/* Once, however often it was signalled; and the guest has seen all that there was. */
static int kept_while_masked(struct guest *g)
{
	struct line l;

	EXPECT_PASS(line_create(&l, g));
	for (unsigned int i = 1; i <= ROUNDS / 10; i++) {
		EXPECT(!eventfd_write(l.fd, 1) && !eventfd_write(l.fd, 2));
		EXPECT(line_waits(&l));
		guest_load(g, 0, 8);
		EXPECT(guest_interrupts(g, VECTOR) == i - 1);
		EXPECT(!line_connect(&l, VECTOR));
		guest_wait_interrupts(g, VECTOR, i);
		line_disconnect(&l);
		EXPECT(!line_waits(&l));
		guest_load(g, 0, 8);
		EXPECT(guest_interrupts(g, VECTOR) == i);
	}
	line_destroy(&l);
	return 0;
}


/* Neither another's message nor its end is anybody else's business. */
static int two(struct guest *g)
{
	struct line a, b;

	EXPECT_PASS(line_create(&a, g));
	EXPECT_PASS(line_create(&b, g));
	EXPECT(!line_connect(&a, VECTOR) && !line_connect(&b, OTHER));
	EXPECT(!line_connect(&a, OTHER + 1));
	EXPECT(!eventfd_write(b.fd, 1) && !eventfd_write(a.fd, 1));
	guest_wait_interrupts(g, OTHER, 1);
	guest_wait_interrupts(g, OTHER + 1, 1);
	g->msi->ops->destroy(g->msi, a.route);
	EXPECT(!eventfd_write(a.fd, 1) && line_waits(&a));
	EXPECT(!eventfd_write(b.fd, 1));
	guest_wait_interrupts(g, OTHER, 2);
	EXPECT(guest_interrupts(g, OTHER + 1) == 1 && !guest_interrupts(g, VECTOR));
	close(a.fd);
	line_destroy(&b);
	return 0;
}

/* Messages of several at once, of which one changes; and of one that is connected later. */
static int prepared(struct guest *g)
{
	struct msi_connection v[3];
	struct line a, b, c;

	EXPECT_PASS(line_create(&a, g));
	EXPECT_PASS(line_create(&b, g));
	EXPECT_PASS(line_create(&c, g));
	EXPECT(!line_connect(&a, VECTOR) && !line_connect(&b, OTHER));
	v[0] = (struct msi_connection){ c.route, guest_message(OTHER + 2) };
	v[1] = (struct msi_connection){ a.route, guest_message(OTHER + 1) };
	v[2] = (struct msi_connection){ b.route, guest_message(OTHER) };
	EXPECT(!g->msi->ops->prepare(g->msi, v, 3));
	EXPECT(!eventfd_write(a.fd, 1) && !eventfd_write(b.fd, 1) && !eventfd_write(c.fd, 1));
	guest_wait_interrupts(g, OTHER + 1, 1);
	guest_wait_interrupts(g, OTHER, 1);
	EXPECT(line_waits(&c) && !guest_interrupts(g, OTHER + 2));
	EXPECT(!line_connect(&c, OTHER + 2));
	guest_wait_interrupts(g, OTHER + 2, 1);
	EXPECT(!guest_interrupts(g, VECTOR));
	line_destroy(&a);
	line_destroy(&b);
	line_destroy(&c);
	return 0;
}

/* KVM does not take what is no eventfd. */
static int refused(struct guest *g)
{
	struct line l = { .g = g, .fd = open("/dev/null", O_RDWR | O_CLOEXEC) };

	EXPECT(l.fd >= 0 && !g->msi->ops->create(g->msi, l.fd, &l.route));
	EXPECT(line_connect(&l, VECTOR) == -EINVAL);
	line_disconnect(&l);
	line_destroy(&l);
	return 0;
}

/* --- changes while signals come --- */

/* A thread that does something to a line over and over, and how often it did. */
struct changer {
	struct line *line;
	void (*change)(struct line *l, unsigned int round);
	atomic_bool stop;
	atomic_uint rounds;
	pthread_t thread;
};

static void *changer_run(void *opaque)
{
	struct changer *c = opaque;

	while (!atomic_load(&c->stop))
		c->change(c->line, c->rounds++);
	return NULL;
}

static void change_message(struct line *l, unsigned int round)
{
	line_connect(l, round % 2 ? VECTOR : OTHER);
}

static void change_mask(struct line *l, unsigned int round)
{
	(void)round;
	line_disconnect(l);
	line_connect(l, VECTOR);
}

static uint64_t both(struct guest *g)
{
	return guest_interrupts(g, VECTOR) + guest_interrupts(g, OTHER);
}

/* One signal at a time, and each arrives, once; until there were enough changes, too. */
static int signal_and_count(struct changer *c, unsigned int *signals)
{
	struct line *l = c->line;

	for (*signals = 0; *signals < ROUNDS || c->rounds < CHANGES;) {
		time_t end = time(NULL) + 20;

		EXPECT(!eventfd_write(l->fd, 1));
		++*signals;
		while (both(l->g) < *signals) {
			EXPECT(time(NULL) <= end);
			sched_yield();
		}
		EXPECT(both(l->g) == *signals);
	}
	return 0;
}

static int while_changing(struct guest *g, void (*change)(struct line *, unsigned int))
{
	struct line l;
	struct changer c = { .line = &l, .change = change };
	unsigned int signals;
	int ret;

	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	EXPECT(!pthread_create(&c.thread, NULL, changer_run, &c));
	ret = signal_and_count(&c, &signals);
	atomic_store(&c.stop, true);
	pthread_join(c.thread, NULL);
	EXPECT_PASS(ret);
	printf("# %u changes during %u signals\n", c.rounds, signals);
	guest_load(g, 0, 8);
	EXPECT(both(g) == signals);
	line_destroy(&l);
	return 0;
}

static int other_messages(struct guest *g)
{
	EXPECT_PASS(while_changing(g, change_message));
	EXPECT(guest_interrupts(g, VECTOR) && guest_interrupts(g, OTHER));
	return 0;
}

static int masks(struct guest *g)
{
	return while_changing(g, change_mask);
}

/* --- many --- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static unsigned int vector_of_line(unsigned int n)
{
	return GUEST_VECTOR_FIRST + n % VECTORS;
}

static int lines_connect(struct line *lines, const char *what)
{
	double start = now_us();

	for (unsigned int n = 0; n < MANY; n++)
		EXPECT(!line_connect(&lines[n], vector_of_line(n)));
	printf("# %s: %.1f us each\n", what, (now_us() - start) / MANY);
	return 0;
}

/* One after the other, or those that have a vector in common would be one interrupt. */
static int lines_signal(struct line *lines, uint64_t before)
{
	for (unsigned int n = 0; n < MANY; n++) {
		EXPECT(!eventfd_write(lines[n].fd, 1));
		guest_wait_interrupts(lines[n].g, vector_of_line(n), before + n / VECTORS + 1);
	}
	return 0;
}

static int many_lines(struct guest *g, struct line *lines)
{
	const uint64_t each = (MANY + VECTORS - 1) / VECTORS;
	double start;

	for (unsigned int n = 0; n < MANY; n++)
		EXPECT_PASS(line_create(&lines[n], g));
	EXPECT_PASS(lines_connect(lines, "connected with a new message"));
	EXPECT_PASS(lines_signal(lines, 0));
	start = now_us();
	for (unsigned int n = 0; n < MANY; n++)
		line_disconnect(&lines[n]);
	printf("# disconnected: %.1f us each\n", (now_us() - start) / MANY);
	EXPECT_PASS(lines_connect(lines, "connected again"));
	for (unsigned int n = 0; n < VECTORS - MANY % VECTORS; n++)
		EXPECT(!eventfd_write(lines[VECTORS - 1 - n].fd, 1));
	for (unsigned int v = 0; v < VECTORS; v++)
		guest_wait_interrupts(g, GUEST_VECTOR_FIRST + v, each);
	EXPECT_PASS(lines_signal(lines, each));
	for (unsigned int n = 0; n < MANY; n++)
		line_destroy(&lines[n]);
	return 0;
}

static int many(struct guest *g)
{
	struct line *lines = calloc(MANY, sizeof(*lines));
	int ret;

	EXPECT(lines);
	EXPECT_PASS(files_may_be(MANY));
	ret = many_lines(g, lines);
	free(lines);
	return ret;
}

/* All share an eventfd that nobody connects, but for the last. */
static int limit(struct guest *g)
{
	unsigned int max = kvm_capability(g->kvm, KVM_CAP_IRQ_ROUTING), nr = 0;
	struct msi_route **routes = calloc(max + 1, sizeof(routes[0])), *more;
	const struct msi_ops *ops = g->msi->ops;
	struct line last = { .g = g, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	int ret = 0;

	EXPECT(routes && last.fd >= 0);
	while (nr <= max && !ret)
		ret = ops->create(g->msi, last.fd, &routes[nr++]);
	nr--;
	printf("# %u routes\n", nr);
	EXPECT(ret == -ENOSPC && nr >= MANY && nr < max);
	last.route = routes[nr - 1];
	EXPECT(!line_connect(&last, VECTOR));
	EXPECT(!eventfd_write(last.fd, 1));
	guest_wait_interrupts(g, VECTOR, 1);
	ops->destroy(g->msi, routes[0]);
	EXPECT(!ops->create(g->msi, last.fd, &routes[0]));
	EXPECT(ops->create(g->msi, last.fd, &more) == -ENOSPC);
	while (nr)
		ops->destroy(g->msi, routes[--nr]);
	close(last.fd);
	free(routes);
	return 0;
}

/* --- what was there before --- */

#define IOAPIC_SELECT	0
#define IOAPIC_WINDOW	0x10
#define IOAPIC_PIN(n)	(0x10 + 2 * (n))
#define PIC_MASTER	0x20
#define PIC_SLAVE	0xa0
#define PINS		24
#define PIN_VECTOR	0x50
#define PIC_VECTOR	0x70

static void ioapic_store(struct guest *g, unsigned int reg, uint32_t value)
{
	guest_store(g, LAYOUT_IOAPIC + IOAPIC_SELECT, reg, 4);
	guest_store(g, LAYOUT_IOAPIC + IOAPIC_WINDOW, value, 4);
}

static int pulse(struct guest *g, unsigned int line, unsigned int vector)
{
	uint64_t before = guest_interrupts(g, vector);

	EXPECT(!kvm_irq_line(g->kvm, line, true));
	EXPECT(!kvm_irq_line(g->kvm, line, false));
	guest_wait_interrupts(g, vector, before + 1);
	return 0;
}

static void pics_mask(struct guest *g)
{
	guest_out(g, PIC_MASTER + 1, 0xff, 1);
	guest_out(g, PIC_SLAVE + 1, 0xff, 1);
}

/* Each line alone is unmasked, and raises the vector of its pin. */
static int ioapic_lines(struct guest *g)
{
	pics_mask(g);
	for (unsigned int line = 0; line < PINS; line++) {
		ioapic_store(g, IOAPIC_PIN(line) + 1, 0);
		ioapic_store(g, IOAPIC_PIN(line), PIN_VECTOR + line);
		EXPECT_PASS(pulse(g, line, PIN_VECTOR + line));
		ioapic_store(g, IOAPIC_PIN(line), 0x10000);
	}
	return 0;
}

/* Its four words of setup: edges, the first vector, who is where in the cascade, automatic end. */
static void pic_set_up(struct guest *g, uint16_t port, unsigned int vector, unsigned int cascade)
{
	guest_out(g, port, 0x11, 1);
	guest_out(g, port + 1, vector, 1);
	guest_out(g, port + 1, cascade, 1);
	guest_out(g, port + 1, 3, 1);
	guest_out(g, port + 1, 0, 1);
}

static int pic_lines(struct guest *g)
{
	pic_set_up(g, PIC_MASTER, PIC_VECTOR, 1 << 2);
	pic_set_up(g, PIC_SLAVE, PIC_VECTOR + 8, 2);
	for (unsigned int line = 0; line < 16; line++) {
		if (line != 2)
			EXPECT_PASS(pulse(g, line, PIC_VECTOR + line));
	}
	return 0;
}

static int lines_stay(struct guest *g)
{
	struct line l;

	EXPECT_PASS(ioapic_lines(g));
	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	EXPECT_PASS(ioapic_lines(g));
	EXPECT_PASS(pic_lines(g));
	EXPECT(!eventfd_write(l.fd, 1));
	guest_wait_interrupts(g, VECTOR, 1);
	line_destroy(&l);
	EXPECT_PASS(ioapic_lines(g));
	return 0;
}

/* --- how long it takes --- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int latency(struct guest *g)
{
	static double us[ROUNDS];
	struct line l;

	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		double start = now_us();

		EXPECT(!eventfd_write(l.fd, 1));
		guest_wait_interrupts(g, VECTOR, i + 1);
		us[i] = now_us() - start;
	}
	qsort(us, ROUNDS, sizeof(us[0]), by_value);
	printf("# eventfd to handler: p50 %.1f us, p99 %.1f us\n", us[ROUNDS / 2],
	       us[ROUNDS * 99 / 100]);
	line_destroy(&l);
	return 0;
}

/* It rings itself: each handler's store is the next signal, and nobody else runs meanwhile. */
static int rings_itself(struct guest *g)
{
	struct probe p;
	struct line l;
	double start;

	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	EXPECT(!probe_init(&p, g, "bell", 0x1000, 0));
	EXPECT(!memory_region_add_subregion(&g->root, BELL, &p.mr));
	EXPECT(!memory_region_add_eventfd(&p.mr, 0, 4, true, 7, l.fd));
	guest_answer(g, VECTOR, BELL, 7, ROUNDS - 1);
	start = now_us();
	guest_store(g, BELL, 7, 4);
	guest_wait_interrupts(g, VECTOR, ROUNDS);
	printf("# store to handler: %.1f us on average\n", (now_us() - start) / ROUNDS);
	guest_load(g, 0, 8);
	EXPECT(guest_interrupts(g, VECTOR) == ROUNDS && !p.stores);
	memory_region_fini(&p.mr);
	line_destroy(&l);
	return 0;
}

/* Signals that come while the guest has been halted for that long. */
static int rare(struct line *l, double halted_us, double *us)
{
	uint64_t before = guest_interrupts(l->g, VECTOR);

	for (unsigned int i = 0; i < RARE; i++) {
		double start = now_us();

		while (now_us() - start < halted_us)
			sched_yield();
		start = now_us();
		EXPECT(!eventfd_write(l->fd, 1));
		guest_wait_interrupts(l->g, VECTOR, before + i + 1);
		us[i] = now_us() - start;
	}
	return 0;
}

/* This thread on a processor of its own, if there are two. */
static void part_from(pthread_t other)
{
	int cpu = sched_getcpu();
	cpu_set_t own, rest;

	sched_getaffinity(0, sizeof(rest), &rest);
	CPU_ZERO(&own);
	CPU_SET(cpu, &own);
	CPU_CLR(cpu, &rest);
	if (!CPU_COUNT(&rest))
		return;
	pthread_setaffinity_np(pthread_self(), sizeof(own), &own);
	pthread_setaffinity_np(other, sizeof(rest), &rest);
}

/* The table in Documentation/doorbells.rst: each line with each limit. */
static int polled_up_to(struct line *l, unsigned int limit_us)
{
	static const struct {
		const char *name;
		double us;
	} halts[] = {
		{ "halted_100us_signal_to_handler_us", 100 },
		{ "halted_300us_signal_to_handler_us", 300 },
		{ "halted_600us_signal_to_handler_us", 600 },
	};
	static double us[RARE];

	EXPECT(!kvm_set_halt_poll(l->g->kvm, limit_us * 1000));
	for (size_t i = 0; i < ARRAY_SIZE(halts); i++) {
		EXPECT_PASS(rare(l, halts[i].us, us));
		ktap_figure(halts[i].name, limit_us, us, RARE);
	}
	return 0;
}

/* Never, as far as KVM does by itself, and as we want it. The last case: we stay where we are. */
static int polled(struct guest *g)
{
	static const unsigned int limits_us[] = { 0, 200, 800 };
	struct line l;

	part_from(g->vcpus->vcpus[0].thread);
	EXPECT_PASS(line_create(&l, g));
	EXPECT(!line_connect(&l, VECTOR));
	for (size_t i = 0; i < ARRAY_SIZE(limits_us); i++)
		EXPECT_PASS(polled_up_to(&l, limits_us[i]));
	line_destroy(&l);
	return 0;
}

GUEST_CASE(delivered, .interrupts = true)
GUEST_CASE(kept_while_masked, .interrupts = true)
GUEST_CASE(two, .interrupts = true)
GUEST_CASE(prepared, .interrupts = true)
GUEST_CASE(refused, .interrupts = true)
GUEST_CASE(other_messages, .interrupts = true)
GUEST_CASE(masks, .interrupts = true)
GUEST_CASE(many, .interrupts = true)
GUEST_CASE(limit, .interrupts = true)
GUEST_CASE(lines_stay, .interrupts = true)
GUEST_CASE(latency, .interrupts = true)
GUEST_CASE(rings_itself, .interrupts = true)
GUEST_CASE(polled, .interrupts = true)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a signal is an interrupt", run_delivered },
		{ "signals wait until the route is connected", run_kept_while_masked },
		{ "one of two changes and ends", run_two },
		{ "messages of several at once", run_prepared },
		{ "KVM's refusal", run_refused },
		{ "messages change while signals come", run_other_messages },
		{ "masks change while signals come", run_masks },
		{ "as many as a device can have", run_many },
		{ "the limit of routes", run_limit },
		{ "lines of interrupt controllers stay as they are", run_lines_stay },
		{ "from a signal to its handler", run_latency },
		{ "a guest rings itself", run_rings_itself },
		{ "to the handler of a guest that halts in between", run_polled },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
