/* SPDX-License-Identifier: GPL-2.0-only */
/* The port that firmware prints its log to: bytes written go out, a read tells that it is there. */
#ifndef VMM_HW_DEBUGCON_H
#define VMM_HW_DEBUGCON_H

#include "io/chardev.h"
#include "memory/memory.h"

struct debugcon {
	struct memory_region mr;
	struct chardev *chardev;	/* the caller's */
};

/* d->chardev is filled in by the caller. 0, or -errno with nothing left behind. */
int debugcon_init(struct debugcon *d, struct memory *mem, struct memory_region *io);
void debugcon_fini(struct debugcon *d);

#endif /* VMM_HW_DEBUGCON_H */
