/* SPDX-License-Identifier: GPL-2.0-only */
/* The timer of a PC (8254), in the kernel. Linux as we boot it needs none; firmware does. */
#ifndef VMM_KVM_PIT_H
#define VMM_KVM_PIT_H

#include "kvm/kvm.h"

/* Before the first vCPU. At ports 0x40 to 0x43 and, for the speaker's gate, 0x61. -errno of KVM. */
int kvm_create_pit(struct kvm *kvm);

#endif /* VMM_KVM_PIT_H */
