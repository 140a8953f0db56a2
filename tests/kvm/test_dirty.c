// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking by KVM: what a guest stores to is in the snapshots, no more and no less; with
 * manual protection, without, and with rings. And nothing is lost while the slots change under a
 * guest that stores all the time.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "kvm/vcpu_internal.h"
#include "memory/dirty.h"
#include "memory/listener.h"
#include "util.h"

#define PAGE		0x1000ull
#define HERE		0x40000000ull
#define THERE		0x50000000ull
#define PAGES		201u			/* no multiple of 64 */
#define OVERLAY		150u			/* a page of them that a device is laid over */
#define MANY		3072u			/* pages that a guest stores to one after another */
#define ROUNDS_SECONDS	2
#define RING		1024u			/* entries */

static int log_ram(struct guest *g, struct memory_region *mr, uint64_t pages)
{
	EXPECT(!memory_region_init_ram(mr, g->mem, NULL, "logged", pages * PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, mr));
	EXPECT(!memory_region_set_log(mr, true, DIRTY_VGA));
	EXPECT(strstr(guest_slot(g, HERE).text, " log "));
	dirty_snapshot_free(memory_region_snapshot_and_clear_dirty(mr, 0, pages * PAGE,
								   DIRTY_VGA));
	return 0;
}

/* Whether of @mr's pages from @first on exactly those in @want (ends with UINT64_MAX) are dirty. */
static int expect_dirty(struct memory_region *mr, uint64_t first, uint64_t pages,
			enum dirty_client client, const uint64_t *want)
{
	struct dirty_snapshot *snap;

	snap = memory_region_snapshot_and_clear_dirty(mr, first * PAGE, pages * PAGE, client);
	EXPECT(snap);
	for (uint64_t i = first; i < first + pages; i++) {
		bool wanted = *want == i, is = dirty_snapshot_get(snap, i * PAGE, PAGE);

		want += wanted;
		if (wanted != is)
			return ktap_fail("page %" PRIu64 " is %s", i, is ? "dirty" : "clean");
	}
	dirty_snapshot_free(snap);
	EXPECT(*want == UINT64_MAX);
	return 0;
}

static const uint64_t some[] = { 0, 1, 62, 63, 64, 65, 127, 128, 190, 192, 199, 200, UINT64_MAX };
static const uint64_t nothing[] = { UINT64_MAX };

static void store_to(struct guest *g, const uint64_t *pages)
{
	for (; *pages != UINT64_MAX; pages++)
		guest_store(g, HERE + *pages * PAGE + (*pages * 24 & 0xff8), *pages + 1, 8);
}

/* --- exact --- */

static int every_store_once(struct guest *g)
{
	struct memory_region mr;

	EXPECT_PASS(log_ram(g, &mr, PAGES));
	for (int i = 0; i < 5; i++) {
		EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, nothing));
		store_to(g, some);
		store_to(g, some);
		guest_load(g, HERE + 5 * PAGE, 8);
		EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
	}
	store_to(g, some);
	EXPECT(!memory_region_set_log(&mr, false, DIRTY_VGA));
	EXPECT(!strstr(guest_slot(g, HERE).text, " log "));
	for (int i = 0; some[i] != UINT64_MAX; i++)
		EXPECT(memory_region_get_dirty(&mr, some[i] * PAGE, PAGE, DIRTY_VGA));
	memory_region_fini(&mr);
	return 0;
}

/* What one client takes is still there for the other; what is taken of a part, elsewhere. */
static int clients_and_parts(struct guest *g)
{
	static const uint64_t part[] = { 63, 64, 65, UINT64_MAX };
	static const uint64_t rest[] = { 0, 1, 62, 127, 128, 190, 192, 199, 200, UINT64_MAX };
	struct memory_region mr;

	EXPECT_PASS(log_ram(g, &mr, PAGES));
	EXPECT(!memory_region_set_log(&mr, true, DIRTY_CODE));
	dirty_snapshot_free(memory_region_snapshot_and_clear_dirty(&mr, 0, PAGES * PAGE,
								   DIRTY_CODE));
	store_to(g, some);
	EXPECT_PASS(expect_dirty(&mr, 63, 5, DIRTY_VGA, part));
	EXPECT_PASS(expect_dirty(&mr, 63, 5, DIRTY_VGA, nothing));
	store_to(g, part);
	EXPECT_PASS(expect_dirty(&mr, 63, 5, DIRTY_VGA, part));
	EXPECT_PASS(expect_dirty(&mr, 0, 63, DIRTY_VGA, (uint64_t[]){ 0, 1, 62, UINT64_MAX }));
	EXPECT_PASS(expect_dirty(&mr, 68, PAGES - 68, DIRTY_VGA, rest + 3));
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_CODE, some));
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_CODE, nothing));
	memory_region_fini(&mr);
	return 0;
}

