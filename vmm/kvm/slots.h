/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's memory slots as a listener of an address space: RAM, ROM and ROM devices in romd mode
 * become slots, and a slot that did not change is never touched.
 *
 * A commit is carried out in one go, at its end. Where RAM was and is, but KVM has to forget it and
 * to be told anew (something came over a part of it, or went), no vCPU is in the guest in between
 * (kvm/guard.h): none ever sees a hole. The same where a slot that KVM follows stores to goes, so
 * that no store is missed.
 */
#ifndef VMM_KVM_SLOTS_H
#define VMM_KVM_SLOTS_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "kvm/kvm.h"
#include "memory/memory.h"

struct kvm_slots;

/**
 * kvm_slots_create() - give @kvm the memory of @as, now and as it changes
 * @space: KVM's address space that this is: 0, or 1 for system management mode where @kvm->spaces
 *	says 2
 *
 * A change that needs more slots than KVM has is vetoed: -ENOSPC for whoever made it, and nothing
 * has changed. A section larger than a slot can be becomes several. What KVM refuses for other
 * reasons is an error too, but the model then serves the guest's accesses itself.
 *
 * Return: 0, or -errno with @err filled; -ENOTSUP if KVM has no such address space.
 */
int kvm_slots_create(struct kvm_slots **out, struct kvm *kvm, struct address_space *as,
		     unsigned int space, struct error *err);
void kvm_slots_destroy(struct kvm_slots *slots);

/**
 * kvm_slots_info() - print the slots by address, for people or as JSON
 *
 * "changes" counts how often a slot of that number was set, changed or deleted since the start:
 * what it says of a slot before and after something shows whether that something touched it. The
 * last line, not in JSON, tells how often all vCPUs were kept out of the guest, and how long at
 * most.
 */
void kvm_slots_info(struct kvm_slots *slots, FILE *out, bool json);

#endif /* VMM_KVM_SLOTS_H */
