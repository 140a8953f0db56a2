/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that devices show to a guest: the -object memory-backend-* of the command line, and
 * regions of ivshmem_host.ko that a device names itself. One device at a time has a backend.
 */
#ifndef VMM_HOSTMEM_HOSTMEM_H
#define VMM_HOSTMEM_HOSTMEM_H

#include <linux/ivshmem_host.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"
#include "memory/memory.h"
#include "props.h"

struct hostmem_backend {
	TAILQ_ENTRY(hostmem_backend) link;
	char *id;			/* of -object; NULL: made for one device, and
					 * ends with it */
	const char *user;		/* the device that has it; NULL: free */
	bool readonly;			/* neither we nor a guest can write */
	int region_fd;			/* open as long as its memory is in use, so that the host
					 * module counts us among its users; -1: no region */
	char region[IVSHMEM_NAME_SIZE];	/* its name */
	uint32_t max_peers;		/* that it may have; ids of peers are below */
	struct memory_region mr;	/* the memory */
};

/* All backends of a machine. Main thread only. */
struct hostmem {
	struct memory *mem;
	TAILQ_HEAD(, hostmem_backend) backends;
};

void hostmem_init(struct hostmem *h, struct memory *mem);
/* All devices have given back theirs; also for an @h that is all zero. */
void hostmem_fini(struct hostmem *h);

/**
 * hostmem_check() - is an -object well-formed, and its file there or one that may be made?
 *
 * Opens and makes nothing. Return: 0, or -errno with @err filled.
 */
int hostmem_check(const struct props *o, struct error *err);

/**
 * hostmem_add() - make the backend that an -object describes
 *
 * Ids differ: options_parse() sees to it.
 *
 * Return: 0; -EINVAL for what the command line has wrong (a path that is no region, a size that
 * differs from the region's or file's), or -errno; @err filled.
 */
int hostmem_add(struct hostmem *h, const struct props *o, struct error *err);

/**
 * hostmem_get() - take the backend of -object …,id=@id for a device
 * @user: the device, for messages; outlives its use
 *
 * Return: 0, or -EINVAL if there is none or another device has it; @err filled.
 */
int hostmem_get(struct hostmem *h, const char *id, const char *user,
		struct hostmem_backend **out, struct error *err);

/**
 * hostmem_get_region() - open /dev/ivshmem/@name for a device, and create it first if need be
 * @size: bytes; an existing region must have that size
 *
 * Return: as hostmem_add().
 */
int hostmem_get_region(struct hostmem *h, const char *name, uint64_t size, const char *user,
		       struct hostmem_backend **out, struct error *err);

/* The device is done with it: another may take it. */
void hostmem_put(struct hostmem *h, struct hostmem_backend *b);

#endif /* VMM_HOSTMEM_HOSTMEM_H */
