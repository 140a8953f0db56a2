/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux's 64-bit boot protocol (Documentation/arch/x86/boot.rst): a bzImage, an initrd and a
 * command line are put into RAM, and the first vCPU starts where the kernel begins.
 */
#ifndef VMM_BOOT_BOOT_H
#define VMM_BOOT_BOOT_H

#include <stdint.h>

#include "error.h"
#include "kvm/entry.h"

struct boot_config {
	const char *kernel, *initrd, *append;	/* the last two may be NULL */
	uint8_t *ram;		/* host's address of guest-physical 0 */
	uint64_t ram_low;	/* bytes from 0 on, at most LAYOUT_LOW_RAM_END */
	uint64_t ram_high;	/* bytes from LAYOUT_HIGH_RAM on */
};

/**
 * boot_load() - fill RAM
 * @entry: filled
 *
 * Return: 0, or -errno with @err filled: it names the file and what is wrong with it.
 */
int boot_load(const struct boot_config *config, struct vcpu_entry *entry, struct error *err);

#endif /* VMM_BOOT_BOOT_H */
