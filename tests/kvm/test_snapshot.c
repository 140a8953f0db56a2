// SPDX-License-Identifier: GPL-2.0-only
/* A guest that runs is saved, and another machine goes on where it was: in RAM and in registers. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "kvm/kvm_state.h"
#include "kvm/vcpu_internal.h"
#include "snapshot/load.h"
#include "snapshot/save.h"
#include "util.h"

#define SCRIBBLED	64u		/* pages from GUEST_OWN on that the guest stores to */
#define PORT		0x300
#define ROUNDS		5

static void for_milliseconds(unsigned int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000l }, NULL);
}

static uint8_t *ram(struct guest *g)
{
	return memory_region_get_ram_ptr(&g->ram);
}

static bool nothing_joined(const struct memory_region *mr)
{
	(void)mr;
	return false;
}

/* --- a snapshot of a guest --- */

struct taken {
	struct guest *g;
	char path[64];
	uint8_t *at_stop;		/* its RAM, copied while it was stopped */
	struct snapshot_progress progress;
};

static void describe(void *opaque, struct state_set *set)
{
	(void)opaque;
	state_add(set, "machine", 0, 1);
}

static int pause_guest(void *opaque, struct error *err)
{
	struct taken *t = opaque;

	vcpus_freeze(t->g->vcpus);
	return vcpus_settle(t->g->vcpus, err);
}

static int save_guest(void *opaque, struct state_set *set, struct error *err)
{
	struct taken *t = opaque;
	int ret = vcpus_save(t->g->vcpus, set, err);

	memcpy(t->at_stop, ram(t->g), GUEST_RAM);
	return ret ? ret : kvm_save(t->g->kvm, set, err);
}

static void resume_guest(void *opaque)
{
	struct taken *t = opaque;

	vcpus_thaw(t->g->vcpus);
}

static int take(struct taken *t, struct guest *g)
{
	const struct snapshot_source source = {
		.mem = g->mem,
		.joined = nothing_joined,
		.describe = describe,
		.pause = pause_guest,
		.save = save_guest,
		.resume = resume_guest,
		.opaque = t,
	};
	struct snapshot_save *s;
	struct error err;

	*t = (struct taken){ .g = g, .at_stop = malloc(GUEST_RAM) };
	snprintf(t->path, sizeof(t->path), "/tmp/test-snapshot-%d", getpid());
	if (snapshot_save_start(&s, &source, t->path, &err))
		return ktap_fail("%s", err.text);
	while (snapshot_save_running(s))
		for_milliseconds(1);
	snapshot_save_progress(s, &t->progress);
	snapshot_save_destroy(s);
	if (t->progress.phase != SNAPSHOT_DONE)
		return ktap_fail("phase %d: %s", t->progress.phase, t->progress.why.text);
	return 0;
}

static void taken_fini(struct taken *t)
{
	unlink(t->path);
	free(t->at_stop);
}

static bool read_on(void *opaque, uint64_t done, uint64_t all)
{
	(void)opaque;
	return done <= all;
}

/* @g, on hold, becomes what was taken. */
static int load(struct guest *g, const char *path, struct error *err)
{
	const struct snapshot_watcher watcher = { .progress = read_on };
	struct snapshot_load *l;
	struct state_set *set;
	struct state *s;
	int ret = snapshot_load_open(&l, path, err);

	if (ret)
		return ret;
	set = snapshot_load_states(l);
	ret = state_take(set, "machine", 0, 1, &s, err);
	ret = ret ? ret : snapshot_load_read(l, g->mem, nothing_joined, &watcher, err);
	ret = ret ? ret : kvm_load(g->kvm, set, err);
	ret = ret ? ret : vcpus_load(g->vcpus, set, err);
	if (!ret && state_left(set))
		ret = error_set(err, -EINVAL, "%s is left", state_name(state_left(set)));
	snapshot_load_close(l);
	return ret;
}

/* A guest of its own that is to go on from @t, still on hold, or NULL with the reason printed. */
static struct guest *go_on(const struct taken *t)
{
	struct guest *g = malloc(sizeof(*g));
	struct error err;
	int ret;

