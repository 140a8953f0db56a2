/* SPDX-License-Identifier: GPL-2.0-only */
/* What a vCPU's CPUID says, as a field of its state: a guest relies on what it found there once. */
#ifndef VMM_KVM_VCPU_CPUID_H
#define VMM_KVM_VCPU_CPUID_H

#include "kvm/vcpu_internal.h"
#include "state.h"

int vcpu_cpuid_save(struct vcpu *v, struct state *s, struct error *err);
/* 0, or -errno with @err filled: here a feature is missing that was there. */
int vcpu_cpuid_check(struct vcpu *v, const struct state *s, struct error *err);

/* The same of two lists; @id is the vCPU's, for the message. */
int cpuid_compare(unsigned int id, const struct kvm_cpuid_entry2 *there, size_t nr_there,
		  const struct kvm_cpuid_entry2 *here, size_t nr_here, struct error *err);

#endif /* VMM_KVM_VCPU_CPUID_H */