/* Flags of a slot change in place; a split one keeps what it knew, and does not know more. */
static int in_place_and_split(struct guest *g)
{
	struct memory_region mr;
	struct probe p;

	EXPECT_PASS(log_ram(g, &mr, PAGES));
	EXPECT(strstr(guest_slot(g, HERE).text, " changes 2 "));
	EXPECT(!probe_init(&p, g, "overlay", PAGE, 0));
	store_to(g, some);
	EXPECT(!memory_region_add_subregion_overlap(&g->root, HERE + OVERLAY * PAGE, &p.mr, 1));
	EXPECT(strstr(guest_slot(g, HERE + (OVERLAY + 1) * PAGE).text, " log "));
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
	store_to(g, some);
	EXPECT(!memory_region_del_subregion(&g->root, &p.mr));
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
	store_to(g, some);
	EXPECT(!memory_region_del_subregion(&g->root, &mr));
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
	memory_region_fini(&p.mr);
	memory_region_fini(&mr);
	return 0;
}

/* --- nothing is lost --- */

/* RAM as who follows it knows it: pages are copied when they are dirty. */
struct shadow {
	struct memory_region *mr;
	uint64_t pages, copied;
	char *copy;
};

static int shadow_update(struct shadow *s)
{
	const char *ram = memory_region_get_ram_ptr(s->mr);
	struct dirty_snapshot *snap;

	snap = memory_region_snapshot_and_clear_dirty(s->mr, 0, s->pages * PAGE, DIRTY_MIGRATION);
	EXPECT(snap);
	for (uint64_t i = 0; i < s->pages; i++) {
		if (!dirty_snapshot_get(snap, i * PAGE, PAGE))
			continue;
		memcpy(s->copy + i * PAGE, ram + i * PAGE, PAGE);
		s->copied++;
	}
	dirty_snapshot_free(snap);
	return 0;
}

static int shadow_check(const struct shadow *s)
{
	const char *ram = memory_region_get_ram_ptr(s->mr);

	for (uint64_t i = 0; i < s->pages; i++) {
		const uint64_t *is = (void *)(ram + i * PAGE), *was = (void *)(s->copy + i * PAGE);

		if (memcmp(is, was, PAGE))
			return ktap_fail("page %" PRIu64 ": store %" PRIu64 " was missed, the "
					 "last one seen is %" PRIu64, i, *is, *was);
	}
	return 0;
}

/* One change of what covers the pages that the guest stores to, and back. */
static int shake(struct memory_region *mr, struct memory_region *overlay, unsigned int i)
{
	switch (i % 4) {
	case 0:
		EXPECT(!memory_region_set_enabled(overlay, true));
		EXPECT(!memory_region_set_enabled(overlay, false));
		return 0;
	case 1:
		EXPECT(!memory_region_set_log(mr, true, DIRTY_VGA));
		EXPECT(!memory_region_set_log(mr, false, DIRTY_VGA));
		return 0;
	case 2:
		EXPECT(!memory_region_set_address(mr, THERE));
		EXPECT(!memory_region_set_address(mr, HERE));
		return 0;
	default:
		EXPECT(!memory_region_set_readonly(mr, true));
		EXPECT(!memory_region_set_readonly(mr, false));
		return 0;
	}
}

/*
 * Each page is stored to once, so that nothing makes up for a store that was missed, as the next
 * one to the same page would. Between changes the guest gets some way.
 */
static int scribble_and_shake(struct guest *g, struct shadow *s, struct memory_region *overlay,
			      unsigned int *changes)
{
	guest_scribble_once(g, HERE, s->pages - 1);
	while (!guest_is_done(g)) {
		EXPECT_PASS(shake(s->mr, overlay, (*changes)++));
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
		if (*changes % 3 == 0)
			EXPECT_PASS(shadow_update(s));
		EXPECT(!g->failed);
	}
	EXPECT_PASS(shadow_update(s));
	return shadow_check(s);
}

static int shake_for_a_while(struct guest *g, struct shadow *s, struct memory_region *overlay)
{
	time_t end = time(NULL) + ROUNDS_SECONDS;
	unsigned int changes = 0, passes;

	for (passes = 0; passes < 2 || time(NULL) < end; passes++)
		EXPECT_PASS(scribble_and_shake(g, s, overlay, &changes));
	printf("# %u changes, %u passes, %" PRIu64 " pages copied\n", changes, passes, s->copied);
	EXPECT(changes > 10);
	return 0;
}

