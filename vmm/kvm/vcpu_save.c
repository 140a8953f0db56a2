// SPDX-License-Identifier: GPL-2.0-only
/*
 * All registers of a vCPU, out of KVM and into it again: a table in the order in which they go in.
 * vcpu_msrs.c has the model-specific ones, vcpu_cpuid.c the processor's features.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/kvm_state.h"
#include "kvm/vcpu_cpuid.h"
#include "kvm/vcpu_internal.h"
#include "kvm/vcpu_msrs.h"
#include "util.h"

#define VCPU_STATE_VERSION	1
#define NESTED_MAX		0x10000u	/* bytes; KVM has 12 KiB at most */

/*
 * What one pair of ioctls moves.
 * @size: bytes
 * @cap: KVM_CAP_* without which there is none; 0: it is always there
 * @save, @load: for what is not moved whole; NULL otherwise
 */
struct vcpu_part {
	const char *name;
	size_t size;
	unsigned long get, set;
	int cap;
	int (*save)(struct vcpu *v, struct state *s, struct error *err);
	int (*load)(struct vcpu *v, const struct state *s, struct error *err);
};

/* KVM's answer for this machine; 0: it has it not. */
static unsigned int vcpu_capability(struct vcpu *v, int cap)
{
	int value = ioctl(v->set->config.kvm->vm_fd, KVM_CHECK_EXTENSION, cap);

	return value < 0 ? 0 : value;
}

static int part_no_memory(const struct vcpu *v, struct error *err)
{
	return error_set(err, -ENOMEM, "vCPU %u: out of memory", v->id);
}

/* After an ioctl. */
static int part_failed(const struct vcpu *v, const char *verb, const char *part, struct error *err)
{
	return error_set(err, -errno, "vCPU %u: KVM does not %s %s: %s", v->id, verb, part,
			 strerror(errno));
}

static int part_get(struct vcpu *v, const char *name, unsigned long get, size_t size,
		    struct state *s, struct error *err)
{
	void *value = calloc(1, size);
	int ret = 0;

	if (!value)
		return part_no_memory(v, err);
	if (ioctl(v->fd, get, value) < 0)
		ret = part_failed(v, "give", name, err);
	else
		state_put(s, name, value, size);
	free(value);
	return ret;
}

static int part_set(struct vcpu *v, const char *name, unsigned long set, size_t size,
		    const struct state *s, struct error *err)
{
	void *value = calloc(1, size);
	int ret;

	if (!value)
		return part_no_memory(v, err);
	ret = state_get(s, name, value, size, err);
	if (!ret && ioctl(v->fd, set, value) < 0)
		ret = part_failed(v, "take", name, err);
	free(value);
	return ret;
}

/* --- parts that are more than a struct --- */

/* The clock of the time stamp counter: only where KVM can have another one can it differ. */
static int tsc_khz_save(struct vcpu *v, struct state *s, struct error *err)
{
	uint32_t khz;
	int ret = ioctl(v->fd, KVM_GET_TSC_KHZ, 0);

	if (ret < 0)
		return part_failed(v, "give", "tsc-khz", err);
	khz = ret;
	state_put(s, "tsc-khz", &khz, sizeof(khz));
	return 0;
}

static int tsc_khz_load(struct vcpu *v, const struct state *s, struct error *err)
{
	uint32_t khz;
	int ret = state_get(s, "tsc-khz", &khz, sizeof(khz), err);

	if (ret || (uint32_t)ioctl(v->fd, KVM_GET_TSC_KHZ, 0) == khz)
		return ret;
	return ioctl(v->fd, KVM_SET_TSC_KHZ, (unsigned long)khz) < 0 ?
	       part_failed(v, "take", "tsc-khz", err) : 0;
}

/* How large it can get depends on the processor; older kernels have one size. */
static size_t xsave_size(struct vcpu *v)
{
	size_t size = vcpu_capability(v, KVM_CAP_XSAVE2);

	return size > sizeof(struct kvm_xsave) ? size : sizeof(struct kvm_xsave);
}

static int xsave_save(struct vcpu *v, struct state *s, struct error *err)
{
	unsigned long get = vcpu_capability(v, KVM_CAP_XSAVE2) ? KVM_GET_XSAVE2 : KVM_GET_XSAVE;

	return part_get(v, "xsave", get, xsave_size(v), s, err);
}

static int xsave_load(struct vcpu *v, const struct state *s, struct error *err)
{
	return part_set(v, "xsave", KVM_SET_XSAVE, xsave_size(v), s, err);
}

/* How many bytes of it there are is in its head; KVM checks what is in it. */
static int nested_save(struct vcpu *v, struct state *s, struct error *err)
{
	struct kvm_nested_state *nested = calloc(1, NESTED_MAX);
	int ret = 0;

	if (!nested)
		return part_no_memory(v, err);
	nested->size = NESTED_MAX;
	if (ioctl(v->fd, KVM_GET_NESTED_STATE, nested) < 0)
		ret = part_failed(v, "give", "nested", err);
	else
		state_put(s, "nested", nested, nested->size);
	free(nested);
	return ret;
}

