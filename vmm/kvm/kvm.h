/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/kvm and a virtual machine of it as descriptors with typed calls around the ioctls. Knows
 * nothing of memory regions or devices.
 */
#ifndef VMM_KVM_KVM_H
#define VMM_KVM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kvm/guard.h"

struct dirty_rings;

#define KVM_PAGE		4096ull
#define KVM_SPACES_MAX		2	/* of addresses: all else, and system management mode */
#define KVM_SLOT_SPACE_SHIFT	16	/* in a slot's number: which of them */

struct kvm {
	int fd;			/* /dev/kvm */
	int vm_fd;
	unsigned int run_size;	/* bytes of a vCPU's shared area */
	unsigned int spaces;	/* address spaces, 1 or 2 */
	unsigned int max_slots;	/* in each */
	uint64_t max_slot_size;	/* bytes */
	unsigned int coalesced_page;	/* of a vCPU's shared area: stores that wait; 0: none do */
	bool coalesced_pio;	/* stores to ports too */
	bool eventfd_any_length;
	bool tsc_deadline;	/* the in-kernel APIC's timer can do it */
	bool manual_protect;	/* a dirty log is read, and cleared by a call of its own */
	struct dirty_rings *rings;	/* NULL: dirty logs are bitmaps, one a slot */
	struct kvm_guard guard;	/* keeps vCPUs out of the guest */
};

/**
 * kvm_create() - open /dev/kvm and make a virtual machine with an in-kernel interrupt controller
 *
 * Return: 0, or -errno with @err filled: it says what is missing and what to do about it.
 */
int kvm_create(struct kvm **out, struct error *err);
void kvm_destroy(struct kvm *kvm);

/* The value of a KVM_CAP_*: 0 means that it is missing. */
int kvm_capability(const struct kvm *kvm, int cap);

/**
 * kvm_use_dirty_rings() - have dirty pages told in rings, one a vCPU, instead of bitmaps
 * @entries: of each ring, a power of two
 *
 * Before the first vCPU and the first slot. Return: 0, or -errno with @err filled: -ENOTSUP where
 * the kernel has no rings, -EINVAL for a size that it does not take.
 */
int kvm_use_dirty_rings(struct kvm *kvm, unsigned int entries, struct error *err);

/*
 * The calls below return 0, or -errno of the kernel's. A slot's number has its address space in the
 * bits from KVM_SLOT_SPACE_SHIFT on.
 */

/* A slot with size 0 is deleted. */
int kvm_set_slot(struct kvm *kvm, const struct kvm_userspace_memory_region *slot);

/*
 * The pages of a slot that were stored to, a bit each in whole 64-bit words; forgotten by the call
 * itself unless @kvm->manual_protect.
 */
int kvm_get_dirty_log(struct kvm *kvm, unsigned int slot, uint64_t *bitmap);
/* Forgets the pages of a bitmap that begins at a multiple of 64 pages. With manual_protect. */
int kvm_clear_dirty_log(struct kvm *kvm, const struct kvm_clear_dirty_log *log);
/* What was taken from the rings is free for new entries, and its pages are followed again. */
int kvm_reset_dirty_rings(struct kvm *kvm);

/* Assigns, or with KVM_IOEVENTFD_FLAG_DEASSIGN takes back. */
int kvm_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *eventfd);

/* Stores to the zone wait in the ring, or not any more. */
int kvm_register_coalesced(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone);
int kvm_unregister_coalesced(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone);

/* Any thread. */
int kvm_irq_line(struct kvm *kvm, unsigned int gsi, bool level);

/* Where each interrupt goes: the whole table. irqfds follow it. */
int kvm_set_gsi_routing(struct kvm *kvm, const struct kvm_irq_routing *table);
/* Assigns, or with KVM_IRQFD_FLAG_DEASSIGN takes back; what is on its way then arrives first. */
int kvm_irqfd(struct kvm *kvm, const struct kvm_irqfd *irqfd);

/* The longest that KVM looks for an interrupt before a halted vCPU's thread sleeps. Any time. */
int kvm_set_halt_poll(struct kvm *kvm, unsigned int ns);

/**
 * kvm_supported_cpuid() - what CPUID can be for a guest here
 * @out: allocated with room for @spare more entries; to be freed by the caller
 */
int kvm_supported_cpuid(struct kvm *kvm, unsigned int spare, struct kvm_cpuid2 **out);

/* A new vCPU: its descriptor, or -errno. */
int kvm_create_vcpu(struct kvm *kvm, unsigned int id);

#endif /* VMM_KVM_KVM_H */
