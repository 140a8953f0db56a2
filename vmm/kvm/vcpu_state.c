// SPDX-License-Identifier: GPL-2.0-only
/* Registers of a vCPU: those it starts with, and those to show when it fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/vcpu_internal.h"
#include "util.h"

#define CR0_PE		(1ull << 0)
#define CR0_ET		(1ull << 4)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)

#define MSR_MTRR_DEFAULT_TYPE	0x2ff
#define MSR_MISC_ENABLE		0x1a0
#define MISC_ENABLE_FAST_STRINGS 1u
#define MTRR_ENABLE		(1u << 11)
#define MTRR_FIXED_ENABLE	(1u << 10)
#define MTRR_WRITE_BACK		6
#define MTRR_ALL_WRITE_BACK	0x0606060606060606ull

/*
 * All is write-back unless the guest's page tables say otherwise: so a driver may map a BAR cached.
 * The fixed ranges below 1 MiB are enabled and cover RAM.
 */
static const uint32_t vcpu_fixed_mtrrs[] = {
	0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
};

#define NR_FIXED	ARRAY_SIZE(vcpu_fixed_mtrrs)

union vcpu_msrs {
	struct kvm_msrs msrs;
	uint8_t room[sizeof(struct kvm_msrs) + (NR_FIXED + 2) * sizeof(struct kvm_msr_entry)];
};

/* KVM_GET_MSRS and KVM_SET_MSRS tell how many they did: they end at the first that KVM refuses. */
static int vcpu_msrs(struct vcpu *v, unsigned long request, struct kvm_msrs *msrs)
{
	int done = ioctl(v->fd, request, msrs);

	if (done < 0)
		return -errno;
	return (uint32_t)done == msrs->nmsrs ? 0 : -EIO;
}

/* Firmware's work on Intel: without fast strings Linux takes the slow ways to copy. */
static int vcpu_get_misc_enable(struct vcpu *v, struct kvm_msr_entry *entry)
{
	union vcpu_msrs u = { .msrs.nmsrs = 1 };
	int ret;

	u.msrs.entries[0].index = MSR_MISC_ENABLE;
	ret = vcpu_msrs(v, KVM_GET_MSRS, &u.msrs);
	*entry = u.msrs.entries[0];
	entry->data |= MISC_ENABLE_FAST_STRINGS;
	return ret;
}

int vcpu_reset(struct vcpu *v)
{
	union vcpu_msrs u = { .msrs.nmsrs = NR_FIXED + 2 };
	struct kvm_msr_entry *entry = u.msrs.entries;
	int ret;

	for (size_t i = 0; i < NR_FIXED; i++)
		*entry++ = (struct kvm_msr_entry){
			.index = vcpu_fixed_mtrrs[i],
			.data = MTRR_ALL_WRITE_BACK,
		};
	*entry++ = (struct kvm_msr_entry){
		.index = MSR_MTRR_DEFAULT_TYPE,
		.data = MTRR_ENABLE | MTRR_FIXED_ENABLE | MTRR_WRITE_BACK,
	};
	ret = vcpu_get_misc_enable(v, entry);
	return ret ? ret : vcpu_msrs(v, KVM_SET_MSRS, &u.msrs);
}

static void vcpu_set_segments(struct kvm_sregs *sregs)
{
	struct kvm_segment code = {
		.limit = UINT32_MAX,
		.selector = VCPU_SELECTOR_CODE,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	struct kvm_segment data = code;

	data.selector = VCPU_SELECTOR_DATA;
	data.type = 3;
	data.l = 0;
	data.db = 1;
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
}

int vcpu_enter(struct vcpu *v, const struct vcpu_entry *entry)
{
	struct kvm_regs regs = { .rip = entry->rip, .rsi = entry->rsi, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return -errno;
	vcpu_set_segments(&sregs);
	sregs.gdt.base = entry->gdt;
	sregs.gdt.limit = VCPU_GDT_ENTRIES * 8 - 1;
	sregs.idt = (struct kvm_dtable){ 0 };
	sregs.cr0 = CR0_PE | CR0_ET | CR0_PG;
	sregs.cr3 = entry->cr3;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

void vcpu_describe(struct vcpu *v, struct error *err)
{
	size_t len = strlen(err->text);
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs = { 0 };

	if (ioctl(v->fd, KVM_GET_REGS, &regs) < 0 || ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return;
	snprintf(err->text + len, sizeof(err->text) - len,
		 ": rip=%#llx rsp=%#llx rflags=%#llx cs=%#x cr0=%#llx cr2=%#llx cr3=%#llx "
		 "cr4=%#llx efer=%#llx",
		 regs.rip, regs.rsp, regs.rflags, sregs.cs.selector, sregs.cr0, sregs.cr2,
		 sregs.cr3, sregs.cr4, sregs.efer);
}
