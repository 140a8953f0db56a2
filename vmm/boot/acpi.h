/* SPDX-License-Identifier: GPL-2.0-only */
/* The ACPI tables: compiled from ASL at build time, linked together and adjusted here. */
#ifndef VMM_BOOT_ACPI_H
#define VMM_BOOT_ACPI_H

/**
 * acpi_build() - lay out all tables for a machine
 * @out: LAYOUT_ROM_SIZE bytes, zero, that a guest sees at LAYOUT_ROM; the RSDP comes first, and the
 *	last LAYOUT_RESET_VECTOR_SIZE bytes stay free
 * @nr_cpus: 1 to LAYOUT_CPUS_MAX
 */
void acpi_build(void *out, unsigned int nr_cpus);

#endif /* VMM_BOOT_ACPI_H */