	if (!g || guest_create(g)) {
		free(g);
		return NULL;
	}
	vcpus_pause(g->vcpus);
	ret = vcpus_settle(g->vcpus, &err);
	ret = ret ? ret : load(g, t->path, &err);
	if (!ret)
		return g;
	ktap_fail("%s", err.text);
	guest_destroy(g);
	free(g);
	return NULL;
}

static uint64_t counter(struct guest *g, unsigned int page)
{
	uint64_t n;

	memcpy(&n, ram(g) + GUEST_OWN + page * 4096, sizeof(n));
	return n;
}

/* Each page was counted up once a pass, in both lives of the guest together. */
static int all_counted(struct guest *g, uint64_t passes)
{
	for (unsigned int page = 0; page < SCRIBBLED; page++)
		if (counter(g, page) != passes)
			return ktap_fail("page %u was counted %llu times in %llu passes", page,
					 (unsigned long long)counter(g, page),
					 (unsigned long long)passes);
	return 0;
}

static int runs_on(struct guest *g)
{
	uint64_t before = counter(g, 0);

	for (int i = 0; i < 2000 && counter(g, 0) == before; i++)
		for_milliseconds(1);
	return counter(g, 0) != before ? 0 : ktap_fail("the guest does not go on");
}

static int check_copy(const struct taken *t)
{
	struct guest *copy = go_on(t);
	uint64_t passes;

	EXPECT(copy);
	EXPECT(!memcmp(ram(copy), t->at_stop, GUEST_RAM));
	vcpus_resume(copy->vcpus);
	EXPECT_PASS(runs_on(copy));
	passes = guest_scribble_end(copy);
	EXPECT(passes);
	EXPECT_PASS(all_counted(copy, passes));
	guest_destroy(copy);
	free(copy);
	return 0;
}

/* --- cases --- */

static int running_guest(struct guest *g)
{
	uint64_t stopped_us = 0;

	guest_scribble(g, GUEST_OWN, SCRIBBLED);
	EXPECT_PASS(runs_on(g));
	for (int i = 0; i < ROUNDS; i++) {
		struct taken t;

		EXPECT_PASS(take(&t, g));
		EXPECT_PASS(runs_on(g));
		EXPECT_PASS(check_copy(&t));
		if (t.progress.stopped_us > stopped_us)
			stopped_us = t.progress.stopped_us;
		taken_fini(&t);
	}
	EXPECT_PASS(all_counted(g, guest_scribble_end(g)));
	printf("# stopped for %llu us at most\n", (unsigned long long)stopped_us);
	return 0;
}

/* A device that answers late: the vCPU is told to hold before it has got the answer. */
struct late {
	struct memory_region mr;
	unsigned int reads, writes;
};

static enum memtx_result late_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct late *late = opaque;

	(void)addr;
	(void)size;
	__atomic_add_fetch(&late->reads, 1, __ATOMIC_SEQ_CST);
	for_milliseconds(100);
	*data = 0x5a5a;
	return MEMTX_OK;
}

static enum memtx_result late_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct late *late = opaque;

	(void)addr;
	(void)data;
	(void)size;
	late->writes++;
	return MEMTX_OK;
}

static const struct memory_region_ops late_ops = { .read = late_read, .write = late_write };

static void *ask_late(void *arg)
{
	return (void *)(uintptr_t)guest_in(arg, PORT, 2);
}

static int amid_an_access(struct guest *g)
{
	struct late late = { 0 };
	struct guest *copy;
	struct taken t;
	pthread_t thread;
	void *answer;

	EXPECT(!memory_region_init_io(&late.mr, g->mem, NULL, &late_ops, &late, "late", 2));
	EXPECT(!memory_region_add_subregion(&g->io, PORT, &late.mr));
	EXPECT(!pthread_create(&thread, NULL, ask_late, g));
	while (!__atomic_load_n(&late.reads, __ATOMIC_SEQ_CST))
		for_milliseconds(1);
	EXPECT_PASS(take(&t, g));
	pthread_join(thread, &answer);
	EXPECT((uintptr_t)answer == 0x5a5a);
	copy = go_on(&t);
	EXPECT(copy);
	vcpus_resume(copy->vcpus);
	/* the answer was in no register of the guest as it stopped; it must be now */
	for (int i = 0; i < 2000 && ((volatile uint64_t *)copy->box)[0]; i++)
		for_milliseconds(1);
	EXPECT(((volatile uint64_t *)copy->box)[2] == 0x5a5a);
	EXPECT(late.reads == 1);
	guest_destroy(copy);
	free(copy);
	taken_fini(&t);
	memory_region_del_subregion(&g->io, &late.mr);
	memory_region_fini(&late.mr);
	return 0;
}

