/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coalesced stores: KVM puts them into a ring that all vCPUs share instead of leaving the guest for
 * each. Here they are taken out, in order, and made.
 */
#ifndef VMM_KVM_COALESCED_H
#define VMM_KVM_COALESCED_H

#include "error.h"
#include "memory/types.h"

struct kvm;
struct kvm_coalesced;
struct kvm_run;

/**
 * kvm_coalesced_create() - let stores to coalesced ranges of @memory and @io wait
 *
 * Before vcpus_create(), which is given the result. A range that KVM does not take (it has room for
 * about a thousand) is no error: stores to it leave the guest one by one, as they do while the ring
 * is full. The model's flush (memory_set_coalesced_source()) comes here; it is not to be called by
 * a thread with the model's lock, for a device may take that when a store gets there.
 *
 * Return: 0, or -errno with @err filled.
 */
int kvm_coalesced_create(struct kvm_coalesced **out, struct kvm *kvm, struct address_space *memory,
			 struct address_space *io, struct error *err);
void kvm_coalesced_destroy(struct kvm_coalesced *c);

/* The ring is in the area that is shared with any vCPU; NULL: there is none any more. */
void kvm_coalesced_set_ring(struct kvm_coalesced *c, struct kvm_run *run);

/* Return when all stores that are in the ring now have been made. Not with the model's lock. */
void kvm_coalesced_drain(struct kvm_coalesced *c);

#endif /* VMM_KVM_COALESCED_H */
