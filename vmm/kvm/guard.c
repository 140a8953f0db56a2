// SPDX-License-Identifier: GPL-2.0-only
/* Pauses of all vCPUs, counted and measured. */
#include <time.h>

#include "kvm/guard.h"

static uint64_t guard_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void kvm_guard_hold(struct kvm_guard *guard)
{
	if (!guard->hold)
		return;
	guard->since = guard_now();
	guard->hold(guard->opaque);
}

void kvm_guard_release(struct kvm_guard *guard)
{
	uint64_t length;

	if (!guard->hold)
		return;
	guard->release(guard->opaque);
	length = guard_now() - guard->since;
	guard->pauses++;
	if (length > guard->longest)
		guard->longest = length;
}
