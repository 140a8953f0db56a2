// SPDX-License-Identifier: GPL-2.0-only
/* Why a vCPU came back from the guest, and what is done about it. */
#include <errno.h>
#include <stdint.h>

#include "kvm/dirty_ring.h"
#include "kvm/vcpu_internal.h"
#include "memory/access.h"
#include "util.h"

#define FULL_FOR_NOTHING_MAX	64

static int vcpu_exit_io(struct vcpu *v, struct error *err)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool is_write = run->io.direction == KVM_EXIT_IO_OUT;

	(void)err;
	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size)
		address_space_rw(v->set->config.io, run->io.port, data, run->io.size, is_write);
	return 0;
}

/* A store to memory that is read-only is dropped without a word: the user was told at the start. */
static int vcpu_exit_mmio(struct vcpu *v, struct error *err)
{
	struct kvm_run *run = v->run;

	(void)err;
	if (address_space_rw(v->set->config.memory, run->mmio.phys_addr, run->mmio.data,
			     run->mmio.len, run->mmio.is_write) == MEMTX_DECODE_ERROR)
		log_warn(&v->set->limit, "vCPU %u: a %s of %u bytes at %#llx goes nowhere", v->id,
			 run->mmio.is_write ? "write" : "read", run->mmio.len, run->mmio.phys_addr);
	return 0;
}

/*
 * Its ring has no room for another stay in the guest. Another thread may have emptied it just now,
 * but not each time: then KVM has written over entries that nobody took, as its emulator of
 * instructions can on Linux 6.18, and is ahead of us for ever.
 */
static int vcpu_exit_dirty_ring_full(struct vcpu *v, struct error *err)
{
	const struct vcpus_config *config = &v->set->config;
	unsigned int taken;

	memory_transaction_begin(config->memory->mem);
	taken = dirty_rings_reap(config->kvm->rings);
	memory_transaction_commit(config->memory->mem);
	v->full_for_nothing = taken ? 0 : v->full_for_nothing + 1;
	if (v->full_for_nothing < FULL_FOR_NOTHING_MAX)
		return 0;
	return error_set(err, -EIO, "vCPU %u: KVM has lost entries of its dirty ring: leave out "
			 "dirty-ring-size", v->id);
}

static int vcpu_exit_interrupted(struct vcpu *v, struct error *err)
{
	(void)v;
	(void)err;
	return 0;
}

static int vcpu_exit_shutdown(struct vcpu *v, struct error *err)
{
	return error_set(err, -EIO, "vCPU %u: triple fault", v->id);
}

static int vcpu_exit_fail_entry(struct vcpu *v, struct error *err)
{
	return error_set(err, -EIO,
			 "vCPU %u: the processor refuses to enter the guest, reason %#llx", v->id,
			 v->run->fail_entry.hardware_entry_failure_reason);
}

static int vcpu_exit_internal_error(struct vcpu *v, struct error *err)
{
	static const char *const causes[] = {
		[KVM_INTERNAL_ERROR_EMULATION] = "an instruction that it can't emulate",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "exceptions at the same time",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "an event that it can't deliver",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an unexpected exit",
	};
	uint32_t suberror = v->run->internal.suberror;
	const char *cause = suberror < ARRAY_SIZE(causes) ? causes[suberror] : NULL;

	return error_set(err, -EIO, "vCPU %u: internal error %u of KVM (%s)", v->id, suberror,
			 cause ? cause : "no known cause");
}

static int (*const vcpu_exits[])(struct vcpu *v, struct error *err) = {
	[KVM_EXIT_IO] = vcpu_exit_io,
	[KVM_EXIT_MMIO] = vcpu_exit_mmio,
	[KVM_EXIT_INTR] = vcpu_exit_interrupted,
	[KVM_EXIT_SHUTDOWN] = vcpu_exit_shutdown,
	[KVM_EXIT_FAIL_ENTRY] = vcpu_exit_fail_entry,
	[KVM_EXIT_INTERNAL_ERROR] = vcpu_exit_internal_error,
	[KVM_EXIT_DIRTY_RING_FULL] = vcpu_exit_dirty_ring_full,
};

int vcpu_exit(struct vcpu *v, struct error *err)
{
	uint32_t reason = v->run->exit_reason;

	if (reason < ARRAY_SIZE(vcpu_exits) && vcpu_exits[reason])
		return vcpu_exits[reason](v, err);
	return error_set(err, -EIO, "vCPU %u: KVM came back for a reason unknown here (%u)", v->id,
			 reason);
}
