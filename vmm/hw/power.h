/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a guest ends itself: ACPI's sleep registers (S5), ACPI's reset register and the reset command
 * of a keyboard controller. Which one it was is told to the machine.
 */
#ifndef VMM_HW_POWER_H
#define VMM_HW_POWER_H

#include "memory/memory.h"

enum power_event {
	POWER_OFF,
	POWER_RESET,
};

struct power {
	struct memory_region *io;	/* the container that the ports are in */
	struct memory_region sleep, reset, keyboard;
	void (*event)(void *opaque, enum power_event event);	/* in the vCPU's thread */
	void *opaque;
};

/* p->event and p->opaque are filled in by the caller. 0, or -errno with nothing left behind. */
int power_init(struct power *p, struct memory *mem, struct memory_region *io);
void power_fini(struct power *p);

#endif /* VMM_HW_POWER_H */
