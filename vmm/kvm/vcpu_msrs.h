/* SPDX-License-Identifier: GPL-2.0-only */
/* The model-specific registers of a vCPU that KVM keeps, as a field of its state. */
#ifndef VMM_KVM_VCPU_MSRS_H
#define VMM_KVM_VCPU_MSRS_H

#include "kvm/vcpu_internal.h"
#include "state.h"

/* Field "msrs" of @s: 0, or -errno with @err filled. */
int vcpu_msrs_save(struct vcpu *v, struct state *s, struct error *err);
int vcpu_msrs_load(struct vcpu *v, const struct state *s, struct error *err);

#endif /* VMM_KVM_VCPU_MSRS_H */
