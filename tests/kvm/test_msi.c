// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts by message: an eventfd that is written to runs a handler in the guest, and no thread
 * of ours; what comes while nobody is connected waits in the eventfd.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"

#define VECTOR		0x40
#define OTHER		0x41
#define ROUTES		2048u
#define ROUNDS		2000u

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

GUEST_CASE(delivered, .interrupts = true)
GUEST_CASE(kept_while_masked, .interrupts = true)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a signal is an interrupt", run_delivered },
		{ "signals wait until the route is connected", run_kept_while_masked },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
