/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eventfds at the register Doorbell. What goes and what comes is gathered, and becomes one change
 * of the memory model. What could not be changed for want of memory stays gathered. Their
 * descriptors are kept here, and closed when KVM has forgotten them. The main thread's.
 */
#ifndef VMM_HW_IVSHMEM_BELLS_H
#define VMM_HW_IVSHMEM_BELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/memory.h"

/* A peer's vector; its address must not change. */
struct bell {
	int fd;				/* -1: stores to it come to us */
	int coming;			/* where in @add; -1: attached */
};

struct eventfds {
	struct memory_eventfd *v;
	unsigned int nr;
};

/* Embedded; with @regs alone it has none. */
struct bells {
	struct memory_region *regs;	/* with the register */
	bool unsettled;			/* the last change may not have reached KVM */

	/* each has room for @open, the descriptors that are not closed */
	unsigned int open, room;
	struct eventfds del, add;	/* of the next change */
	struct bell **adding;		/* whose @add is */
	int *unused;			/* detached, and to be closed when KVM knows */
	unsigned int nr_unused;
};

/* A store to Doorbell that means a peer's vector, and the eventfd that is to take it. */
struct memory_eventfd bell_eventfd(uint32_t peer, unsigned int vector, int fd);

/* Room for one more descriptor, wherever it gets to in its life. 0 or -ENOMEM. */
int bells_reserve(struct bells *b);
/* @bell has none, and there is room. @fd is ours from now on. */
void bells_attach(struct bells *b, struct bell *bell, uint32_t peer, unsigned int vector, int fd);
/* Nothing if it has none. */
void bells_detach(struct bells *b, struct bell *bell, uint32_t peer, unsigned int vector);

/*
 * Carry out what was gathered. 0, or -errno: some of it is not done, rings the same by way of the
 * device, and is tried again with the next call.
 */
int bells_commit(struct bells *b);

/* @regs is gone, and so is KVM's interest; the descriptors of bells are closed by who has them. */
void bells_fini(struct bells *b);

#endif /* VMM_HW_IVSHMEM_BELLS_H */
