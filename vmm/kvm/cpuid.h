/* SPDX-License-Identifier: GPL-2.0-only */
/* What CPUID tells a guest: what KVM supports, with this machine's APIC ids and topology. */
#ifndef VMM_KVM_CPUID_H
#define VMM_KVM_CPUID_H

#include "kvm/kvm.h"

/* How many entries cpuid_set() may add. */
#define CPUID_SPARE	2

/**
 * cpuid_prepare() - what all vCPUs have in common
 * @out: to be freed by the caller
 *
 * Return: 0 or -errno.
 */
int cpuid_prepare(struct kvm *kvm, struct kvm_cpuid2 **out);

/**
 * cpuid_set() - tell one vCPU who it is
 * @common: from cpuid_prepare(); this vCPU's values are left in it
 * @id: its APIC id
 * @nr: of vCPUs, all cores of one package without siblings
 */
int cpuid_set(struct kvm_cpuid2 *common, int vcpu_fd, unsigned int id, unsigned int nr);

#endif /* VMM_KVM_CPUID_H */
