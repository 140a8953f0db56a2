/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioeventfds: stores to memory and to ports that raise an eventfd in the kernel, as listeners of
 * the two address spaces.
 */
#ifndef VMM_KVM_IOEVENTFD_H
#define VMM_KVM_IOEVENTFD_H

#include "error.h"
#include "memory/types.h"

struct kvm;
struct kvm_ioeventfds;

/**
 * kvm_ioeventfds_create() - from now on, the eventfds of @memory and @io are KVM's
 *
 * KVM refuses two that one store could mean both, and older kernels those of any size. What it
 * refuses is noted, and the model raises it itself: that costs an exit each time, and is no error.
 *
 * Return: 0, or -errno with @err filled.
 */
int kvm_ioeventfds_create(struct kvm_ioeventfds **out, struct kvm *kvm,
			  struct address_space *memory, struct address_space *io,
			  struct error *err);
void kvm_ioeventfds_destroy(struct kvm_ioeventfds *set);

#endif /* VMM_KVM_IOEVENTFD_H */
