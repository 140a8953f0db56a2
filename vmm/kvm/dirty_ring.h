/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's dirty rings, one a vCPU: the pages that it stored to, in order. Who has the slots says what
 * a page is.
 */
#ifndef VMM_KVM_DIRTY_RING_H
#define VMM_KVM_DIRTY_RING_H

#include <stdint.h>

struct dirty_rings;
struct kvm;

/* Page @page of slot @slot (without its address space) was stored to. */
typedef void dirty_ring_sink(void *opaque, unsigned int slot, uint64_t page);

/* 0 or -ENOMEM. */
int dirty_rings_create(struct dirty_rings **out, struct kvm *kvm, unsigned int entries);
void dirty_rings_destroy(struct dirty_rings *rings);

/* The ring of a new vCPU. 0 or -errno. */
int dirty_rings_add(struct dirty_rings *rings, int vcpu_fd);

/* Who wants the pages of address space @space; NULL: nobody. Under the model's lock. */
void dirty_rings_set_sink(struct dirty_rings *rings, unsigned int space, dirty_ring_sink *sink,
			  void *opaque);

/**
 * dirty_rings_reap() - take all entries out of all rings, and tell them
 *
 * A page is told only after KVM follows stores to it anew: who sees it dirty, and forgets that,
 * misses nothing. What a vCPU that is in the guest stores to may not be in its ring yet. Under the
 * model's lock.
 *
 * Return: how many there were.
 */
unsigned int dirty_rings_reap(struct dirty_rings *rings);

#endif /* VMM_KVM_DIRTY_RING_H */