static int under_a_writer(struct guest *g)
{
	struct memory_region mr;
	struct shadow s = { .mr = &mr, .pages = MANY, .copy = calloc(MANY, PAGE) };
	struct probe p;

	EXPECT(s.copy && !memory_region_init_ram(&mr, g->mem, NULL, "logged", MANY * PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	EXPECT(!probe_init(&p, g, "overlay", PAGE, 0));
	EXPECT(!memory_region_set_enabled(&p.mr, false));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, HERE + (MANY - 1) * PAGE, &p.mr,
						    1));
	EXPECT(!memory_global_dirty_log_start(g->mem));
	EXPECT_PASS(shake_for_a_while(g, &s, &p.mr));
	memory_global_dirty_log_stop(g->mem);
	EXPECT(!strstr(guest_slot(g, HERE).text, " log "));
	memory_region_fini(&p.mr);
	memory_region_fini(&mr);
	free(s.copy);
	return 0;
}

/* Hears of a sync after KVM's listener has read its log, and has the guest store to @page. */
struct meanwhile {
	struct memory_listener listener;
	struct guest *g;
	uint64_t page;			/* UINT64_MAX: none */
};

static void meanwhile_sync(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct meanwhile *m = container_of(l, struct meanwhile, listener);
	uint64_t page = m->page;

	m->page = UINT64_MAX;
	if (page != UINT64_MAX && sec->offset_within_address_space == HERE)
		guest_store(m->g, HERE + page * PAGE, 1, 8);
}

/* What is stored to after the log was read, and before that is to be forgotten, stays. */
static int between_reading_and_forgetting(struct guest *g)
{
	struct meanwhile m = {
		.listener = { .name = "meanwhile", .priority = 1, .log_sync = meanwhile_sync },
		.g = g,
		.page = UINT64_MAX,
	};
	struct memory_region mr;

	EXPECT_PASS(log_ram(g, &mr, PAGES));
	EXPECT(!memory_listener_register(&m.listener, &g->as));
	for (uint64_t page = 2; page < 60; page += 7) {
		store_to(g, some);
		m.page = page;
		EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
		EXPECT(m.page == UINT64_MAX);
		EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA,
					 (uint64_t[]){ page, UINT64_MAX }));
	}
	memory_listener_unregister(&m.listener);
	memory_region_fini(&mr);
	return 0;
}

/* --- the ways of KVM --- */

/* Older kernels: reading a log forgets it. */
static int without_manual_protection(struct guest *g)
{
	struct kvm_enable_cap off = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 };

	if (g->kvm->manual_protect)
		EXPECT(!ioctl(g->kvm->vm_fd, KVM_ENABLE_CAP, &off));
	g->kvm->manual_protect = false;
	return 0;
}

static int with_manual_protection(struct guest *g)
{
	return g->kvm->manual_protect ? 0 :
		ktap_skip("KVM has no KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
}

/* More pages than a ring has entries: the guest has to leave, and goes on. */
static int rings_run_full(struct guest *g)
{
	const uint64_t pages = 3 * RING;
	struct memory_region mr;
	struct dirty_snapshot *snap;

	EXPECT_PASS(log_ram(g, &mr, pages));
	guest_scribble(g, HERE, pages);
	EXPECT(guest_scribble_end(g) > 0);
	snap = memory_region_snapshot_and_clear_dirty(&mr, 0, pages * PAGE, DIRTY_VGA);
	EXPECT(snap);
	for (uint64_t i = 0; i < pages; i++)
		EXPECT(dirty_snapshot_get(snap, i * PAGE, PAGE));
	dirty_snapshot_free(snap);
	snap = memory_region_snapshot_and_clear_dirty(&mr, 0, pages * PAGE, DIRTY_VGA);
	EXPECT(snap && !dirty_snapshot_get(snap, 0, pages * PAGE));
	dirty_snapshot_free(snap);
	memory_region_fini(&mr);
	return 0;
}

/*
 * KVM says that the ring is full, and nothing is in it: once, when another thread was faster; again
 * and again, when it wrote over entries that nobody took. Then the guest ends with a word, and
 * never stands still.
 */
static int rings_overflow(struct guest *g)
{
	struct vcpu *v = &g->vcpus->vcpus[0];
	struct memory_region mr;
	struct error err;
	int ret = 0;

	EXPECT_PASS(log_ram(g, &mr, PAGES));
	vcpus_pause(g->vcpus);
	v->run->exit_reason = KVM_EXIT_DIRTY_RING_FULL;
	for (int i = 0; i < 10; i++)
		EXPECT(!vcpu_exit(v, &err));
	vcpus_resume(g->vcpus);
	store_to(g, some);
	vcpus_pause(g->vcpus);
	v->run->exit_reason = KVM_EXIT_DIRTY_RING_FULL;
	EXPECT(!vcpu_exit(v, &err) && !v->full_for_nothing);
	EXPECT_PASS(expect_dirty(&mr, 0, PAGES, DIRTY_VGA, some));
	for (int i = 0; !ret && i < 1000; i++)
		ret = vcpu_exit(v, &err);
	EXPECT(ret == -EIO && strstr(err.text, "dirty-ring-size"));
	vcpus_resume(g->vcpus);
	memory_region_fini(&mr);
	return 0;
}

static int kvm_has_rings(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int has = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING);

	close(fd);
	return has > 0;
}

