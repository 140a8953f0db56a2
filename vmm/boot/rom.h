/* SPDX-License-Identifier: GPL-2.0-only */
/* The read-only memory below 1 MiB: ACPI tables, and what little there is of a firmware. */
#ifndef VMM_BOOT_ROM_H
#define VMM_BOOT_ROM_H

/**
 * rom_build() - fill the ROM of a machine
 * @rom: LAYOUT_ROM_SIZE bytes, zero, that a guest sees at LAYOUT_ROM
 * @nr_cpus: 1 to LAYOUT_CPUS_MAX
 */
void rom_build(void *rom, unsigned int nr_cpus);

#endif /* VMM_BOOT_ROM_H */
