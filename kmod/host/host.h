/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module keeps while it is loaded, and the functions its files lend each other. */
#ifndef IVSHMEM_HOST_INTERNAL_H
#define IVSHMEM_HOST_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include <linux/ivshmem_host.h>

#include "members.h"

struct vfsmount;

/**
 * struct host - the module, from its loading to its removal
 * @control: /dev/ivshmem/control
 * @class: ivshmem_region
 * @mnt: the private tmpfs mount that the pages of all regions live in
 * @devt: the first device number of all regions
 * @minors: which of them are taken
 * @limits: of regions that are created without
 * @refusals: limits the log lines about refused requests
 * @lock: serializes creation, destruction and listing; guards the fields below
 * @regions: named regions by id
 * @last_id: the id handed out last
 */
struct host {
	struct miscdevice control;
	struct class class;
	struct vfsmount *mnt;
	dev_t devt;
	struct ida minors;
	struct limits limits;
	struct ratelimit_state refusals;

	struct mutex lock;
	struct xarray regions;
	unsigned long last_id;
};

/**
 * struct region - pages with a name; lives until it is destroyed and its last file is closed
 * @dev: holds the one reference count of all this
 * @cdev: its parent is @dev, so that open files hold the region
 * @pages: the shmem file; mappings hold it, not the region
 * @name: unique among named regions
 * @id: unique since the module was loaded
 * @size: bytes, never changes
 * @uid: owner of the device node at creation
 * @gid: its group at creation
 * @mode: its permission bits at creation
 * @users: open files
 * @members: who joined
 */
struct region {
	struct device dev;
	struct cdev cdev;
	struct file *pages;
	char name[IVSHMEM_NAME_SIZE];
	unsigned long id;
	u64 size;
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
	atomic_t users;
	struct members members;
};

/**
 * struct region_spec - a region as somebody wants it
 * @name: at most IVSHMEM_NAME_SIZE bytes with its NUL
 * @size: bytes
 * @uid: owner
 * @gid: group
 * @mode: permission bits
 * @limits: of its memberships; 0 for the module's
 */
struct region_spec {
	const char *name;
	u64 size;
	kuid_t uid;
	kgid_t gid;
	u32 mode;
	struct limits limits;
};

/* main.c */
__printf(3, 4) int host_refuse(struct host *host, const char *name, const char *fmt, ...);

/* control.c */
int control_register(struct host *host);
void control_unregister(struct host *host);

/* region.c */
int regions_init(struct host *host);
void regions_fini(struct host *host);
int region_spec_check(struct host *host, const struct region_spec *spec);
int region_create(struct host *host, const struct region_spec *spec);
int region_destroy(struct host *host, const char *name);
int region_next(struct host *host, struct ivshmem_region_info *info);
void region_info(struct region *region, struct ivshmem_region_info *info);

/* file.c */
extern const struct file_operations region_fops;

/* pages.c */
struct vfsmount *pages_mount(void);
struct file *pages_create(struct vfsmount *mnt, const char *name, u64 size);
struct file *pages_open(struct file *pages, int flags);
u64 pages_allocated(struct file *pages);
u64 pages_huge(struct file *pages);

/* name.c */
const char *name_fault(const char *name);
bool name_padded(const char name[IVSHMEM_NAME_SIZE]);

/* sysfs.c */
extern const struct attribute_group *region_groups[];

/* params.c */
struct params;
int params_limits(struct limits *limits);
struct params *params_parse(struct host *host);
void params_create_regions(struct host *host, const struct params *params);

static inline struct region *region_of_dev(const struct device *dev)
{
	return container_of(dev, struct region, dev);
}

#endif /* IVSHMEM_HOST_INTERNAL_H */
