// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioeventfds: stores to memory and to ports that raise an eventfd and reach nobody else; those that
 * KVM does not take do the same, by way of the model.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"

#define PAGE	0x1000ull
#define HERE	0x40000000ull
#define THERE	0x50000000ull
#define PORT	0x500
#define MANY	1200u		/* more than a bus of KVM has room for devices */

/* How often @fd was raised since the last time. */
static uint64_t raised(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static int new_fd(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static int in_memory(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	int fd = new_fd();
	struct probe p;

	EXPECT(fd >= 0 && !probe_init(&p, g, "doorbell", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	for (int i = 0; i < 4; i++) {
		p.stores = 0;
		EXPECT(!memory_region_add_eventfd(&p.mr, 0x40, sizes[i], false, 0, fd));
		guest_store(g, HERE + 0x40, i, sizes[i]);
		guest_store(g, HERE + 0x40, ~i, sizes[i]);
		EXPECT(raised(fd) == 2 && p.stores == 0);
		guest_store(g, HERE + 0x40, 1, sizes[(i + 1) % 4]);
		guest_store(g, HERE + 0x48, 1, sizes[i]);
		EXPECT(raised(fd) == 0 && p.stores == 2);
		EXPECT(guest_load(g, HERE + 0x40, 4) == 0x40);
		EXPECT(!memory_region_del_eventfd(&p.mr, 0x40, sizes[i], false, 0, fd));
		guest_store(g, HERE + 0x40, 1, sizes[i]);
		EXPECT(raised(fd) == 0 && p.stores == 3);
	}
	memory_region_fini(&p.mr);
	close(fd);
	return 0;
}

static int any_size(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	int fd = new_fd();
	struct probe p;

	EXPECT(fd >= 0 && !probe_init(&p, g, "doorbell", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	EXPECT(!memory_region_add_eventfd(&p.mr, 8, 0, false, 0, fd));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			guest_store(g, HERE + 8, i, sizes[i]);
		EXPECT(raised(fd) == 4 && p.stores == 0);
		/* and once more with a kernel that can't */
		EXPECT(!memory_region_del_eventfd(&p.mr, 8, 0, false, 0, fd));
		g->kvm->eventfd_any_length = false;
		EXPECT(!memory_region_add_eventfd(&p.mr, 8, 0, false, 0, fd));
	}
	memory_region_fini(&p.mr);
	close(fd);
	return 0;
}

static int matched(struct guest *g)
{
	int one = new_fd(), two = new_fd();
	struct probe p;

	EXPECT(one >= 0 && two >= 0 && !probe_init(&p, g, "doorbell", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	EXPECT(!memory_region_add_eventfd(&p.mr, 0xc, 4, true, 0x00010000, one));
	EXPECT(!memory_region_add_eventfd(&p.mr, 0xc, 4, true, 0x00020003, two));
	guest_store(g, HERE + 0xc, 0x00010000, 4);
	EXPECT(raised(one) == 1 && raised(two) == 0);
	guest_store(g, HERE + 0xc, 0x00020003, 4);
	EXPECT(raised(one) == 0 && raised(two) == 1 && p.stores == 0);
	guest_store(g, HERE + 0xc, 0x00020004, 4);
	EXPECT(raised(one) == 0 && raised(two) == 0 && p.stores == 1 && p.data == 0x00020004);
	EXPECT(!memory_region_set_address(&p.mr, THERE));
	guest_store(g, HERE + 0xc, 0x00010000, 4);
	EXPECT(raised(one) == 0);
	guest_store(g, THERE + 0xc, 0x00010000, 4);
	EXPECT(raised(one) == 1 && p.stores == 1);
	EXPECT(!memory_region_set_enabled(&p.mr, false));
	guest_store(g, THERE + 0xc, 0x00010000, 4);
	EXPECT(raised(one) == 0);
	memory_region_fini(&p.mr);
	close(one);
	close(two);
	return 0;
}

static int at_ports(struct guest *g)
{
	int any = new_fd(), match = new_fd();
	struct probe p;

	EXPECT(any >= 0 && match >= 0 && !probe_init(&p, g, "notify", 16, 0));
	EXPECT(!memory_region_add_subregion(&g->io, PORT, &p.mr));
	EXPECT(!memory_region_add_eventfd(&p.mr, 0, 2, false, 0, any));
	EXPECT(!memory_region_add_eventfd(&p.mr, 8, 1, true, 0x5a, match));
	guest_out(g, PORT, 7, 2);
	EXPECT(raised(any) == 1 && raised(match) == 0 && p.stores == 0);
	guest_out(g, PORT, 7, 4);
	EXPECT(raised(any) == 0 && p.stores == 1);
	guest_out(g, PORT + 8, 0x5a, 1);
	EXPECT(raised(match) == 1 && p.stores == 1);
	guest_out(g, PORT + 8, 0x5b, 1);
	EXPECT(raised(match) == 0 && p.stores == 2);
	guest_store(g, PORT, 7, 2);
	EXPECT(raised(any) == 0);
	memory_region_fini(&p.mr);
	close(any);
	close(match);
	return 0;
}

/* In one commit one goes and another comes with the same place and data. */
static int exchanged(struct guest *g)
{
	int fds[2] = { new_fd(), new_fd() };
	struct probe p;

	EXPECT(fds[0] >= 0 && fds[1] >= 0 && !probe_init(&p, g, "doorbell", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	EXPECT(!memory_region_add_eventfd(&p.mr, 0xc, 4, true, 1, fds[0]));
	for (unsigned int i = 0; i < 4; i++) {
		int old = fds[i % 2], new = fds[(i + 1) % 2];

		memory_transaction_begin(g->mem);
		EXPECT(!memory_region_del_eventfd(&p.mr, 0xc, 4, true, 1, old));
		EXPECT(!memory_region_add_eventfd(&p.mr, 0xc, 4, true, 1, new));
		EXPECT(!memory_transaction_commit(g->mem));
		guest_store(g, HERE + 0xc, 1, 4);
		EXPECT(raised(old) == 0 && raised(new) == 1 && p.stores == 0);
	}
	memory_region_fini(&p.mr);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static int many(struct guest *g)
{
	static const unsigned int tried[] = { 0, 1, 500, 998, 1000, MANY - 1 };
	int fd = new_fd();
	struct probe p;

	EXPECT(fd >= 0 && !probe_init(&p, g, "doorbells", MANY * 8, 0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	memory_transaction_begin(g->mem);
	for (unsigned int i = 0; i < MANY; i++)
		EXPECT(!memory_region_add_eventfd(&p.mr, 8 * i, 4, true, i, fd));
	EXPECT(!memory_transaction_commit(g->mem));
	for (unsigned int i = 0; i < 6; i++) {
		guest_store(g, HERE + 8 * tried[i], tried[i], 4);
		EXPECT(raised(fd) == 1 && p.stores == i);
		guest_store(g, HERE + 8 * tried[i], tried[i] + 1, 4);
		EXPECT(raised(fd) == 0 && p.stores == i + 1);
	}
	memory_region_fini(&p.mr);
	close(fd);
	return 0;
}

GUEST_CASE(in_memory)
GUEST_CASE(any_size)
GUEST_CASE(matched)
GUEST_CASE(at_ports)
GUEST_CASE(exchanged)
GUEST_CASE(many)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "stores of each size to memory", run_in_memory },
		{ "stores of any size", run_any_size },
		{ "stores of certain data, and a device that moves", run_matched },
		{ "stores to ports", run_at_ports },
		{ "one eventfd takes another's place", run_exchanged },
		{ "many eventfds", run_many },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
