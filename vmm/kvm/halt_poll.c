// SPDX-License-Identifier: GPL-2.0-only
/*
 * Halt polling: KVM does it, learns from each halt whether and how long, and stops as soon as any
 * other task wants the processor. Only the limit is set here.
 */
#include <inttypes.h>
#include <stdio.h>

#include "kvm/halt_poll.h"

#define HOST_LIMIT	"/sys/module/kvm/parameters/halt_poll_ns"
#define KVM_LIMIT_NS	200000u		/* where nobody has set it */

/*
 * Four times that, so that a peer may take a while over its answer. Less than a millisecond: a
 * guest whose timer ticks so often and has nothing else to do is to sleep between.
 */
#define LIMIT_NS	800000u

/* 0 if it can't be read. */
static uint64_t host_limit(void)
{
	FILE *file = fopen(HOST_LIMIT, "re");
	uint64_t ns = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

void kvm_halt_poll(struct kvm *kvm)
{
	if (host_limit() == KVM_LIMIT_NS)
		kvm_set_halt_poll(kvm, LIMIT_NS);
}
