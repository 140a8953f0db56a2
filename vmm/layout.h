/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are in the machine: guest-physical addresses and I/O ports. The ASL sources include
 * this file too, so that there is one place for each number: nothing but #define lines here.
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

/* RAM below 4 GiB ends here at the latest; what is more goes on at 4 GiB. */
#define LAYOUT_LOW_RAM_END	0xc0000000
#define LAYOUT_HIGH_RAM		0x100000000

/* Windows of the PCI host bridge, and ECAM for its one bus. */
#define LAYOUT_PCI32		0xc0000000
#define LAYOUT_PCI32_SIZE	0x3eb00000
#define LAYOUT_PCI32_LAST	0xfeafffff
#define LAYOUT_ECAM		0xfeb00000
#define LAYOUT_ECAM_SIZE	0x00100000
#define LAYOUT_PCI64		0x2000000000
#define LAYOUT_PCI64_SIZE	0x2000000000
#define LAYOUT_PCI64_LAST	0x3fffffffff

#define LAYOUT_IOAPIC		0xfec00000
#define LAYOUT_LAPIC		0xfee00000

/* Four pages that KVM itself needs on Intel: an identity map and a task state segment. */
#define LAYOUT_KVM_IDENTITY	0xfffbc000
#define LAYOUT_KVM_TSS		0xfffbd000
#define LAYOUT_KVM_SIZE		0x00004000

/* Read-only: ACPI tables from the start on, the reset vector at the end. */
#define LAYOUT_ROM		0x000e0000
#define LAYOUT_ROM_SIZE		0x00020000
#define LAYOUT_RESET_VECTOR	0x000ffff0
#define LAYOUT_RESET_VECTOR_SIZE 0x10

/* Firmware: ends at 4 GiB; its last part is seen below 1 MiB too. */
#define LAYOUT_BIOS_UNIT	0x00010000
#define LAYOUT_BIOS_MAX		0x00040000
#define LAYOUT_ISA_BIOS_END	0x00100000
#define LAYOUT_ISA_BIOS_MAX	0x00020000

/* I/O ports. */
#define LAYOUT_COM1		0x3f8
#define LAYOUT_COM1_IRQ		4
#define LAYOUT_COM2		0x2f8
#define LAYOUT_COM2_IRQ		3
#define LAYOUT_PCI_ADDRESS	0xcf8
#define LAYOUT_PCI_DATA		0xcfc
#define LAYOUT_KEYBOARD		0x64
#define LAYOUT_CMOS		0x70	/* index, then data */
#define LAYOUT_DEBUGCON		0x402
#define LAYOUT_ACPI_SLEEP	0x600	/* control, then status: a byte each */
#define LAYOUT_S5_TYPE		5
#define LAYOUT_RESET		0x604
#define LAYOUT_RESET_VALUE	0x01

#define LAYOUT_CPUS_MAX		8
#define LAYOUT_RAM_MAX		0x1000000000

#endif /* VMM_LAYOUT_H */
