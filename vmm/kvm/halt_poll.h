/* SPDX-License-Identifier: GPL-2.0-only */
/* How long KVM looks for an interrupt before the thread of a halted vCPU goes to sleep. */
#ifndef VMM_KVM_HALT_POLL_H
#define VMM_KVM_HALT_POLL_H

#include "kvm/kvm.h"

/**
 * kvm_halt_poll() - let KVM look longer than it does by itself, as far as it proves worth it
 *
 * For a guest that others may wake. A host whose setting is not KVM's default any more knows best,
 * and so does one whose setting can't be read. A KVM that has one limit for all keeps it.
 */
void kvm_halt_poll(struct kvm *kvm);

#endif /* VMM_KVM_HALT_POLL_H */
