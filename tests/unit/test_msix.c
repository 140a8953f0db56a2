// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X: the capability, the table and the pending bits, against a model that is asked anew for
 * each vector; interrupts go to a provider of the test's, which delivers as KVM does.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "memory/access.h"
#include "pci/msix.h"
#include "scarce.h"
#include "unit.h"

#define DEVFN		PCI_DEVFN(2, 0)
#define CAP		0x40
#define CONTROL		(CAP + PCI_MSIX_FLAGS)
#define BAR		1
#define BAR_REG		(PCI_BASE_ADDRESS_0 + 4 * BAR)
#define HERE		0xe0000000u
#define ENABLE		PCI_MSIX_FLAGS_ENABLE
#define MASKALL		PCI_MSIX_FLAGS_MASKALL
#define CTRL		PCI_MSIX_ENTRY_VECTOR_CTRL

struct msi_route {
	unsigned int number;		/* in the order of creation */
	int eventfd;
	bool connected;
	struct msi_message msg;
	struct msi_message prepared;
	unsigned int arrived;		/* interrupts in the guest */
	struct msi_message last;	/* the last of them */
};

/* Routes that are made, destroyed and refused as a test says. */
struct provider {
	struct msi_provider msi;
	unsigned int created, destroyed, calls;
	unsigned int prepares, prepared;	/* calls, and routes that they named */
	unsigned int limit;		/* of routes */
	int refuse;			/* connect() and prepare() give it */
	struct msi_route routes[PCI_MSIX_VECTORS_MAX];
};

struct fixture {
	struct memory *mem;
	struct memory_region root, io;
	struct address_space as, as_io;
	struct pci_bus *bus;
	struct pci_device dev;
	struct pci_msix *msix;
	struct provider provider;
	unsigned int vectors;
	int eventfds[PCI_MSIX_VECTORS_MAX];
	uint32_t pba;
};

static const struct pci_identity identity = { .vendor = 0x1af4, .device = 0x1110 };

static const struct pci_msix_layout layout = {
	.cap = CAP, .bar = BAR, .table = 0, .pba = 0x800, .bar_size = 0x1000,
};

static int route_create(struct msi_provider *p, int eventfd, struct msi_route **out)
{
	struct provider *provider = (struct provider *)p;
	struct msi_route *route = &provider->routes[provider->created];

	if (provider->created == provider->limit)
		return -ENOSPC;
	*route = (struct msi_route){ .number = provider->created++, .eventfd = eventfd };
	*out = route;
	return 0;
}

static void route_destroy(struct msi_provider *p, struct msi_route *route)
{
	struct provider *provider = (struct provider *)p;

	route->connected = false;
	provider->destroyed++;
}

static void route_deliver(struct msi_route *route)
{
	eventfd_t count;

	if (!route->connected || eventfd_read(route->eventfd, &count))
		return;
	route->arrived++;
	route->last = route->msg;
}

static int route_connect(struct msi_provider *p, struct msi_route *route,
			 const struct msi_message *msg)
{
	struct provider *provider = (struct provider *)p;

	provider->calls++;
	if (provider->refuse)
		return provider->refuse;
	route->prepared = *msg;
	route->connected = true;
	route->msg = *msg;
	route_deliver(route);
	return 0;
}

static int routes_prepare(struct msi_provider *p, const struct msi_connection *v, unsigned int nr)
{
	struct provider *provider = (struct provider *)p;

	provider->prepares++;
	provider->prepared += nr;
	for (unsigned int i = 0; !provider->refuse && i < nr; i++)
		v[i].route->prepared = v[i].msg;
	return provider->refuse;
}

static void route_disconnect(struct msi_provider *p, struct msi_route *route)
{
	((struct provider *)p)->calls++;
	assert_true(route->connected);
	route->connected = false;
}

static const struct msi_ops provider_ops = {
	route_create, route_destroy, route_connect, routes_prepare, route_disconnect,
};

static struct fixture *fixture_of(struct pci_device *dev)
{
	return (struct fixture *)((char *)dev - offsetof(struct fixture, dev));
}

static void config_written(struct pci_device *dev, unsigned int reg, unsigned int size)
{
	(void)reg;
	(void)size;
	pci_msix_config_written(fixture_of(dev)->msix);
}

