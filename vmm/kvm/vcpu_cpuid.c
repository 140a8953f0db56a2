// SPDX-License-Identifier: GPL-2.0-only
/* Features of a processor, there and here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/vcpu_cpuid.h"
#include "util.h"

#define CPUID_MAX	256u

/* Bits that follow other registers: they come and go while a guest runs. */
#define ECX1_MONITOR	(1u << 3)
#define ECX1_OSXSAVE	(1u << 27)
#define ECX7_OSPKE	(1u << 4)

#define ALL		UINT32_MAX

/* Which words of CPUID are features, a bit each (those of leaf 0: the maker's name). */
static const struct {
	uint32_t function, index;
	uint32_t eax, ebx, ecx, edx;
} cpuid_features[] = {
	{ 0x00000000, 0, 0, ALL, ALL, ALL },
	{ 0x00000001, 0, 0, 0, ~(ECX1_MONITOR | ECX1_OSXSAVE), ALL },
	{ 0x00000007, 0, 0, ALL, ~ECX7_OSPKE, ALL },
	{ 0x00000007, 1, ALL, 0, 0, 0 },
	{ 0x0000000d, 0, ALL, 0, 0, ALL },
	{ 0x0000000d, 1, ALL, 0, 0, 0 },
	{ 0x40000001, 0, ALL, 0, 0, 0 },
	{ 0x80000001, 0, 0, 0, ALL, ALL },
	{ 0x80000008, 0, 0, ALL, 0, 0 },
};

static const struct kvm_cpuid_entry2 *entry_find(const struct kvm_cpuid_entry2 *entries, size_t nr,
						 uint32_t function, uint32_t index)
{
	static const struct kvm_cpuid_entry2 none;

	for (size_t i = 0; i < nr; i++)
		if (entries[i].function == function && entries[i].index == index)
			return &entries[i];
	return &none;
}

int cpuid_compare(unsigned int id, const struct kvm_cpuid_entry2 *there, size_t nr_there,
		  const struct kvm_cpuid_entry2 *here, size_t nr_here, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpuid_features); i++) {
		uint32_t function = cpuid_features[i].function, index = cpuid_features[i].index;
		const struct kvm_cpuid_entry2 *a = entry_find(there, nr_there, function, index);
		const struct kvm_cpuid_entry2 *b = entry_find(here, nr_here, function, index);

		if ((a->eax & ~b->eax & cpuid_features[i].eax) |
		    (a->ebx & ~b->ebx & cpuid_features[i].ebx) |
		    (a->ecx & ~b->ecx & cpuid_features[i].ecx) |
		    (a->edx & ~b->edx & cpuid_features[i].edx))
			return error_set(err, -ENOTSUP,
					 "vCPU %u: the processor lacks what the snapshot's has "
					 "(CPUID %#x.%u)", id, function, index);
	}
	return 0;
}

static int cpuid_get(struct vcpu *v, struct kvm_cpuid2 **out, struct error *err)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					     CPUID_MAX * sizeof(cpuid->entries[0]));

	if (!cpuid)
		return error_set(err, -ENOMEM, "vCPU %u: out of memory", v->id);
	cpuid->nent = CPUID_MAX;
	if (!ioctl(v->fd, KVM_GET_CPUID2, cpuid)) {
		*out = cpuid;
		return 0;
	}
	free(cpuid);
	return error_set(err, -errno, "vCPU %u: KVM_GET_CPUID2: %s", v->id, strerror(errno));
}

int vcpu_cpuid_save(struct vcpu *v, struct state *s, struct error *err)
{
	struct kvm_cpuid2 *cpuid;
	int ret = cpuid_get(v, &cpuid, err);

	if (ret)
		return ret;
	state_put(s, "cpuid", cpuid->entries, cpuid->nent * sizeof(cpuid->entries[0]));
	free(cpuid);
	return 0;
}

int vcpu_cpuid_check(struct vcpu *v, const struct state *s, struct error *err)
{
	struct kvm_cpuid2 *cpuid;
	size_t size;
	const struct kvm_cpuid_entry2 *there = state_find(s, "cpuid", &size);
	int ret;

	if (size % sizeof(*there))
		return state_refuse(s, "cpuid", "has another size", err);
	ret = cpuid_get(v, &cpuid, err);
	if (ret)
		return ret;
	ret = cpuid_compare(v->id, there, size / sizeof(*there), cpuid->entries, cpuid->nent,
			    err);
	free(cpuid);
	return ret;
}
