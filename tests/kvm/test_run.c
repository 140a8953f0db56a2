// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs that run, hold still and end, and what they start with. */
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "kvm/vcpu_internal.h"

#define SECONDS		20
#define WATCHED		GUEST_OWN

static void for_milliseconds(unsigned int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000l }, NULL);
}

/* Whether the guest, which watches, loads anything within a while. */
static bool is_running(struct guest *g)
{
	uint64_t before = guest_watched(g);

	for (int i = 0; i < 100 && guest_watched(g) == before; i++)
		for_milliseconds(1);
	return guest_watched(g) != before;
}

static int pause_and_resume(struct guest *g)
{
	uint64_t loads, odd;

	guest_watch(g, WATCHED, 0);
	for (int i = 0; i < 50; i++) {
		EXPECT(is_running(g));
		EXPECT(!vcpus_paused(g->vcpus));
		vcpus_pause(g->vcpus);
		EXPECT(vcpus_paused(g->vcpus));
		loads = guest_watched(g);
		for_milliseconds(2);
		EXPECT(guest_watched(g) == loads);
		vcpus_resume(g->vcpus);
	}
	guest_watch_end(g, &loads, &odd);
	EXPECT(loads && !odd);
	return 0;
}

/* After a user's quit, another one's cont must not let the guest run again. */
static int stop_is_final(struct guest *g)
{
	guest_watch(g, WATCHED, 0);
	EXPECT(is_running(g));
	vcpus_stop(g->vcpus);
	vcpus_pause(g->vcpus);
	vcpus_resume(g->vcpus);
	EXPECT(vcpus_paused(g->vcpus));
	EXPECT(!is_running(g));
	return 0;
}

/* What firmware would have done: memory is write-back, and string instructions are fast. */
static int registers_at_the_start(struct guest *g)
{
	static const struct kvm_msr_entry wanted[] = {
		{ .index = 0x2ff, .data = 0xc06 },
		{ .index = 0x250, .data = 0x0606060606060606 },
		{ .index = 0x26f, .data = 0x0606060606060606 },
		{ .index = 0x1a0, .data = 1 },
	};
	union {
		struct kvm_msrs msrs;
		char room[sizeof(struct kvm_msrs) + sizeof(wanted)];
	} u = { .msrs.nmsrs = 4 };

	memcpy(u.msrs.entries, wanted, sizeof(wanted));
	vcpus_pause(g->vcpus);
	EXPECT(ioctl(g->vcpus->vcpus[0].fd, KVM_GET_MSRS, &u.msrs) == 4);
	for (int i = 0; i < 3; i++)
		EXPECT(u.msrs.entries[i].data == wanted[i].data);
	EXPECT(u.msrs.entries[3].data & 1);
	return 0;
}

GUEST_CASE(pause_and_resume)
GUEST_CASE(registers_at_the_start)
GUEST_CASE(stop_is_final)

/*
 * A parent may leave the signal that kicks a vCPU blocked; a vCPU that is in the guest stops
 * anyway.
 */
static int run_with_the_signal_blocked(void)
{
	sigset_t set, old;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	alarm(SECONDS);
	ret = run_pause_and_resume();
	alarm(0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "vCPUs are paused and resumed", run_pause_and_resume },
		{ "so are those of a program started with signals blocked",
		  run_with_the_signal_blocked },
		{ "registers start as firmware leaves them", run_registers_at_the_start },
		{ "vCPUs that were stopped don't run again", run_stop_is_final },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
