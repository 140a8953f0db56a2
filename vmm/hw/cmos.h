/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The battery-backed memory of a PC and the clock in it, at ports 0x70 and 0x71: how firmware
 * learns how much RAM and how many CPUs there are, and what time it is. The time is that of the
 * host, in UTC, and can't be set; there are no alarms and no interrupts.
 */
#ifndef VMM_HW_CMOS_H
#define VMM_HW_CMOS_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "memory/memory.h"
#include "state.h"

#define CMOS_SIZE	128

struct cmos_config {
	uint64_t ram_low;		/* bytes from 0 on */
	uint64_t ram_high;		/* bytes from 4 GiB on */
	unsigned int nr_cpus;
	time_t (*now)(void);		/* seconds since 1970 */
};

struct cmos {
	struct memory_region mr;
	time_t (*now)(void);
	pthread_mutex_t lock;		/* guards what follows */
	uint8_t index;
	uint8_t bytes[CMOS_SIZE];
};

/* @config is copied. 0, or -errno with nothing left behind. */
int cmos_init(struct cmos *c, struct memory *mem, struct memory_region *io,
	      const struct cmos_config *config);
void cmos_fini(struct cmos *c);

/* Its memory, as a part of @states; no vCPU runs. The time is the host's, there as here. */
void cmos_save(struct cmos *c, struct state_set *states);
int cmos_load(struct cmos *c, struct state_set *states, struct error *err);

#endif /* VMM_HW_CMOS_H */
