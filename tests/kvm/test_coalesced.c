// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesced stores: they wait in KVM's ring, and are made in order before the guest's next access
 * that leaves it, before who flushes looks, and while the ring is full.
 */
#include <time.h>

#include "../ktap.h"
#include "guest.h"
#include "memory/access.h"

#define PAGE	0x1000ull
#define HERE	0x40000000ull
#define THERE	0x50000000ull
#define PORT	0x500
#define STORES	1000u		/* more than a ring holds */

/* A device that remembers what is stored to it, in order. */
struct tape {
	struct memory_region mr;
	unsigned int nr;
	struct {
		uint64_t addr, data;
		unsigned int size;
	} stores[4 * STORES];
};

static enum memtx_result tape_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct tape *t = opaque;

	(void)addr;
	(void)size;
	*data = t->nr;
	return MEMTX_OK;
}

static enum memtx_result tape_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct tape *t = opaque;

	if (t->nr < 4 * STORES) {
		t->stores[t->nr].addr = addr;
		t->stores[t->nr].data = data;
		t->stores[t->nr].size = size;
	}
	__atomic_fetch_add(&t->nr, 1, __ATOMIC_RELEASE);
	return MEMTX_OK;
}

static const struct memory_region_ops tape_ops = { .read = tape_read, .write = tape_write };

static unsigned int tape_length(const struct tape *t)
{
	return __atomic_load_n(&t->nr, __ATOMIC_ACQUIRE);
}

static int tape_init(struct tape *t, struct guest *g, struct memory_region *in, uint64_t at,
		     uint64_t size)
{
	memset(t, 0, sizeof(*t));
	EXPECT(!memory_region_init_io(&t->mr, g->mem, NULL, &tape_ops, t, "tape", size));
	EXPECT(!memory_region_add_subregion(in, at, &t->mr));
	EXPECT(!memory_region_add_coalescing(&t->mr, 0, size));
	return 0;
}

/* Stores alone bring the guest out now and then only; whether any do wait can be seen. */
static int wait_and_arrive(struct guest *g, struct tape *t,
			   void (*store)(struct guest *g, unsigned int i))
{
	unsigned int waited = 0;

	for (unsigned int i = 0; i < STORES; i++) {
		store(g, i);
		waited += tape_length(t) < i + 1;
	}
	EXPECT(waited > STORES / 4);
	vcpus_pause(g->vcpus);
	vcpus_resume(g->vcpus);
	EXPECT(tape_length(t) == STORES);
	return 0;
}

static void store_to_memory(struct guest *g, unsigned int i)
{
	guest_store(g, HERE + 8 * (i % 16), 0x100000001ull * i, 1u << i % 4);
}

static int in_memory(struct guest *g)
{
	static struct tape t;

	if (!g->kvm->coalesced_page)
		return ktap_skip("KVM has no KVM_CAP_COALESCED_MMIO");
	EXPECT_PASS(tape_init(&t, g, &g->root, HERE, PAGE));
	EXPECT_PASS(wait_and_arrive(g, &t, store_to_memory));
	for (unsigned int i = 0; i < STORES; i++) {
		unsigned int size = 1u << i % 4;

		EXPECT(t.stores[i].addr == 8 * (i % 16) && t.stores[i].size == size);
		EXPECT(t.stores[i].data == (0x100000001ull * i & UINT64_MAX >> (64 - 8 * size)));
	}
	memory_region_fini(&t.mr);
	return 0;
}

static void store_to_port(struct guest *g, unsigned int i)
{
	guest_out(g, PORT + i % 4 * 4, i * 3, 4);
}

static int at_ports(struct guest *g)
{
	static struct tape t;

	if (!g->kvm->coalesced_pio)
		return ktap_skip("KVM has no KVM_CAP_COALESCED_PIO");
	EXPECT_PASS(tape_init(&t, g, &g->io, PORT, 16));
	EXPECT_PASS(wait_and_arrive(g, &t, store_to_port));
	for (unsigned int i = 0; i < STORES; i++)
		EXPECT(t.stores[i].addr == i % 4 * 4 && t.stores[i].data == i * 3);
	memory_region_fini(&t.mr);
	return 0;
}

