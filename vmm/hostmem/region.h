/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions of ivshmem_host.ko from user space: /dev/ivshmem/control and /dev/ivshmem/NAME. What is
 * opened is known to be a region: a plain file in its place, a module that is not loaded and a
 * permission that is missing are told apart, each with its fix.
 */
#ifndef VMM_HOSTMEM_REGION_H
#define VMM_HOSTMEM_REGION_H

#include <linux/ivshmem_host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define REGION_DIR	"/dev/ivshmem"

/* Why a region does not know an ioctl. */
#define REGION_MODULE_OLD	"the module ivshmem_host that is loaded is older than this " \
				"program: load the new one"

struct region {
	int fd;				/* of /dev/ivshmem/NAME */
	bool readonly;			/* opened for reading only */
	struct ivshmem_region_info info;
};

/* What region_create() makes; uid and gid may be IVSHMEM_ID_CALLER. */
struct region_spec {
	const char *name;
	uint64_t size;			/* bytes */
	uint32_t uid, gid;
	uint32_t mode;
	uint32_t max_peers, max_vectors;	/* 0: the module's default; so for all three */
	uint32_t max_user_kb;		/* kernel memory of one user's memberships, KiB */
};

/**
 * region_name_check() - may a region have this name?
 *
 * Return: 0, or -EINVAL with @err naming it and the rule.
 */
int region_name_check(const char *name, struct error *err);

/**
 * region_size_check() - may a region be of @size bytes, as far as its form goes?
 *
 * Return: 0, or -EINVAL with @err naming it and the rule.
 */
int region_size_check(uint64_t size, struct error *err);

/**
 * region_open() - open a region, for writing if this user may
 * @r: filled; region_close() closes it
 * @readonly: for reading only, whatever the user may
 *
 * A region that this user may only read is opened for reading, and r->readonly says so.
 *
 * Return: 0; -ENOENT no such region, the module is loaded; -EINVAL a bad name, no module, or
 * something else at /dev/ivshmem/NAME; -EACCES; @err filled.
 */
int region_open(struct region *r, const char *name, bool readonly, struct error *err);
void region_close(struct region *r);

/**
 * region_file() - the pages of an open region as a plain file, which has a size
 * @name: for messages
 *
 * Return: a descriptor, open for what the region is open for, or -errno with @err filled.
 */
int region_file(const struct region *r, const char *name, struct error *err);

/**
 * region_create() - make a region
 *
 * Return: 0; -EEXIST the name is taken, or its path by something else; -EINVAL a bad name or size,
 * or no module; -EACCES or -EPERM this user may not; -ENOSPC; @err filled.
 */
int region_create(const struct region_spec *spec, struct error *err);

/**
 * region_destroy() - free the name of a region; who uses it keeps its pages
 *
 * Return: 0; -ENOENT no such region; -EINVAL a bad name, or no module; -EACCES or -EPERM this user
 * may not; @err filled.
 */
int region_destroy(const char *name, struct error *err);

/**
 * region_list() - describe every region that has a name, in the order of their making
 * @list: allocated, for free(); NULL where there is none
 * @count: entries of it
 *
 * Return: 0; -EINVAL no module; -EACCES; -ENOMEM; @err filled.
 */
int region_list(struct ivshmem_region_info **list, size_t *count, struct error *err);

/* Is ivshmem_host.ko loaded, as far as its control device tells? */
bool region_module_loaded(void);

#endif /* VMM_HOSTMEM_REGION_H */
