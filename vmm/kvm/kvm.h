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

struct kvm {
	int fd;			/* /dev/kvm */
	int vm_fd;
	unsigned int run_size;	/* bytes of a vCPU's shared area */
	unsigned int max_slots;
	bool tsc_deadline;	/* the in-kernel APIC's timer can do it */
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

/* A slot with size 0 is deleted. -errno of the kernel's. */
int kvm_set_slot(struct kvm *kvm, const struct kvm_userspace_memory_region *slot);

/* Any thread. */
int kvm_irq_line(struct kvm *kvm, unsigned int gsi, bool level);

/**
 * kvm_supported_cpuid() - what CPUID can be for a guest here
 * @out: allocated with room for @spare more entries; to be freed by the caller
 */
int kvm_supported_cpuid(struct kvm *kvm, unsigned int spare, struct kvm_cpuid2 **out);

/* A new vCPU: its descriptor, or -errno. */
int kvm_create_vcpu(struct kvm *kvm, unsigned int id);

#endif /* VMM_KVM_KVM_H */
