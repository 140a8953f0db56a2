/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells of a place: a device of the guest driver, or a region where one has joined. Always
 * vector 0, which every peer that can be rung has.
 */
#ifndef TESTS_BENCH_TOOL_BELL_H
#define TESTS_BENCH_TOOL_BELL_H

#include <linux/ivshmem.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "hostmem/membership.h"
#include "job.h"

#define BELL_WAIT_NS	100000000	/* a wait's end, so that one looks around */

struct bell;

struct bell_ops {
	int (*ring)(struct bell *b);	/* by an ioctl */
	int (*wait)(struct bell *b);	/* by an ioctl, or a blocking read() */
};

/**
 * struct bell - own ones to hear, and the peer's to ring
 * @ops: NULL: the place has none
 * @device: of the guest driver
 * @membership: of a region
 * @event: eventfd that own doorbells raise, -1 where none is needed
 * @registers: mapped, NULL: not
 * @registers_size: bytes of them
 * @own: id
 * @peer: whom to ring
 * @how: of enum job_ring
 * @hear: of enum job_hear
 * @rings: how often it was rung
 */
struct bell {
	const struct bell_ops *ops;
	int device;
	struct membership membership;
	int event;
	volatile uint32_t *registers;
	uint64_t registers_size;
	uint32_t own;
	uint32_t peer;
	enum job_ring how;
	enum job_hear hear;
	uint64_t rings;
};

/* Of a device; one that has no interrupts has no bell. 0 or -errno. */
int bell_init_device(struct bell *b, int fd, const struct ivshmem_info *info, struct error *err);

/* Joins the region @name as a peer of one vector. 0 or -errno. */
int bell_init_region(struct bell *b, int fd, const char *name, struct error *err);
void bell_fini(struct bell *b);

/* How to ring and hear from now on. 0, or -EOPNOTSUPP if the place can't. */
int bell_use(struct bell *b, enum job_ring how, enum job_hear hear);

/* 0, or -errno; a peer that is not there is not rung, and that is no error. */
int bell_ring(struct bell *b);

/* 0: rung, maybe before; -ETIMEDOUT after BELL_WAIT_NS; or another -errno. */
int bell_hear(struct bell *b);

/* Reads what is told of peers, which is of no interest, but holds their ids until it was read. */
void bell_news_drop(struct bell *b);

#endif /* TESTS_BENCH_TOOL_BELL_H */