static int stands_still(struct guest *g)
{
	uint64_t before = counter(g, 0);

	for_milliseconds(20);
	return counter(g, 0) == before ? 0 : ktap_fail("the guest runs");
}

/* While a guest is stopped for a snapshot, what a user wants is heard at once, and done then. */
static int frozen_and_paused(struct guest *g)
{
	guest_scribble(g, GUEST_OWN, SCRIBBLED);
	EXPECT_PASS(runs_on(g));
	vcpus_freeze(g->vcpus);
	EXPECT(!vcpus_paused(g->vcpus));
	vcpus_resume(g->vcpus);
	EXPECT_PASS(stands_still(g));
	vcpus_pause(g->vcpus);
	vcpus_thaw(g->vcpus);
	EXPECT(vcpus_paused(g->vcpus));
	EXPECT_PASS(stands_still(g));
	vcpus_freeze(g->vcpus);
	vcpus_resume(g->vcpus);
	EXPECT_PASS(stands_still(g));
	vcpus_thaw(g->vcpus);
	EXPECT_PASS(runs_on(g));
	EXPECT_PASS(all_counted(g, guest_scribble_end(g)));
	return 0;
}

static int save_states(struct guest *g, struct state_set *set)
{
	struct error err = { .text = "" };

	state_set_init(set);
	if (vcpus_save(g->vcpus, set, &err) || kvm_save(g->kvm, set, &err) || set->error)
		return ktap_fail("%s", err.text);
	return 0;
}

static int same_field(struct state_set *a, struct state_set *b, const char *name,
		      const char *field)
{
	const void *va, *vb;
	struct state *sa, *sb;
	size_t na, nb;

	for (sa = state_first(a); sa && strcmp(state_name(sa), name);)
		sa = state_next(sa);
	for (sb = state_first(b); sb && strcmp(state_name(sb), name);)
		sb = state_next(sb);
	EXPECT(sa && sb);
	va = state_find(sa, field, &na);
	vb = state_find(sb, field, &nb);
	if (!va || !vb)
		return va || vb ? ktap_fail("%s is in one only", field) : 0;
	return na == nb && !memcmp(va, vb, na) ? 0 : ktap_fail("%s differs", field);
}

