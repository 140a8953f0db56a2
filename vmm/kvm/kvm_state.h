/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM knows of a machine, as parts of a state: the vCPUs' registers, the interrupt controllers
 * and the clock.
 */
#ifndef VMM_KVM_KVM_STATE_H
#define VMM_KVM_KVM_STATE_H

#include "kvm/kvm.h"
#include "kvm/vcpu.h"
#include "state.h"

/**
 * vcpus_settle() - let the vCPUs finish the instruction that they came back from the guest with
 *
 * The vCPUs are paused (vcpus_pause()). What is left of that instruction's accesses is carried out:
 * so this comes before any other state is looked at. Return: 0, or -errno with @err filled.
 */
int vcpus_settle(struct vcpus *set, struct error *err);

/* The vCPUs are paused and settled. 0, or -errno with @err filled. */
int vcpus_save(struct vcpus *set, struct state_set *states, struct error *err);
/* Before vcpus_start(), after kvm_load(). */
int vcpus_load(struct vcpus *set, struct state_set *states, struct error *err);

/* Interrupt controllers, clock and, if there is one, timer. 0, or -errno with @err filled. */
int kvm_save(struct kvm *kvm, struct state_set *states, struct error *err);
int kvm_load(struct kvm *kvm, struct state_set *states, struct error *err);

#endif /* VMM_KVM_KVM_STATE_H */
