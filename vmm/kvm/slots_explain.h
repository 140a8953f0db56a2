/* SPDX-License-Identifier: GPL-2.0-only */
/* Which slot serves an address; for who explains it. */
#ifndef VMM_KVM_SLOTS_EXPLAIN_H
#define VMM_KVM_SLOTS_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "memory/memory.h"

/**
 * kvm_slots_explain() - print the slot at @addr of @as: a line, or for @json an object or null
 * @opaque: the struct kvm_slots
 *
 * Fits struct explain_server; under the model's lock.
 */
void kvm_slots_explain(void *opaque, const struct address_space *as, hwaddr addr, FILE *out,
		       bool json);

#endif /* VMM_KVM_SLOTS_EXPLAIN_H */
