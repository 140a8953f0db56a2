// SPDX-License-Identifier: GPL-2.0-only
/* Model-specific registers: those that KVM lists and this processor has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/vcpu_msrs.h"

#define MSRS_MAX		1024u
#define MSR_TSC			0x10
#define MSR_TSC_DEADLINE	0x6e0
#define TSC_FAR			(1ull << 40)	/* cycles: more than a second of any clock */

/* KVM_GET_MSRS and KVM_SET_MSRS of one: 1, 0 if KVM refuses it, or -errno. */
static int msr_move(struct vcpu *v, unsigned long request, struct kvm_msr_entry *entry)
{
	union {
		struct kvm_msrs msrs;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} u = { .msrs.nmsrs = 1 };
	int ret;

	u.msrs.entries[0] = *entry;
	ret = ioctl(v->fd, request, &u.msrs);
	*entry = u.msrs.entries[0];
	return ret < 0 ? -errno : ret;
}

static int msrs_list(struct vcpu *v, struct kvm_msr_list **out, struct error *err)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + MSRS_MAX * sizeof(list->indices[0]));

	if (!list)
		return error_set(err, -ENOMEM, "vCPU %u: out of memory", v->id);
	list->nmsrs = MSRS_MAX;
	if (ioctl(v->set->config.kvm->fd, KVM_GET_MSR_INDEX_LIST, list) < 0) {
		free(list);
		return error_set(err, -errno, "vCPU %u: KVM_GET_MSR_INDEX_LIST: %s", v->id,
				 strerror(errno));
	}
	*out = list;
	return 0;
}

/* KVM lists registers that this vCPU may not have: they are not read, and so not kept. */
int vcpu_msrs_save(struct vcpu *v, struct state *s, struct error *err)
{
	struct kvm_msr_entry *entries;
	struct kvm_msr_list *list = NULL;
	unsigned int n = 0;
	int ret = msrs_list(v, &list, err);

	if (ret)
		return ret;
	entries = calloc(MSRS_MAX, sizeof(*entries));
	for (uint32_t i = 0; entries && i < list->nmsrs; i++) {
		entries[n].index = list->indices[i];
		n += msr_move(v, KVM_GET_MSRS, &entries[n]) == 1;
	}
	if (entries)
		state_put(s, "msrs", entries, n * sizeof(*entries));
	else
		ret = error_set(err, -ENOMEM, "vCPU %u: out of memory", v->id);
	free(list);
	free(entries);
	return ret;
}

/* What is refused may be as it should be all the same: registers that only tell. */
static int msr_set(struct vcpu *v, struct kvm_msr_entry entry, struct error *err)
{
	struct kvm_msr_entry now = { .index = entry.index };

	if (msr_move(v, KVM_SET_MSRS, &entry) == 1 ||
	    (msr_move(v, KVM_GET_MSRS, &now) == 1 && now.data == entry.data))
		return 0;
	return error_set(err, -EINVAL, "vCPU %u: KVM does not let MSR %#x be %#llx here: was the "
			 "snapshot taken on another kind of processor?", v->id, entry.index,
			 entry.data);
}

/*
 * KVM takes a value that is within a second of what a counter of this machine would say for an
 * attempt to make them all say the same, and lets them: right for all vCPUs but the first, whose
 * counter may be that young.
 */
static int tsc_depart(struct vcpu *v, const struct kvm_msr_entry *entries, size_t n,
		      struct error *err)
{
	for (size_t i = 0; !v->id && i < n; i++)
		if (entries[i].index == MSR_TSC)
			return msr_set(v, (struct kvm_msr_entry){
				.index = MSR_TSC,
				.data = entries[i].data + TSC_FAR,
			}, err);
	return 0;
}

/* The timer's deadline counts only once the timer and the counter that it looks at are set. */
static int msrs_set(struct vcpu *v, const struct kvm_msr_entry *entries, size_t n, bool deadline,
		    struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < n; i++)
		if ((entries[i].index == MSR_TSC_DEADLINE) == deadline)
			ret = msr_set(v, entries[i], err);
	return ret;
}

int vcpu_msrs_load(struct vcpu *v, const struct state *s, struct error *err)
{
	const struct kvm_msr_entry *entries;
	size_t size, n;
	int ret;

	entries = state_find(s, "msrs", &size);
	n = size / sizeof(*entries);
	if (size % sizeof(*entries) || n > MSRS_MAX)
		return state_refuse(s, "msrs", "has another size", err);
	ret = tsc_depart(v, entries, n, err);
	if (!ret)
		ret = msrs_set(v, entries, n, false, err);
	return ret ? ret : msrs_set(v, entries, n, true, err);
}
