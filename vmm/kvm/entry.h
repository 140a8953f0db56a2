/* SPDX-License-Identifier: GPL-2.0-only */
/* The state in which the first vCPU starts: 64-bit mode with flat segments, interrupts off. */
#ifndef VMM_KVM_ENTRY_H
#define VMM_KVM_ENTRY_H

#include <stdint.h>

/* Guest-physical addresses, mapped one to one by the page tables at @cr3. */
struct vcpu_entry {
	uint64_t rip;
	uint64_t rsi;		/* an argument */
	uint64_t cr3;
	uint64_t gdt;		/* a table of VCPU_GDT_ENTRIES with those below in it */
};

#define VCPU_SELECTOR_CODE	0x10	/* as Linux's boot protocol wants them */
#define VCPU_SELECTOR_DATA	0x18
#define VCPU_GDT_ENTRIES	4
#define VCPU_GDT_CODE		0x00af9b000000ffffull
#define VCPU_GDT_DATA		0x00cf93000000ffffull

#endif /* VMM_KVM_ENTRY_H */
