/* SPDX-License-Identifier: GPL-2.0-only */
/* What the vCPUs' files share; for kvm/vcpu*.c only. */
#ifndef VMM_KVM_VCPU_INTERNAL_H
#define VMM_KVM_VCPU_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "io/log.h"
#include "kvm/vcpu.h"

/* Why a vCPU came back from the guest. */
enum vcpu_exit_kind {
	VCPU_EXIT_MMIO,
	VCPU_EXIT_IO,
	VCPU_EXIT_OTHER,	/* a signal above all */
	VCPU_EXIT_KINDS
};

struct vcpu {
	struct vcpus *set;
	unsigned int id;		/* the APIC's too */
	int fd;
	struct kvm_run *run;		/* shared with the kernel */
	pthread_t thread;
	atomic_bool inside;		/* the guest, or about to be */
	_Atomic uint64_t exits[VCPU_EXIT_KINDS];	/* its thread counts, others look */
	unsigned int full_for_nothing;	/* how often in a row its dirty ring was called full */
};

struct vcpus {
	struct vcpus_config config;
	struct log_limit limit;		/* of warnings that a guest provokes */
	atomic_bool hold;		/* changed under the lock, read anywhere */
	atomic_bool barred;		/* for a moment nobody enters the guest; likewise */

	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t changed;
	bool quit;
	bool stopped, paused, frozen;	/* the reasons to hold: any is enough */
	bool failed;
	unsigned int running;		/* threads that are not on hold */
	unsigned int nr_threads;

	unsigned int nr;		/* vCPUs made */
	struct vcpu vcpus[];
};

/* Handles why KVM_RUN came back. 0, or -errno with @err filled: this vCPU can't go on. */
int vcpu_exit(struct vcpu *v, struct error *err);

/* Appends the registers that matter to the message in @err. */
void vcpu_describe(struct vcpu *v, struct error *err);

/* Registers of a vCPU at its reset, beyond KVM's defaults; then those of the entry. */
int vcpu_reset(struct vcpu *v);
int vcpu_enter(struct vcpu *v, const struct vcpu_entry *entry);

#endif /* VMM_KVM_VCPU_INTERNAL_H */
