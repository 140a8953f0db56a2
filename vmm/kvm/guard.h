/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping all vCPUs out of the guest for a moment, and how often and how long that was: who changes
 * memory slots does it, and knows nothing of threads.
 */
#ifndef VMM_KVM_GUARD_H
#define VMM_KVM_GUARD_H

#include <stdint.h>

/**
 * struct kvm_guard - who can keep vCPUs out; all under the memory model's lock
 * @hold: returns when no vCPU is in the guest; none enters it until @release. What vCPUs do out of
 *	the guest goes on: they may wait for the lock that the caller has, or be the caller. NULL:
 *	there are none
 * @release: they may enter again
 * @pauses: how often that was
 * @longest: from the beginning of @hold to the end of @release, in ns
 * @since: when the present one began, in ns
 */
struct kvm_guard {
	void (*hold)(void *opaque);
	void (*release)(void *opaque);
	void *opaque;
	uint64_t pauses, longest, since;
};

/* Each hold has one release; they don't nest. */
void kvm_guard_hold(struct kvm_guard *guard);
void kvm_guard_release(struct kvm_guard *guard);

#endif /* VMM_KVM_GUARD_H */
