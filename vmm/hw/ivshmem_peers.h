/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The peers of a device's region: who they are, and an eventfd at the register Doorbell for each of
 * their vectors, so that a guest's store raises it without us. What could not be attached (no
 * descriptor left, KVM refuses) rings the same by way of ivshmem_peers_ring().
 */
#ifndef VMM_HW_IVSHMEM_PEERS_H
#define VMM_HW_IVSHMEM_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "io/loop.h"
#include "memory/memory.h"

struct ivshmem_peers;

struct ivshmem_peers_config {
	struct loop *loop;
	struct memory_region *regs;	/* with the register Doorbell */
	int region_fd;			/* not needed after the join */
	const char *region;		/* its name, for messages */
	uint32_t max_peers;
	bool readonly;			/* nobody but oneself can be rung */
	const int *fds;			/* an eventfd for each of one's own vectors */
	unsigned int vectors;
	/* oneself too; main thread, or whoever joins */
	void (*changed)(void *opaque, uint32_t peer, bool joined);
	/* after each call or some of them */
	void (*settled)(void *opaque);
	void *opaque;
};

/*
 * Descriptors of eventfds have numbers below this, as the limit is now: the last ones are for all
 * else, the monitor's clients, say. 0: none is left for eventfds.
 */
int ivshmem_peers_fds_end(void);

/* Nobody's peer yet. @config is copied; what it points to outlives it. 0 or -errno. */
int ivshmem_peers_create(struct ivshmem_peers **out, const struct ivshmem_peers_config *config);

/**
 * ivshmem_peers_join() - become a peer; once
 * @wanted: the id, or IVSHMEM_PEER_ANY
 *
 * Who is there already is known when this returns, unless they are so many, or come and go so
 * fast, that it would take long: then the loop does the rest. No vCPU runs.
 *
 * Return: as membership_join().
 */
int ivshmem_peers_join(struct ivshmem_peers *p, uint32_t wanted, struct error *err);

/* Leave. No vCPU runs, and the region of the registers is gone. */
void ivshmem_peers_destroy(struct ivshmem_peers *p);

/* One's own id; 0 before the join. */
uint32_t ivshmem_peers_self(const struct ivshmem_peers *p);

/*
 * Raise one of one's own vectors, after the join. Not by its eventfd: peers have that, too, and can
 * make it full and blocking.
 */
void ivshmem_peers_raise(const struct ivshmem_peers *p, unsigned int vector);

/*
 * A store to Doorbell that no eventfd took: the kernel finds out whom it means, if anybody. Any
 * thread.
 */
void ivshmem_peers_ring(const struct ivshmem_peers *p, uint32_t value);

#endif /* VMM_HW_IVSHMEM_PEERS_H */
