/* SPDX-License-Identifier: GPL-2.0-only */
/* Bounce buffers of an address space: made by address_space_map() as they are wanted. */
#ifndef VMM_MEMORY_BOUNCE_H
#define VMM_MEMORY_BOUNCE_H

#include "memory/memory.h"

/* For address_space_fini(): all that was mapped has been given back, and nobody waits. */
void address_space_bounce_fini(struct address_space *as);

#endif /* VMM_MEMORY_BOUNCE_H */