/* Whatever the guest does next outside: it comes after. */
static int before_the_next_exit(struct guest *g)
{
	static struct tape t;
	struct probe p;

	EXPECT_PASS(tape_init(&t, g, &g->root, HERE, PAGE));
	EXPECT(!probe_init(&p, g, "other", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &p.mr));
	for (unsigned int i = 0; i < 100; i++) {
		guest_store(g, HERE, i, 4);
		guest_store(g, HERE + 8, i, 4);
		guest_store(g, THERE, 1, 4);
		EXPECT(tape_length(&t) == 2 * i + 2);
		EXPECT(t.stores[2 * i].addr == 0 && t.stores[2 * i + 1].addr == 8);
	}
	guest_store(g, HERE, 1, 4);
	EXPECT(guest_load(g, HERE, 4) == 201);
	memory_region_fini(&p.mr);
	memory_region_fini(&t.mr);
	return 0;
}

/* Somebody else looks: at a region that flushes, and at one that doesn't. */
static int flushed(struct guest *g)
{
	static struct tape t;
	struct probe p;
	unsigned int late = 0;

	EXPECT_PASS(tape_init(&t, g, &g->root, HERE, PAGE));
	EXPECT(!probe_init(&p, g, "status", 8, 0));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &p.mr));
	for (unsigned int i = 1; i <= 20; i++) {
		guest_store(g, HERE, i, 4);
		address_space_ldl_le(&g->as, THERE, NULL);
		late += tape_length(&t) < i;
		memory_region_set_flush_coalesced(&p.mr, true);
		address_space_ldl_le(&g->as, THERE, NULL);
		EXPECT(tape_length(&t) == i);
		memory_region_set_flush_coalesced(&p.mr, false);
	}
	EXPECT(late > 0);
	guest_store(g, HERE, 99, 4);
	EXPECT(!memory_region_clear_coalescing(&t.mr));
	EXPECT(tape_length(&t) == 21 && t.stores[20].data == 99);
	guest_store(g, HERE, 100, 4);
	EXPECT(tape_length(&t) == 22);
	memory_region_fini(&p.mr);
	memory_region_fini(&t.mr);
	return 0;
}

/* More ranges than KVM takes on one bus are no failure; stores to some of them just don't wait. */
static int more_ranges_than_kvm_takes(struct guest *g)
{
	static struct tape t;

	memset(&t, 0, sizeof(t));
	EXPECT(!memory_region_init_io(&t.mr, g->mem, NULL, &tape_ops, &t, "tape", 1200 * 16));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &t.mr));
	memory_transaction_begin(g->mem);
	for (unsigned int i = 0; i < 1200; i++)
		EXPECT(!memory_region_add_coalescing(&t.mr, 16 * i, 8));
	EXPECT(!memory_transaction_commit(g->mem));
	for (unsigned int i = 0; i < 1200; i += 37)
		guest_store(g, HERE + 16 * i, i, 8);
	EXPECT(guest_load(g, HERE, 4) == 33 && tape_length(&t) == 33);
	for (unsigned int i = 0; i < 33; i++)
		EXPECT(t.stores[i].addr == 16 * 37 * i && t.stores[i].data == 37 * i);
	memory_region_fini(&t.mr);
	return 0;
}

GUEST_CASE(in_memory)
GUEST_CASE(at_ports)
GUEST_CASE(before_the_next_exit)
GUEST_CASE(flushed)
GUEST_CASE(more_ranges_than_kvm_takes)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "stores to memory wait, and arrive in order", run_in_memory },
		{ "stores to ports wait, and arrive in order", run_at_ports },
		{ "they arrive before the guest's next exit is handled",
		  run_before_the_next_exit },
		{ "they arrive before who flushes looks", run_flushed },
		{ "more ranges than KVM takes", run_more_ranges_than_kvm_takes },
	};
	int ret;

	memory_thread_register();
	ret = ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
	memory_thread_unregister();
	return ret;
}