static int ring_sizes_refused(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 1000, 1u << 30 };
	struct error err;
	struct kvm *kvm;

	(void)g;
	for (int i = 0; i < 3; i++) {
		EXPECT(!kvm_create(&kvm, &err));
		EXPECT(kvm_use_dirty_rings(kvm, sizes[i], &err) < 0);
		EXPECT(strstr(err.text, "dirty-ring-size="));
		kvm_destroy(kvm);
	}
	return 0;
}

#define LOG_CASE(test)									\
	static int test##_manual(struct guest *g)					\
	{										\
		EXPECT_PASS(with_manual_protection(g));					\
		return test(g);								\
	}										\
	static int test##_at_once(struct guest *g)					\
	{										\
		EXPECT_PASS(without_manual_protection(g));				\
		return test(g);								\
	}										\
	static int run_##test##_manual(void) { return run(test##_manual, 0); }		\
	static int run_##test##_at_once(void) { return run(test##_at_once, 0); }	\
	static int run_##test##_rings(void) { return run(test, RING); }

/* In ring 3: instructions that KVM emulates, as it may in ring 0, can overflow a ring. */
static int run(int (*test)(struct guest *g), unsigned int ring)
{
	const struct guest_options opts = { .dirty_ring = ring, .user = true };
	const char *why = guest_unavailable();

	if (why)
		return ktap_skip("%s", why);
	if (ring && !kvm_has_rings())
		return ktap_skip("KVM has no KVM_CAP_DIRTY_LOG_RING");
	return guest_case_with(test, &opts);
}

LOG_CASE(every_store_once)
LOG_CASE(clients_and_parts)
LOG_CASE(in_place_and_split)
LOG_CASE(under_a_writer)
LOG_CASE(between_reading_and_forgetting)

static int run_rings_run_full(void)
{
	return run(rings_run_full, RING);
}

static int run_rings_overflow(void)
{
	return run(rings_overflow, RING);
}

static int run_ring_sizes_refused(void)
{
	return run(ring_sizes_refused, 0);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "manual protection: every store once", run_every_store_once_manual },
		{ "manual protection: clients and parts", run_clients_and_parts_manual },
		{ "manual protection: a slot is split", run_in_place_and_split_manual },
		{ "manual protection: nothing is lost while slots change",
		  run_under_a_writer_manual },
		{ "manual protection: nothing is lost between snapshots",
		  run_between_reading_and_forgetting_manual },
		{ "reading forgets: every store once", run_every_store_once_at_once },
		{ "reading forgets: clients and parts", run_clients_and_parts_at_once },
		{ "reading forgets: a slot is split", run_in_place_and_split_at_once },
		{ "reading forgets: nothing is lost while slots change",
		  run_under_a_writer_at_once },
		{ "reading forgets: nothing is lost between snapshots",
		  run_between_reading_and_forgetting_at_once },
		{ "rings: every store once", run_every_store_once_rings },
		{ "rings: clients and parts", run_clients_and_parts_rings },
		{ "rings: a slot is split", run_in_place_and_split_rings },
		{ "rings: nothing is lost while slots change", run_under_a_writer_rings },
		{ "rings: nothing is lost between snapshots",
		  run_between_reading_and_forgetting_rings },
		{ "rings run full", run_rings_run_full },
		{ "rings that KVM wrote over", run_rings_overflow },
		{ "sizes of rings that KVM does not take", run_ring_sizes_refused },
	};
	int ret;

	memory_thread_register();
	ret = ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
	memory_thread_unregister();
	return ret;
}