/* Registers that the guest leaves alone get values, to be there in the other. */
static int set_registers(struct guest *g)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	struct kvm_debugregs debug;
	struct kvm_fpu fpu;
	int fd = g->vcpus->vcpus[0].fd;

	EXPECT(!ioctl(fd, KVM_GET_FPU, &fpu));
	memset(fpu.xmm[3], 0x3c, sizeof(fpu.xmm[3]));
	EXPECT(!ioctl(fd, KVM_SET_FPU, &fpu));
	EXPECT(!ioctl(fd, KVM_GET_DEBUGREGS, &debug));
	debug.db[2] = 0x123456;
	EXPECT(!ioctl(fd, KVM_SET_DEBUGREGS, &debug));
	EXPECT(!ioctl(g->kvm->vm_fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.pic.imr = 0x77;
	EXPECT(!ioctl(g->kvm->vm_fd, KVM_SET_IRQCHIP, &chip));
	return 0;
}

static int each_register(struct guest *g)
{
	static const char *const vcpu_fields[] = {
		"sregs", "sregs2", "xcrs", "fpu", "xsave", "regs", "lapic", "mp-state",
		"debugregs", "events", "tsc-khz",
	};
	static const char *const kvm_fields[] = { "pic-master", "pic-slave", "ioapic", "pit" };
	struct state_set before, after;
	struct guest *copy;
	struct error err;
	struct taken t;

	vcpus_pause(g->vcpus);
	EXPECT(!vcpus_settle(g->vcpus, &err));
	EXPECT_PASS(set_registers(g));
	EXPECT_PASS(save_states(g, &before));
	EXPECT_PASS(take(&t, g));
	copy = go_on(&t);
	EXPECT(copy);
	EXPECT_PASS(save_states(copy, &after));
	for (size_t i = 0; i < ARRAY_SIZE(vcpu_fields); i++)
		EXPECT_PASS(same_field(&before, &after, "vcpu", vcpu_fields[i]));
	for (size_t i = 0; i < ARRAY_SIZE(kvm_fields); i++)
		EXPECT_PASS(same_field(&before, &after, "kvm", kvm_fields[i]));
	state_set_fini(&before);
	state_set_fini(&after);
	guest_destroy(copy);
	free(copy);
	taken_fini(&t);
	return 0;
}

static struct kvm_msr_entry *find_msr(struct state_set *set, uint32_t index)
{
	struct state *s = state_first(set);
	size_t size;
	struct kvm_msr_entry *entries = (void *)state_find(s, "msrs", &size);

	for (size_t i = 0; entries && i < size / sizeof(*entries); i++)
		if (entries[i].index == index)
			return &entries[i];
	return NULL;
}

/* Not where all guests see the host's. */
static bool counter_can_be_set(struct guest *g)
{
	union {
		struct kvm_msrs msrs;
		char room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} u = { .msrs.nmsrs = 1 };
	int fd = g->vcpus->vcpus[0].fd;

	u.msrs.entries[0] = (struct kvm_msr_entry){ .index = 0x10, .data = 1ull << 60 };
	ioctl(fd, KVM_SET_MSRS, &u.msrs);
	ioctl(fd, KVM_GET_MSRS, &u.msrs);
	return u.msrs.entries[0].data >= 1ull << 60;
}

/* The counter goes on from where it was, and no register of any guest is set to what can't be. */
static int counter_and_bad_registers(struct guest *g)
{
	struct state_set set;
	struct kvm_msr_entry *tsc, *pat;
	struct error err;
	struct guest *copy;
	struct taken t;
	uint64_t before;

	vcpus_pause(g->vcpus);
	EXPECT(!vcpus_settle(g->vcpus, &err));
	EXPECT_PASS(take(&t, g));
	for_milliseconds(300);
	copy = go_on(&t);
	EXPECT(copy);
	EXPECT_PASS(save_states(g, &set));
	tsc = find_msr(&set, 0x10);
	EXPECT(tsc);
	before = tsc->data;
	state_set_fini(&set);
	EXPECT_PASS(save_states(copy, &set));
	if (counter_can_be_set(g))
		EXPECT(find_msr(&set, 0x10)->data < before);	/* 300 ms were none for it */
	else
		printf("# the counter of a guest is the host's here\n");
	pat = find_msr(&set, 0x277);
	EXPECT(pat);
	pat->index = 0xbad;				/* no processor has it */
	EXPECT(vcpus_load(copy->vcpus, &set, &err) == -EINVAL);
	EXPECT(strstr(err.text, "0xbad"));
	state_set_fini(&set);
	guest_destroy(copy);
	free(copy);
	taken_fini(&t);
	return 0;
}

GUEST_CASE(running_guest, .user = true)
GUEST_CASE(frozen_and_paused, .user = true)
GUEST_CASE(amid_an_access)
GUEST_CASE(each_register)
GUEST_CASE(counter_and_bad_registers)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a guest that stores all the time goes on in another machine",
		  run_running_guest },
		{ "amid an access to a device it has the answer", run_amid_an_access },
		{ "while it is stopped for one it can be put on hold, or let go",
		  run_frozen_and_paused },
		{ "registers and interrupt controllers are the same", run_each_register },
		{ "its clock stands still between; registers that can't be are refused",
		  run_counter_and_bad_registers },
	};

	memory_thread_register();
	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
