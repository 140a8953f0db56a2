/* SPDX-License-Identifier: GPL-2.0-only */
/* How backends come to their memory; for the files of this folder. */
#ifndef VMM_HOSTMEM_BACKEND_H
#define VMM_HOSTMEM_BACKEND_H

#include "hostmem/hostmem.h"
#include "hostmem/region.h"
#include "memory/ram.h"
#include "props.h"

/* What an -object says of its pages. */
struct backend_policy {
	unsigned int ram_policy;	/* RAM_POLICY_* to set */
	bool prealloc;
	unsigned int threads;		/* of prealloc */
	enum ram_numa_policy numa;
	uint64_t nodes;			/* a bit each */
};

/* What an -object says, checked for form. */
struct backend_spec {
	const char *driver;		/* "memory-backend-file", for messages */
	const char *id;
	const char *path, *shm;		/* NULL: not said */
	uint64_t size;			/* bytes */
	uint64_t offset;		/* in the file, bytes */
	bool share, readonly;
	struct backend_policy policy;
};

/* kinds.c: which drivers there are, which properties they have, and what each of them does. */
int backend_spec_parse(struct backend_spec *spec, const struct props *o, struct error *err);
int backend_check(const struct backend_spec *spec, struct error *err);
int backend_open(struct hostmem_backend *b, struct memory *mem, const struct backend_spec *spec,
		 struct error *err);

/* policy.c: the properties that all kinds have; what they say is done once the memory is there. */
extern const char *const backend_policy_keys[];	/* ends with NULL */
int backend_policy_parse(struct backend_policy *p, const struct props *o, struct error *err);
int backend_policy_apply(struct hostmem_backend *b, const struct backend_spec *spec,
			 struct error *err);

/*
 * file.c: the ordinary file at spec->path, made if it is missing. Return: the descriptor or -errno.
 * backend_file_check() makes nothing, but tells whether it may be made if it is missing.
 */
int backend_file_check(const struct backend_spec *spec, struct error *err);
int backend_file_open(const struct backend_spec *spec, struct error *err);

/*
 * shm.c: the region @name in @b->mr. @what begins the messages. Return: as hostmem_add().
 */
int backend_region_open(struct hostmem_backend *b, struct memory *mem, const char *what,
			const char *name, uint64_t size, bool readonly, struct error *err);

#endif /* VMM_HOSTMEM_BACKEND_H */