static void dev_save(struct pci_device *dev, struct state *s)
{
	pci_msix_save(fixture_of(dev)->msix, s);
}

static int dev_load(struct pci_device *dev, const struct state *s, struct error *err)
{
	return pci_msix_load(fixture_of(dev)->msix, s, err);
}

static void set(struct fixture *f, unsigned int reg, uint32_t value, unsigned int size)
{
	pci_config_write(f->bus, DEVFN, reg, value, size);
}

static uint32_t get(struct fixture *f, unsigned int reg, unsigned int size)
{
	return pci_config_read(f->bus, DEVFN, reg, size);
}

static void control(struct fixture *f, uint16_t flags)
{
	set(f, CONTROL, flags, 2);
}

static uint64_t load(struct fixture *f, uint32_t offset, unsigned int size)
{
	uint64_t value = 0;

	assert_int_equal(address_space_read(&f->as, HERE + offset, &value, size), MEMTX_OK);
	return value;
}

static void store(struct fixture *f, uint32_t offset, uint64_t value, unsigned int size)
{
	assert_int_equal(address_space_write(&f->as, HERE + offset, &value, size), MEMTX_OK);
}

static void store_entry(struct fixture *f, unsigned int n, unsigned int word, uint32_t value)
{
	store(f, n * PCI_MSIX_ENTRY_SIZE + word, value, 4);
}

static void write_message(struct fixture *f, unsigned int n, uint32_t data)
{
	store_entry(f, n, PCI_MSIX_ENTRY_LOWER_ADDR, 0xfee00000);
	store_entry(f, n, PCI_MSIX_ENTRY_UPPER_ADDR, 0);
	store_entry(f, n, PCI_MSIX_ENTRY_DATA, data);
}

static void raise(struct fixture *f, unsigned int n)
{
	assert_ok(eventfd_write(f->eventfds[n], 1));
	route_deliver(&f->provider.routes[n]);
}

static bool is_pending(struct fixture *f, unsigned int n)
{
	return load(f, f->pba + n / 64 * 8, 8) >> n % 64 & 1;
}

static struct fixture *fixture_alloc(unsigned int vectors)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rlimit files = { 8192, 8192 };

	setrlimit(RLIMIT_NOFILE, &files);
	f->vectors = vectors;
	for (unsigned int n = 0; n < vectors && n < PCI_MSIX_VECTORS_MAX; n++) {
		f->eventfds[n] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		assert_true(f->eventfds[n] >= 0);
	}
	f->provider.msi.ops = &provider_ops;
	f->provider.limit = PCI_MSIX_VECTORS_MAX;
	assert_ok(memory_create(&f->mem));
	assert_ok(memory_region_init(&f->root, f->mem, NULL, "system", MEMORY_SIZE_ALL));
	assert_ok(memory_region_init(&f->io, f->mem, NULL, "io", 0x10000));
	assert_ok(address_space_init(&f->as, f->mem, &f->root, "memory"));
	assert_ok(address_space_init(&f->as_io, f->mem, &f->io, "I/O"));
	pci_device_init(&f->dev, "test", &identity);
	return f;
}

static struct fixture *fixture_new(unsigned int vectors)
{
	struct fixture *f = fixture_alloc(vectors);
	struct error err;

	assert_ok(pci_bus_create(&f->bus, f->mem, &f->root, &f->io, &err));
	f->dev.config_written = config_written;
	f->dev.save = dev_save;
	f->dev.load = dev_load;
	assert_ok(pci_msix_create(&f->msix, &f->dev, f->mem, &layout, vectors, f->eventfds,
				  &f->provider.msi, &err));
	assert_ok(pci_device_add(f->bus, &f->dev, DEVFN, &err));
	set(f, BAR_REG, HERE, 4);
	set(f, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	f->pba = get(f, CAP + PCI_MSIX_PBA, 4) & PCI_MSIX_PBA_OFFSET;
	return f;
}

static void fixture_free(struct fixture *f)
{
	if (f->bus) {
		pci_device_del(&f->dev);
		if (f->msix)
			pci_msix_destroy(f->msix);
		pci_bus_destroy(f->bus);
	}
	assert_int_equal(f->provider.destroyed, f->provider.created);
	address_space_fini(&f->as);
	address_space_fini(&f->as_io);
	memory_region_fini(&f->io);
	memory_region_fini(&f->root);
	memory_destroy(f->mem);
	for (unsigned int n = 0; n < f->vectors && n < PCI_MSIX_VECTORS_MAX; n++)
		close(f->eventfds[n]);
	free(f);
}

/* The first vector with a message of its own, and MSI-X on. */
static struct fixture *fixture_ready(void)
{
	struct fixture *f = fixture_new(4);

