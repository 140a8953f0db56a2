// SPDX-License-Identifier: GPL-2.0-only
/*
 * No holes: a device is laid over a page of the RAM that the guest runs in, and goes again, while
 * it loads from a neighbouring page all the time. Its code, tables and what it loads lie in the
 * slots that KVM has to forget for that: a vCPU that got to see the gap could not fetch its next
 * instruction.
 *
 * TOGGLES=N toggles that often; if not given 100000 times, or as often as is possible in
 * SECONDS_MAX.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../ktap.h"
#include "guest.h"

#define PAGE		0x1000ull
#define OVERLAY		0x180000ull
#define WATCHED		(OVERLAY - PAGE)	/* in RAM, as is all below and above the overlay */
#define VALUE		0x1122334455667788ull
#define SECONDS_MAX	4
#define LONGEST_US	2000000			/* of a pause: the machine may have other work */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static unsigned int wanted_toggles(double *until)
{
	const char *text = getenv("TOGGLES");

	*until = text ? 1e300 : seconds() + SECONDS_MAX;
	return text ? strtoul(text, NULL, 0) : 100000;
}

/* Each is two changes; what the guest finds while the device is there is tried now and then. */
static int toggle(struct guest *g, struct probe *p, unsigned int *done)
{
	double until, started = seconds();
	unsigned int wanted = wanted_toggles(&until);

	for (*done = 0; *done < wanted && seconds() < until; (*done)++) {
		EXPECT(!memory_region_set_enabled(&p->mr, true));
		EXPECT(!memory_region_set_enabled(&p->mr, false));
		EXPECT(!__atomic_load_n(&g->failed, __ATOMIC_ACQUIRE));
	}
	printf("# %u of %u toggles in %.1f s\n", *done, wanted, seconds() - started);
	return 0;
}

static int watch_and_toggle(struct guest *g)
{
	uint8_t *ram = memory_region_get_ram_ptr(&g->ram);
	const struct kvm_guard *guard = &g->kvm->guard;
	uint64_t loads, odd, ones, pauses = guard->pauses;
	unsigned int done;
	struct probe p;

	EXPECT(!probe_init(&p, g, "overlay", PAGE, 0));
	EXPECT(!memory_region_set_enabled(&p.mr, false));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, OVERLAY, &p.mr, 1));
	*(uint64_t *)(ram + WATCHED) = VALUE;
	guest_watch(g, WATCHED, VALUE);
	EXPECT_PASS(toggle(g, &p, &done));
	guest_watch_end(g, &loads, &odd);
	ones = guest_watched_ones(g);
	printf("# %" PRIu64 " loads, %" PRIu64 " pauses, the longest %" PRIu64 " us\n", loads,
	       guard->pauses - pauses, guard->longest / 1000);
	EXPECT(done > 100 && loads > done / 10);
	EXPECT(odd == 0 && ones == 0);
	EXPECT(guard->pauses == pauses + 2 * done);
	EXPECT(guard->longest / 1000 < LONGEST_US);
	memory_region_fini(&p.mr);
	return 0;
}

/* Where nothing stays that has to be told anew, nobody is stopped. */
static int no_pause_without_need(struct guest *g)
{
	const struct kvm_guard *guard = &g->kvm->guard;
	uint64_t pauses = guard->pauses;
	struct memory_region mr;
	struct probe p;

	EXPECT(!memory_region_init_ram(&mr, g->mem, NULL, "mover", PAGE));
	EXPECT(!probe_init(&p, g, "device", PAGE, 0));
	EXPECT(!memory_region_add_subregion(&g->root, 0x40000000, &mr));
	EXPECT(!memory_region_add_subregion(&g->root, 0x60000000, &p.mr));
	EXPECT(!memory_region_set_address(&mr, 0x50000000));
	EXPECT(!memory_region_set_address(&p.mr, 0x70000000));
	EXPECT(!memory_region_set_enabled(&mr, false));
	EXPECT(guard->pauses == pauses);
	EXPECT(!memory_region_set_enabled(&mr, true));
	EXPECT(!memory_region_set_readonly(&mr, true));
	EXPECT(guard->pauses == pauses + 1);
	EXPECT(guest_load(g, 0x50000000, 8) == 0);
	memory_region_fini(&mr);
	memory_region_fini(&p.mr);
	return 0;
}

/* --- a vCPU that makes the change itself, while another thread makes others --- */

struct toggler {
	struct memory_region mr;	/* its registers; a store there toggles */
	struct memory_region *overlay;
	int ret;
};

static enum memtx_result toggler_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct toggler *t = opaque;

	(void)addr;
	(void)size;
	t->ret = t->ret ? t->ret : memory_region_set_enabled(t->overlay, data);
	return MEMTX_OK;
}

static const struct memory_region_ops toggler_ops = { .write = toggler_write };

struct other {
	struct memory_region *mr;
	unsigned int stop, done;
	int ret;
};

static void *other_thread(void *arg)
{
	struct other *o = arg;

	memory_thread_register();
	while (!o->ret && !__atomic_load_n(&o->stop, __ATOMIC_ACQUIRE)) {
		o->ret = memory_region_set_enabled(o->mr, !(o->done % 2));
		o->done++;
	}
	memory_thread_unregister();
	return NULL;
}

/* It waits for the model's lock when the other pauses all vCPUs, and the other way round. */
static int by_a_vcpu_itself(struct guest *g)
{
	struct probe p, q;
	struct toggler t = { .overlay = &p.mr };
	struct other o = { .mr = &q.mr };
	pthread_t thread;

	EXPECT(!probe_init(&p, g, "overlay", PAGE, 0));
	EXPECT(!probe_init(&q, g, "other", PAGE, 0));
	EXPECT(!memory_region_init_io(&t.mr, g->mem, NULL, &toggler_ops, &t, "toggler", 8));
	EXPECT(!memory_region_set_enabled(&p.mr, false));
	EXPECT(!memory_region_set_enabled(&q.mr, false));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, OVERLAY, &p.mr, 1));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, OVERLAY - 4 * PAGE, &q.mr, 1));
	EXPECT(!memory_region_add_subregion(&g->root, 0x40000000, &t.mr));
	EXPECT(!pthread_create(&thread, NULL, other_thread, &o));
	for (unsigned int i = 0; i < 1000; i++)
		guest_store(g, 0x40000000, !(i % 2), 1);
	__atomic_store_n(&o.stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT(!t.ret && !o.ret && o.done > 10);
	EXPECT(!g->failed);
	memory_region_fini(&t.mr);
	memory_region_fini(&p.mr);
	memory_region_fini(&q.mr);
	return 0;
}

static int watch_and_toggle_in_ring_3(struct guest *g)
{
	return watch_and_toggle(g);
}

GUEST_CASE(watch_and_toggle)
GUEST_CASE(watch_and_toggle_in_ring_3, .user = true)
GUEST_CASE(no_pause_without_need)
GUEST_CASE(by_a_vcpu_itself)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a vCPU never sees the gap while a slot is split and merged",
		  run_watch_and_toggle },
		{ "nor does one that runs as fast as it can", run_watch_and_toggle_in_ring_3 },
		{ "no vCPU is paused without need", run_no_pause_without_need },
		{ "a vCPU makes such changes itself", run_by_a_vcpu_itself },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
