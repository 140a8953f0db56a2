/* SPDX-License-Identifier: GPL-2.0-only */
/* What -device ivshmem… says, for ivshmem.c only. */
#ifndef VMM_HW_IVSHMEM_OPTIONS_H
#define VMM_HW_IVSHMEM_OPTIONS_H

#include "hw/ivshmem.h"
#include "props.h"

struct ivshmem_options {
	const char *driver;		/* as given, for messages */
	const char *id;			/* NULL: none */
	const char *memdev;		/* a backend's id; NULL: shm and size say which region */
	const char *shm;
	uint64_t size;			/* bytes */
	unsigned int vectors;		/* 0: the plain device, which is nobody's peer */
	unsigned int peer;		/* the id that is wanted, or IVSHMEM_PEER_ANY */
};

int ivshmem_options_parse(struct ivshmem_options *opts, const struct props *o,
			  struct error *err);

/*
 * The memory that the options name, taken for the device; of a size that a BAR can have, and a
 * region if there are vectors.
 */
int ivshmem_backend_get(const struct ivshmem_options *opts, struct hostmem *hostmem,
			struct hostmem_backend **out, struct error *err);

#endif /* VMM_HW_IVSHMEM_OPTIONS_H */
