// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ROM. Linux, told of a machine without legacy hardware, thinks that EFI is to reboot it, finds
 * none and goes on in real mode at the processor's reset vector: the code there asks for the reset.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/rom.h"
#include "layout.h"

static const uint8_t rom_reset_code[] = {
	0xb0, LAYOUT_RESET_VALUE,				/* mov $LAYOUT_RESET_VALUE, %al */
	0xba, LAYOUT_RESET & 0xff, LAYOUT_RESET >> 8,		/* mov $LAYOUT_RESET, %dx */
	0xee,							/* out %al, %dx */
	0xfa,							/* cli */
	0xf4,							/* 1: hlt */
	0xeb, 0xfd,						/* jmp 1b */
};

static_assert(LAYOUT_RESET_VECTOR + LAYOUT_RESET_VECTOR_SIZE == LAYOUT_ROM + LAYOUT_ROM_SIZE,
	      "the vector is at the end");
static_assert(sizeof(rom_reset_code) <= LAYOUT_RESET_VECTOR_SIZE, "the code fits");

void rom_build(void *rom, unsigned int nr_cpus)
{
	acpi_build(rom, nr_cpus);
	memcpy((uint8_t *)rom + (LAYOUT_RESET_VECTOR - LAYOUT_ROM), rom_reset_code,
	       sizeof(rom_reset_code));
}
