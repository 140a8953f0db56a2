/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message-signalled interrupts by KVM: an irqfd for each eventfd, on a route of the VM's table that
 * says which message it is. No thread of ours runs when one is signalled.
 */
#ifndef VMM_KVM_MSI_H
#define VMM_KVM_MSI_H

#include "error.h"
#include "pci/msi.h"

struct kvm;

/**
 * kvm_msi_create() - the provider of a VM with an in-kernel interrupt controller
 *
 * The lines of the two interrupt controllers keep their routes. Any thread may call its ops.
 *
 * Return: 0, or -errno with @err filled.
 */
int kvm_msi_create(struct msi_provider **out, struct kvm *kvm, struct error *err);
/* All of its routes are destroyed already. */
void kvm_msi_destroy(struct msi_provider *provider);

#endif /* VMM_KVM_MSI_H */