static int nested_load(struct vcpu *v, const struct state *s, struct error *err)
{
	struct kvm_nested_state *nested;
	size_t size;
	const void *from = state_find(s, "nested", &size);
	int ret = 0;

	if (!from || size < sizeof(*nested) || size > NESTED_MAX)
		return state_refuse(s, "nested", "has another size", err);
	nested = malloc(size);
	if (!nested)
		return part_no_memory(v, err);
	memcpy(nested, from, size);
	if (nested->size > size)
		ret = state_refuse(s, "nested", "has another size", err);
	else if (ioctl(v->fd, KVM_SET_NESTED_STATE, nested) < 0)
		ret = part_failed(v, "take", "nested", err);
	free(nested);
	return ret;
}

/* --- the table --- */

/*
 * Segments and the base of the APIC come before it, its timer's deadline (among the MSRs) after;
 * events come last, for what is pending depends on all else.
 */
static const struct vcpu_part vcpu_parts[] = {
	{ "cpuid", .save = vcpu_cpuid_save, .load = vcpu_cpuid_check },
	{ "tsc-khz", .cap = KVM_CAP_GET_TSC_KHZ, .save = tsc_khz_save, .load = tsc_khz_load },
	{ "sregs", sizeof(struct kvm_sregs), KVM_GET_SREGS, .set = KVM_SET_SREGS },
	{ "sregs2", sizeof(struct kvm_sregs2), KVM_GET_SREGS2, KVM_SET_SREGS2,
	  .cap = KVM_CAP_SREGS2 },
	{ "xcrs", sizeof(struct kvm_xcrs), KVM_GET_XCRS, KVM_SET_XCRS, .cap = KVM_CAP_XCRS },
	{ "fpu", sizeof(struct kvm_fpu), KVM_GET_FPU, .set = KVM_SET_FPU },
	{ "xsave", .cap = KVM_CAP_XSAVE, .save = xsave_save, .load = xsave_load },
	{ "regs", sizeof(struct kvm_regs), KVM_GET_REGS, .set = KVM_SET_REGS },
	{ "lapic", sizeof(struct kvm_lapic_state), KVM_GET_LAPIC, .set = KVM_SET_LAPIC },
	{ "msrs", .save = vcpu_msrs_save, .load = vcpu_msrs_load },
	{ "mp-state", sizeof(struct kvm_mp_state), KVM_GET_MP_STATE, KVM_SET_MP_STATE,
	  .cap = KVM_CAP_MP_STATE },
	{ "debugregs", sizeof(struct kvm_debugregs), KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS,
	  .cap = KVM_CAP_DEBUGREGS },
	{ "nested", .cap = KVM_CAP_NESTED_STATE, .save = nested_save, .load = nested_load },
	{ "events", sizeof(struct kvm_vcpu_events), KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS,
	  .cap = KVM_CAP_VCPU_EVENTS },
};

static bool part_is_here(struct vcpu *v, const struct vcpu_part *part)
{
	return !part->cap || vcpu_capability(v, part->cap);
}

static int vcpu_save(struct vcpu *v, struct state *s, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(vcpu_parts); i++) {
		const struct vcpu_part *part = &vcpu_parts[i];

		if (!part_is_here(v, part))
			continue;
		ret = part->save ? part->save(v, s, err) :
		      part_get(v, part->name, part->get, part->size, s, err);
	}
	return ret;
}

/* What KVM can't take here is refused; what it has more than there was, it keeps as it is. */
static int vcpu_load_part(struct vcpu *v, const struct vcpu_part *part, const struct state *s,
			  struct error *err)
{
	size_t size;

	if (!state_find(s, part->name, &size))
		return part->cap ? 0 : state_refuse(s, part->name, "is missing", err);
	if (!part_is_here(v, part))
		return state_refuse(s, part->name, "is nothing that KVM has here", err);
	return part->load ? part->load(v, s, err) :
	       part_set(v, part->name, part->set, part->size, s, err);
}

static int vcpu_load(struct vcpu *v, const struct state *s, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(vcpu_parts); i++)
		ret = vcpu_load_part(v, &vcpu_parts[i], s, err);
	return ret;
}

int vcpus_save(struct vcpus *set, struct state_set *states, struct error *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < set->nr; i++)
		ret = vcpu_save(&set->vcpus[i], state_add(states, "vcpu", i, VCPU_STATE_VERSION),
				err);
	return ret;
}

int vcpus_load(struct vcpus *set, struct state_set *states, struct error *err)
{
	struct state *s;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < set->nr; i++) {
		ret = state_take(states, "vcpu", i, VCPU_STATE_VERSION, &s, err);
		if (!ret)
			ret = vcpu_load(&set->vcpus[i], s, err);
	}
	return ret;
}

/* KVM_RUN that is not to enter the guest ends what went before, which may take another exit. */
static int vcpu_settle(struct vcpu *v, struct error *err)
{
	int ret = 0;

	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	while (!ret && !ioctl(v->fd, KVM_RUN, 0))
		ret = vcpu_exit(v, err);
	if (!ret && errno != EINTR && errno != EAGAIN)
		ret = part_failed(v, "end", "its last access", err);
	return ret;
}

int vcpus_settle(struct vcpus *set, struct error *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < set->nr; i++)
		ret = vcpu_settle(&set->vcpus[i], err);
	return ret;
}
