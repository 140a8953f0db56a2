/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's memory slots as a listener of an address space: RAM and ROM sections become slots, and a
 * slot that did not change is never touched.
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
 *
 * Return: 0, or -errno with @err filled. A change that later needs more slots than KVM has fails
 * with -ENOSPC for whoever made it.
 */
int kvm_slots_create(struct kvm_slots **out, struct kvm *kvm, struct address_space *as,
		     struct error *err);
void kvm_slots_destroy(struct kvm_slots *slots);

/**
 * kvm_slots_info() - print the slots by address, for people or as JSON
 *
 * "changes" counts how often a slot of that number was set or deleted since the start: what it says
 * of a slot before and after something shows whether that something touched it.
 */
void kvm_slots_info(struct kvm_slots *slots, FILE *out, bool json);

#endif /* VMM_KVM_SLOTS_H */
