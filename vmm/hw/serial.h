/* SPDX-License-Identifier: GPL-2.0-only */
/* A 16550A UART at eight I/O ports, with its interrupt line and a chardev at the other end. */
#ifndef VMM_HW_SERIAL_H
#define VMM_HW_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "io/chardev.h"
#include "memory/memory.h"
#include "state.h"

struct serial;

/* What a port is wired to. */
struct serial_config {
	const char *name;		/* of its region: "com1" */
	uint16_t port;			/* first of eight I/O ports */
	struct memory_region *io;	/* the container that the ports go into */
	struct chardev *chardev;	/* stays the caller's */
	void (*set_irq)(void *opaque, bool level);	/* any thread */
	void *opaque;
};

/**
 * serial_create() - make a port and map its registers
 * @config: copied
 *
 * Return: 0, or -errno with nothing left behind.
 */
int serial_create(struct serial **out, struct memory *mem, const struct serial_config *config);
void serial_destroy(struct serial *s);

/* Its registers and what it has received, as part @instance of @states; no vCPU runs. */
void serial_save(struct serial *s, struct state_set *states, uint32_t instance);
/* 0, or -errno with @err filled. The interrupt controllers have their state already. */
int serial_load(struct serial *s, struct state_set *states, uint32_t instance, struct error *err);

#endif /* VMM_HW_SERIAL_H */
