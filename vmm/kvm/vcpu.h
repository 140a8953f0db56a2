/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vCPUs of a machine, a thread each that owns its run loop: port and memory accesses go to the
 * address spaces, everything else ends the machine with a message.
 */
#ifndef VMM_KVM_VCPU_H
#define VMM_KVM_VCPU_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "io/terminal.h"
#include "kvm/coalesced.h"
#include "kvm/entry.h"
#include "kvm/kvm.h"
#include "memory/memory.h"

struct vcpus;

struct vcpus_config {
	struct kvm *kvm;
	unsigned int nr;
	struct address_space *memory, *io;
	struct kvm_coalesced *coalesced;	/* arrive before anything else; NULL: none */
	struct terminal *terminal;	/* restored when a thread faults */
	/* a vCPU can't go on: in its thread, once at most, with all vCPUs on hold */
	void (*failed)(void *opaque, const char *message);
	void *opaque;
};

/**
 * vcpus_create() - make all vCPUs, as after a reset, without threads
 * @config: copied
 *
 * From now on they are whom @config->kvm's guard keeps out of the guest.
 *
 * Return: 0, or -errno with @err filled.
 */
int vcpus_create(struct vcpus **out, const struct vcpus_config *config, struct error *err);
void vcpus_destroy(struct vcpus *set);

/* Where the first vCPU begins; the others wait for it to start them. Before vcpus_start(). */
int vcpus_set_entry(struct vcpus *set, const struct vcpu_entry *entry);

/* Start the threads, on hold if @hold. 0, or -errno with @err filled. */
int vcpus_start(struct vcpus *set, bool hold, struct error *err);

/*
 * Any thread, a vCPU's too: no vCPU enters the guest any more, as soon as each notices. That is for
 * good: vcpus_resume() lets none of them run from now on.
 */
void vcpus_stop(struct vcpus *set);

/* No vCPU is in the guest or in a device until vcpus_resume(); not in a vCPU's thread. */
void vcpus_pause(struct vcpus *set);
void vcpus_resume(struct vcpus *set);

/* The same beside it, for who needs it for a while: they run when neither holds them. */
void vcpus_freeze(struct vcpus *set);
void vcpus_thaw(struct vcpus *set);

/* Whether they are on hold, frozen or not: after -S, vcpus_pause() or vcpus_stop(). */
bool vcpus_paused(struct vcpus *set);

/* Print how often each came back from the guest, and why; as one line of JSON, or for people. */
void vcpus_info(const struct vcpus *set, FILE *out, bool json);

#endif /* VMM_KVM_VCPU_H */