	write_message(f, 0, 0x40);
	store_entry(f, 0, CTRL, 0);
	control(f, ENABLE);
	return f;
}

/* --- what a guest finds --- */

static void the_capability(void **state)
{
	static const struct {
		unsigned int vectors, pba, bar;
	} sizes[] = {
		{ 1, 0x800, 0x1000 }, { 4, 0x800, 0x1000 }, { 128, 0x800, 0x1000 },
		{ 129, 0x810, 0x1000 }, { 253, 0xfd0, 0x1000 }, { 254, 0xfe0, 0x1000 },
		{ 255, 0xff0, 0x2000 }, { 2048, 0x8000, 0x10000 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fixture *f = fixture_new(sizes[i].vectors);

		assert_int_equal(get(f, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
		assert_int_equal(get(f, PCI_CAPABILITY_LIST, 1), CAP);
		assert_int_equal(get(f, CAP, 2), PCI_CAP_ID_MSIX);
		assert_int_equal(get(f, CONTROL, 2), sizes[i].vectors - 1);
		assert_int_equal(get(f, CAP + PCI_MSIX_TABLE, 4), BAR);
		assert_int_equal(get(f, CAP + PCI_MSIX_PBA, 4), sizes[i].pba | BAR);
		set(f, BAR_REG, UINT32_MAX, 4);
		assert_int_equal(get(f, BAR_REG, 4), -sizes[i].bar);
		fixture_free(f);
	}
}

static void what_is_read_only(void **state)
{
	struct fixture *f = fixture_new(4);

	(void)state;
	for (unsigned int reg = CAP; reg < CAP + PCI_CAP_MSIX_SIZEOF; reg++)
		set(f, reg, 0xff, 1);
	assert_int_equal(get(f, CAP, 4), PCI_CAP_ID_MSIX | (ENABLE | MASKALL | 3u) << 16);
	assert_int_equal(get(f, CAP + PCI_MSIX_TABLE, 4), BAR);
	assert_int_equal(get(f, CAP + PCI_MSIX_PBA, 4), 0x800 | BAR);
	for (unsigned int i = 0; i < 0x1000; i += 4)
		store(f, i, UINT32_MAX, 4);
	for (unsigned int i = 0; i < 0x1000; i += 4)
		assert_int_equal(load(f, i, 4), i >= 4 * 16 ? 0 : i % 16 == CTRL ? 1 :
				 i % 16 == 0 ? 0xfffffffc : UINT32_MAX);
	fixture_free(f);
}

static void after_reset_all_is_masked(void **state)
{
	struct fixture *f = fixture_new(4);

	(void)state;
	for (unsigned int n = 0; n < 4; n++)
		assert_int_equal(load(f, n * 16 + CTRL, 4), PCI_MSIX_ENTRY_CTRL_MASKBIT);
	control(f, ENABLE);
	assert_int_equal(f->provider.calls, 0);
	fixture_free(f);
}

static void widths(void **state)
{
	static const struct {
		unsigned int offset, size;
	} odd[] = {
		{ 0, 1 }, { 0, 2 }, { 2, 2 }, { 3, 1 }, { 4, 1 }, { 12, 1 }, { 12, 2 },
	};
	struct fixture *f = fixture_new(4);

	(void)state;
	store(f, 0, 0x1122334455667788, 8);
	store(f, 8, 0x00000001aabbccdd, 8);
	assert_int_equal(load(f, 0, 4), 0x55667788);
	assert_int_equal(load(f, 4, 4), 0x11223344);
	assert_true(load(f, 8, 8) == 0x1aabbccdd);
	for (unsigned int i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		store(f, odd[i].offset, 0, odd[i].size);
		assert_int_equal(load(f, odd[i].offset, odd[i].size), 0);
	}
	assert_true(load(f, 0, 8) == 0x1122334455667788);
	assert_true(load(f, 8, 8) == 0x1aabbccdd);
	fixture_free(f);
}

/* --- what its interrupts do --- */

static void an_interrupt(void **state)
{
	struct fixture *f = fixture_ready();
	struct msi_route *route = &f->provider.routes[0];

	(void)state;
	raise(f, 0);
	raise(f, 1);
	assert_int_equal(route->arrived, 1);
	assert_true(route->last.address == 0xfee00000);
	assert_int_equal(route->last.data, 0x40);
	assert_false(is_pending(f, 0));
	assert_true(is_pending(f, 1));
	/* KVM does not read it empty when it connects it */
	assert_ok(eventfd_write(f->eventfds[0], 1));
	assert_false(is_pending(f, 0));
	fixture_free(f);
}

static void what_does_not_change_is_told_nobody(void **state)
{
	struct fixture *f = fixture_ready();

	(void)state;
	f->provider.calls = 0;
	control(f, ENABLE);
	set(f, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	set(f, PCI_INTERRUPT_LINE, 9, 1);
	store_entry(f, 1, CTRL, 1);
	store_entry(f, 1, PCI_MSIX_ENTRY_DATA, 0x41);
	store(f, f->pba, UINT64_MAX, 8);
	assert_int_equal(f->provider.calls, 0);
	fixture_free(f);
}

/*
 * A table of messages is slow to change: those of all vectors that are unmasked at once are one
 * change, and while they are masked whatever is written is none.
 */
static void what_is_unmasked_at_once_is_one_change(void **state)
{
	struct fixture *f = fixture_new(PCI_MSIX_VECTORS_MAX);

	(void)state;
	control(f, ENABLE | MASKALL);
	for (unsigned int n = 0; n < f->vectors; n++) {
		write_message(f, n, n);
		store_entry(f, n, CTRL, n % 4 == 3);
	}
	assert_int_equal(f->provider.calls + f->provider.prepares, 0);
	control(f, ENABLE);
	assert_int_equal(f->provider.prepares, 1);
	assert_int_equal(f->provider.prepared, f->vectors / 4 * 3);
	assert_int_equal(f->provider.calls, f->vectors / 4 * 3);
	for (unsigned int n = 0; n < f->vectors; n++) {
		assert_int_equal(f->provider.routes[n].connected, n % 4 != 3);
		assert_int_equal(f->provider.routes[n].prepared.data, n % 4 == 3 ? 0 : n);
	}
	control(f, 0);
	assert_int_equal(f->provider.prepares, 1);
	f->provider.refuse = -ENOMEM;
	f->provider.calls = 0;
	control(f, ENABLE);
	assert_int_equal(f->provider.prepares, 2);
	assert_int_equal(f->provider.calls, 0);
	raise(f, 0);
	assert_true(is_pending(f, 0) && !f->provider.routes[0].arrived);
	f->provider.refuse = 0;
	control(f, ENABLE | MASKALL);
	control(f, ENABLE);
	assert_true(!is_pending(f, 0) && f->provider.routes[0].arrived == 1);
	fixture_free(f);
}

static void each_mask_keeps_it(void **state)
{
	struct fixture *f = fixture_ready();
	struct msi_route *route = &f->provider.routes[0];

	(void)state;
	store_entry(f, 0, CTRL, 1);
	raise(f, 0);
	assert_true(is_pending(f, 0) && !route->arrived);
	store_entry(f, 0, CTRL, 0);
	assert_true(!is_pending(f, 0) && route->arrived == 1);
	control(f, ENABLE | MASKALL);
	raise(f, 0);
	assert_true(is_pending(f, 0) && route->arrived == 1);
	control(f, ENABLE);
	assert_true(!is_pending(f, 0) && route->arrived == 2);
	control(f, 0);
	raise(f, 0);
	assert_true(is_pending(f, 0) && route->arrived == 2);
	set(f, CONTROL + 1, ENABLE >> 8, 1);
	assert_true(!is_pending(f, 0) && route->arrived == 3);
	set(f, CAP, (uint32_t)MASKALL << 16, 4);
	assert_false(route->connected);
	set(f, CAP, (uint32_t)ENABLE << 16, 4);
	assert_true(route->connected && route->arrived == 3);
	fixture_free(f);
}

static void a_message_is_rewritten(void **state)
{
	struct fixture *f = fixture_ready();
	struct msi_route *route = &f->provider.routes[0];

	(void)state;
	store_entry(f, 0, PCI_MSIX_ENTRY_DATA, 0x41);
	raise(f, 0);
	assert_int_equal(route->last.data, 0x41);
	f->provider.calls = 0;
	store(f, 0, 0x2fee01000, 8);
	assert_int_equal(f->provider.calls, 1);
	raise(f, 0);
	assert_true(route->last.address == 0x2fee01000 && route->arrived == 2);
	fixture_free(f);
}

static void a_refusal_waits_for_the_next_unmasking(void **state)
{
	struct fixture *f = fixture_ready();
	struct msi_route *route = &f->provider.routes[0];

	(void)state;
	f->provider.refuse = -ENOMEM;
	store_entry(f, 0, PCI_MSIX_ENTRY_DATA, 0x41);
	assert_false(route->connected);
	raise(f, 0);
	assert_true(is_pending(f, 0) && !route->arrived);
	control(f, ENABLE | MASKALL);
	control(f, ENABLE);
	assert_true(is_pending(f, 0));
	f->provider.refuse = 0;
	store_entry(f, 0, CTRL, 1);
	store_entry(f, 0, CTRL, 0);
	assert_true(!is_pending(f, 0) && route->arrived == 1 && route->last.data == 0x41);
	fixture_free(f);
}

/* --- what can't be made --- */

static void expect_refused(unsigned int vectors, unsigned int limit,
			   const struct pci_msix_layout *where, int code)
{
	struct fixture *f = fixture_alloc(vectors);
	struct error err = { .text = "" };

	f->provider.limit = limit;
	assert_int_equal(pci_msix_create(&f->msix, &f->dev, f->mem, where, vectors, f->eventfds,
					 &f->provider.msi, &err), code);
	assert_string_not_equal(err.text, "");
	f->msix = NULL;
	fixture_free(f);
}

static void what_cannot_be(void **state)
{
	struct pci_msix_layout bad = layout;

	(void)state;
	expect_refused(0, 8, &layout, -EINVAL);
	expect_refused(PCI_MSIX_VECTORS_MAX + 1, PCI_MSIX_VECTORS_MAX, &layout, -EINVAL);
	expect_refused(4, 3, &layout, -ENOSPC);
	bad.bar = PCI_NUM_BARS;
	expect_refused(4, 4, &bad, -EINVAL);
	bad = layout;
	bad.cap = 0xf8;
	expect_refused(4, 4, &bad, -EINVAL);
}

/* Whichever allocation fails, all is given back. */
static void no_memory(void **state)
{
	struct fixture *f = fixture_alloc(4);
	struct error err;
	int ret = -ENOMEM;

	(void)state;
	for (unsigned int good = 0; ret; good++) {
		scarce_begin(good, 1);
		ret = pci_msix_create(&f->msix, &f->dev, f->mem, &layout, 4, f->eventfds,
				      &f->provider.msi, &err);
		assert_int_equal(ret, scarce_end() ? -ENOMEM : 0);
		if (ret)
			assert_int_equal(f->provider.destroyed, f->provider.created);
	}
	pci_msix_destroy(f->msix);
	f->msix = NULL;
	fixture_free(f);
}

/* --- against a model --- */

struct model {
	uint32_t table[PCI_MSIX_VECTORS_MAX][4];
	uint16_t flags;
	bool pending[PCI_MSIX_VECTORS_MAX];
	unsigned int arrived[PCI_MSIX_VECTORS_MAX];
};

static bool model_is_connected(const struct model *m, unsigned int n)
{
	return (m->flags & ENABLE) && !(m->flags & MASKALL) && !(m->table[n][3] & 1);
}

/* What waits arrives as soon as it can. */
static void model_settle(struct model *m, unsigned int n)
{
	if (!m->pending[n] || !model_is_connected(m, n))
		return;
	m->pending[n] = false;
	m->arrived[n]++;
}

static void model_settle_all(struct model *m)
{
	for (unsigned int n = 0; n < PCI_MSIX_VECTORS_MAX; n++)
		model_settle(m, n);
}

static void model_store(struct model *m, uint32_t offset, uint64_t value, unsigned int size)
{
	if (size < 4 || offset % size || offset >= sizeof(m->table))
		return;
	for (unsigned int i = 0; i < size / 4; i++) {
		unsigned int word = offset % 16 / 4 + i;
		uint32_t half = value >> 32 * i;

		m->table[offset / 16][word] = word == 0 ? half & ~3u : word == 3 ? half & 1 : half;
	}
	model_settle(m, offset / 16);
}

static uint64_t model_load(const struct model *m, uint32_t offset, unsigned int size)
{
	const uint32_t pba = sizeof(m->table);
	uint64_t value = 0;

	if (size < 4 || offset % size)
		return 0;
	if (offset < pba)
		memcpy(&value, (const char *)m->table + offset, size);
	for (unsigned int i = 0; offset >= pba && i < 8 * size; i++) {
		unsigned int n = (offset - pba) * 8 + i;

		value |= (uint64_t)(n < PCI_MSIX_VECTORS_MAX && m->pending[n]) << i;
	}
	return value;
}

static void compare(struct fixture *f, const struct model *m, unsigned int n)
{
	const struct msi_route *route = &f->provider.routes[n];

	assert_int_equal(route->connected, model_is_connected(m, n));
	assert_int_equal(route->arrived, m->arrived[n]);
	if (!route->connected)
		return;
	assert_true(route->msg.address == ((uint64_t)m->table[n][1] << 32 | m->table[n][0]));
	assert_int_equal(route->msg.data, m->table[n][2]);
}

static void random_config(struct fixture *f, struct model *m, struct rnd *r)
{
	uint16_t flags = rnd(r, 4) << 14 | rnd(r, 0x4000);

	control(f, flags);
	m->flags = flags & (ENABLE | MASKALL);
	model_settle_all(m);
}

/* Mostly in the table and the pending bits; few vectors more often, that much happens to them. */
static uint32_t random_offset(struct rnd *r)
{
	switch (rnd(r, 4)) {
	case 0:
		return rnd(r, 0x10000 - 8);
	case 1:
		return 0x8000 + rnd(r, 0x108);
	default:
		return rnd(r, 8) * 16 + rnd(r, 4) * 4;
	}
}

static void random_step(struct fixture *f, struct model *m, struct rnd *r)
{
	unsigned int size = 1u << rnd(r, 4), n;
	uint32_t offset = random_offset(r);
	uint64_t value = (uint64_t)rnd(r, UINT32_MAX) << 32 | rnd(r, UINT32_MAX);

	if (!rnd(r, 50)) {
		random_config(f, m, r);
	} else if (rnd(r, 3) == 0) {
		n = rnd(r, 2) ? rnd(r, 8) : rnd(r, f->vectors);
		raise(f, n);
		m->pending[n] = true;
		model_settle(m, n);
		compare(f, m, n);
	} else if (rnd(r, 2)) {
		store(f, offset, value, size);
		model_store(m, offset, value, size);
		compare(f, m, offset / 16 % PCI_MSIX_VECTORS_MAX);
	} else {
		assert_true(load(f, offset, size) == model_load(m, offset, size));
	}
}

static void as_the_model_has_it(void **state)
{
	struct fixture *f = fixture_new(PCI_MSIX_VECTORS_MAX);
	struct model *m = calloc(1, sizeof(*m));
	struct rnd r = rnd_start();

	(void)state;
	for (unsigned int n = 0; n < PCI_MSIX_VECTORS_MAX; n++)
		m->table[n][3] = 1;
	for (unsigned int i = 0; i < 1000000; i++) {
		random_step(f, m, &r);
		for (unsigned int n = 0; i % 1000 == 0 && n < PCI_MSIX_VECTORS_MAX; n++)
			compare(f, m, n);
	}
	free(m);
	fixture_free(f);
}

/* --- anything, anywhere --- */

static void poke_config(struct fixture *f, struct rnd *r)
{
	unsigned int size = 1u << rnd(r, 3);

	set(f, CAP + rnd(r, 16 / size) * size, rnd(r, UINT32_MAX), size);
}

/* Of any length, also across the ends of table, pending bits and BAR. */
static void poke_bar(struct fixture *f, struct rnd *r)
{
	hwaddr addr = HERE + (rnd(r, 2) ? rnd(r, 0x100) : rnd(r, 0x1040));
	unsigned int len = 1 + rnd(r, 32);
	uint8_t buf[32];

	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = rnd(r, 256);
	if (rnd(r, 2))
		address_space_write(&f->as, addr, buf, len);
	else
		address_space_read(&f->as, addr, buf, len);
}

static void expect_as_told(struct fixture *f)
{
	bool on = (get(f, CONTROL, 2) & (ENABLE | MASKALL)) == ENABLE;

	for (unsigned int n = 0; n < f->vectors; n++) {
		bool masked = load(f, n * 16 + CTRL, 4);

		assert_int_equal(f->provider.routes[n].connected, on && !masked);
		assert_false(is_pending(f, n));
	}
}

static void anything_anywhere(void **state)
{
	struct fixture *f = fixture_new(130);
	struct rnd r = rnd_start();

	(void)state;
	for (unsigned int i = 0; i < 1000000; i++) {
		if (!rnd(&r, 32))
			poke_config(f, &r);
		else
			poke_bar(f, &r);
		if (!rnd(&r, 4096))
			expect_as_told(f);
	}
	expect_as_told(f);
	assert_int_equal(get(f, CONTROL, 2) & PCI_MSIX_FLAGS_QSIZE, 129);
	fixture_free(f);
}

struct poker {
	struct fixture *f;
	void (*poke)(struct fixture *f, struct rnd *r);
	pthread_t thread;
};

static void *poker_run(void *opaque)
{
	struct poker *p = opaque;
	struct rnd r = { 42 };

	memory_thread_register();
	for (unsigned int i = 0; i < 20000; i++)
		p->poke(p->f, &r);
	memory_thread_unregister();
	return NULL;
}

static void by_two_processors(void **state)
{
	struct fixture *f = fixture_new(8);
	struct poker pokers[] = { { f, poke_config, 0 }, { f, poke_bar, 0 }, { f, poke_bar, 0 } };

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_ok(pthread_create(&pokers[i].thread, NULL, poker_run, &pokers[i]));
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(pokers[i].thread, NULL);
	expect_as_told(f);
	fixture_free(f);
}

/* --- its state --- */

static void saved(struct fixture *f, struct state_set *set)
{
	state_set_init(set);
	pci_bus_save(f->bus, set);
	assert_ok(set->error);
}

static void it_goes_on_elsewhere(void **state)
{
	struct fixture *f = fixture_ready(), *g = fixture_new(4);
	struct state_set set;
	struct error err;

	(void)state;
	write_message(f, 2, 0x42);
	raise(f, 2);
	raise(f, 0);
	saved(f, &set);
	assert_ok(pci_bus_load(g->bus, &set, &err));
	state_set_fini(&set);
	raise(g, 0);
	assert_int_equal(g->provider.routes[0].arrived, 1);
	assert_int_equal(g->provider.routes[0].last.data, 0x40);
	assert_true(!is_pending(g, 0) && !is_pending(g, 1) && is_pending(g, 2));
	store_entry(g, 2, CTRL, 0);
	assert_int_equal(g->provider.routes[2].arrived, 1);
	assert_int_equal(g->provider.routes[2].last.data, 0x42);
	fixture_free(f);
	fixture_free(g);
}

/* What is connected here, or has MSI-X on, and was not there. */
static void it_goes_back(void **state)
{
	struct fixture *f = fixture_ready();
	struct state_set set;
	struct error err;

	(void)state;
	store_entry(f, 0, CTRL, 1);
	saved(f, &set);
	store_entry(f, 0, CTRL, 0);
	assert_ok(pci_bus_load(f->bus, &set, &err));
	assert_false(f->provider.routes[0].connected);
	state_set_fini(&set);
	store_entry(f, 0, CTRL, 0);
	control(f, 0);
	raise(f, 0);
	saved(f, &set);
	store_entry(f, 0, CTRL, 1);
	control(f, ENABLE);
	assert_ok(pci_bus_load(f->bus, &set, &err));
	assert_true(is_pending(f, 0) && !f->provider.routes[0].arrived);
	state_set_fini(&set);
	fixture_free(f);
}

static void put_same(struct state *to, const struct state *from, const char *field)
{
	size_t size;
	const void *value = state_find(from, field, &size);

	assert_non_null(value);
	state_put(to, field, value, size);
}

/* The state of @f with other fields of MSI-X; NULL: it has not that one. */
static void expect_unfit(struct fixture *f, const void *table, size_t table_size,
			 const void *pending, size_t pending_size)
{
	struct state_set there, set;
	struct state *dev, *from;
	struct error err = { .text = "" };
	size_t size;

	saved(f, &there);
	state_set_init(&set);
	for (from = state_first(&there); from; from = state_next(from)) {
		const void *data = state_data(from, &size);

		if (state_instance(from) != DEVFN) {
			assert_ok(state_parse(&set, state_name(from), state_instance(from),
					      state_version(from), data, size));
			continue;
		}
		dev = state_add(&set, "pci", DEVFN, state_version(from));
		put_same(dev, from, "config");
		put_same(dev, from, "bar-sizes");
		if (table)
			state_put(dev, "msix-table", table, table_size);
		if (pending)
			state_put(dev, "msix-pending", pending, pending_size);
	}
	assert_int_equal(pci_bus_load(f->bus, &set, &err), -EINVAL);
	assert_string_not_equal(err.text, "");
	state_set_fini(&set);
	state_set_fini(&there);
}

static void a_state_that_does_not_fit(void **state)
{
	struct fixture *f = fixture_new(4), *other = fixture_new(5);
	uint32_t table[16] = { 0 }, pending[2] = { 0 };
	struct state_set set;
	struct error err;

	(void)state;
	expect_unfit(f, NULL, 0, pending, sizeof(pending));
	expect_unfit(f, table, sizeof(table), NULL, 0);
	expect_unfit(f, table, sizeof(table) - 1, pending, sizeof(pending));
	expect_unfit(f, table, sizeof(table), pending, sizeof(pending) - 4);
	table[3] = 2;
	expect_unfit(f, table, sizeof(table), pending, sizeof(pending));
	table[3] = 0;
	table[4] = 1;
	expect_unfit(f, table, sizeof(table), pending, sizeof(pending));
	saved(other, &set);
	assert_int_equal(pci_bus_load(f->bus, &set, &err), -EINVAL);
	state_set_fini(&set);
	fixture_free(f);
	fixture_free(other);
}

/* --- what a user sees --- */

static void expect_info(struct fixture *f, bool json, const char *text)
{
	char *all = NULL;
	size_t size;
	FILE *out = open_memstream(&all, &size);

	pci_info(f->bus, out, json);
	fclose(out);
	if (!strstr(all, text))
		fail_msg("no '%s' in: %s", text, all);
	free(all);
}

static void info(void **state)
{
	struct fixture *f = fixture_new(4);

	(void)state;
	expect_info(f, false, "MSI-X: 4 vectors, disabled\n");
	control(f, ENABLE | MASKALL);
	expect_info(f, false, "MSI-X: 4 vectors, enabled, masked\n");
	expect_info(f, true, "\"msix\": {\"vectors\": 4, \"enabled\": true, \"masked\": true}}");
	control(f, ENABLE);
	expect_info(f, false, "MSI-X: 4 vectors, enabled\n");
	pci_device_del(&f->dev);
	expect_info(f, true, "\"bars\": []}]\n");
	fixture_free(f);
}

#define CASE(function) cmocka_unit_test(function)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_capability),
		CASE(what_is_read_only),
		CASE(after_reset_all_is_masked),
		CASE(widths),
		CASE(an_interrupt),
		CASE(what_does_not_change_is_told_nobody),
		CASE(what_is_unmasked_at_once_is_one_change),
		CASE(each_mask_keeps_it),
		CASE(a_message_is_rewritten),
		CASE(a_refusal_waits_for_the_next_unmasking),
		CASE(what_cannot_be),
		CASE(no_memory),
		CASE(as_the_model_has_it),
		CASE(anything_anywhere),
		CASE(by_two_processors),
		CASE(it_goes_on_elsewhere),
		CASE(it_goes_back),
		CASE(a_state_that_does_not_fit),
		CASE(info),
	};

	int failed;

	memory_thread_register();
	failed = cmocka_run_group_tests_name("msix", tests, NULL, NULL);
	memory_thread_unregister();
	return failed;
}
