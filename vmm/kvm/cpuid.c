// SPDX-License-Identifier: GPL-2.0-only
/* CPUID leaves that depend on the vCPU or on their number. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/cpuid.h"
#include "util.h"

#define LEAF1_ECX_TSC_DEADLINE	(1u << 24)
#define LEAF1_ECX_HYPERVISOR	(1u << 31)
#define LEAF1_EDX_HTT		(1u << 28)
#define LEAF_TOPOLOGY		0xb
#define LEAF_TOPOLOGY_V2	0x1f
#define LEAF_TOPOLOGY_AMD	0x80000026
#define LEVEL_SMT		(1u << 8)
#define LEVEL_CORE		(2u << 8)

struct cpuid_position {
	unsigned int id, nr;
	unsigned int shift;		/* bits of an APIC id that tell the cores apart */
	bool amd;			/* or Hygon, which is the same */
};

/* Replaces the bits of @mask, which is contiguous, by @value. */
static void cpuid_field(uint32_t *reg, uint32_t mask, uint32_t value)
{
	*reg = (*reg & ~mask) | ((value * (mask & -mask)) & mask);
}

static void cpuid_leaf_1(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	cpuid_field(&e->ebx, 0xff000000, p->id);
	cpuid_field(&e->ebx, 0x00ff0000, 1u << p->shift);
	cpuid_field(&e->edx, LEAF1_EDX_HTT, p->nr > 1);
}

/* Caches, Intel's leaf and AMD's: only the third level is shared. */
static void cpuid_leaf_caches(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	unsigned int level = e->eax >> 5 & 7;

	if (!(e->eax & 0x1f))
		return;
	cpuid_field(&e->eax, 0x03ffc000, level >= 3 ? (1u << p->shift) - 1 : 0);
	if (e->function == 4)
		cpuid_field(&e->eax, 0xfc000000, (1u << p->shift) - 1);
}

static void cpuid_leaf_topology(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	e->eax = e->index ? p->shift : 0;
	e->ebx = e->index ? p->nr : 1;
	e->ecx = e->index | (e->index ? LEVEL_CORE : LEVEL_SMT);
	e->edx = p->id;
}

/* Intel's processors have the leaf too, and nothing in this register. */
static void cpuid_leaf_amd_cores(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	if (!p->amd)
		return;
	e->ecx = p->shift << 12 | (p->nr - 1);
}

static void cpuid_leaf_amd_apic(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	e->eax = p->id;
	e->ebx = p->id;
	e->ecx = 0;
}

static const struct {
	uint32_t function;
	void (*set)(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p);
} cpuid_leaves[] = {
	{ 1, cpuid_leaf_1 },
	{ 4, cpuid_leaf_caches },
	{ LEAF_TOPOLOGY, cpuid_leaf_topology },
	{ 0x80000008, cpuid_leaf_amd_cores },
	{ 0x8000001d, cpuid_leaf_caches },
	{ 0x8000001e, cpuid_leaf_amd_apic },
};

/* The host's own topology is not the guest's. */
static bool cpuid_is_topology(const struct kvm_cpuid_entry2 *e)
{
	return e->function == LEAF_TOPOLOGY || e->function == LEAF_TOPOLOGY_V2 ||
	       e->function == LEAF_TOPOLOGY_AMD;
}

static void cpuid_replace_topology(struct kvm_cpuid2 *cpuid)
{
	bool has_topology = false;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < cpuid->nent; i++) {
		has_topology |= cpuid->entries[i].function == LEAF_TOPOLOGY;
		if (!cpuid_is_topology(&cpuid->entries[i]))
			cpuid->entries[kept++] = cpuid->entries[i];
	}
	for (unsigned int i = 0; has_topology && i < CPUID_SPARE; i++)
		cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
			.function = LEAF_TOPOLOGY,
			.index = i,
		};
	cpuid->nent = kept;
}

int cpuid_prepare(struct kvm *kvm, struct kvm_cpuid2 **out)
{
	struct kvm_cpuid2 *cpuid;
	int ret = kvm_supported_cpuid(kvm, CPUID_SPARE, &cpuid);

	if (ret)
		return ret;
	cpuid_replace_topology(cpuid);
	for (unsigned int i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function != 1)
			continue;
		e->ecx |= LEAF1_ECX_HYPERVISOR;
		cpuid_field(&e->ecx, LEAF1_ECX_TSC_DEADLINE, kvm->tsc_deadline);
	}
	*out = cpuid;
	return 0;
}

/* By the first word of the vendor's name, in leaf 0. */
static bool cpuid_is_amd(const struct kvm_cpuid2 *cpuid)
{
	for (unsigned int i = 0; i < cpuid->nent; i++) {
		if (!cpuid->entries[i].function)
			return !memcmp(&cpuid->entries[i].ebx, "Auth", 4) ||
			       !memcmp(&cpuid->entries[i].ebx, "Hygo", 4);
	}
	return false;
}

static void cpuid_fix(struct kvm_cpuid_entry2 *e, const struct cpuid_position *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpuid_leaves); i++) {
		if (cpuid_leaves[i].function == e->function)
			cpuid_leaves[i].set(e, p);
	}
}

int cpuid_set(struct kvm_cpuid2 *common, int vcpu_fd, unsigned int id, unsigned int nr)
{
	struct cpuid_position p = { .id = id, .nr = nr, .amd = cpuid_is_amd(common) };

	while (1u << p.shift < nr)
		p.shift++;
	for (unsigned int i = 0; i < common->nent; i++)
		cpuid_fix(&common->entries[i], &p);
	return ioctl(vcpu_fd, KVM_SET_CPUID2, common) < 0 ? -errno : 0;
}
