// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: created, found, destroyed, described. A region is a device; its pages are pages.c's,
 * what a process does with an open one is file.c's.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "host.h"
#include "trace.h"

#define REGION_MINORS	(MINORMASK + 1)

static char *region_devnode(DEVNODE_CONST struct device *dev, umode_t *mode, kuid_t *uid,
			    kgid_t *gid)
{
	struct region *region = region_of_dev(dev);

	/*
	 * Without them it is the name alone that is asked for; a mode of 0 would be taken for none.
	 */
	if (mode)
		*mode = S_IFCHR | region->mode;
	if (uid)
		*uid = region->uid;
	if (gid)
		*gid = region->gid;
	return kasprintf(GFP_KERNEL, "ivshmem/%s", region->name);
}

static void region_release(struct device *dev)
{
	struct region *region = region_of_dev(dev);

	members_fini(&region->members);
	fput(region->pages);
	kfree(region);
}

static const struct device_type region_type = {
	.name = "ivshmem_region",
	.groups = region_groups,
	.devnode = region_devnode,
	.release = region_release,
};

/**
 * regions_init() - make ready for regions
 * @host: zeroed but for its mount and lock
 *
 * Return: 0 or a negative errno.
 */
int regions_init(struct host *host)
{
	int err;

	xa_init(&host->regions);
	ida_init(&host->minors);
	host->class.name = "ivshmem_region";
	err = class_register(&host->class);
	if (err)
		return err;
	err = alloc_chrdev_region(&host->devt, 0, REGION_MINORS, "ivshmem");
	if (err)
		class_unregister(&host->class);
	return err;
}

static struct region *region_find(struct host *host, const char *name)
{
	struct region *region;
	unsigned long id;

	lockdep_assert_held(&host->lock);
	xa_for_each(&host->regions, id, region)
		if (!strcmp(region->name, name))
			return region;
	return NULL;
}

/**
 * region_spec_check() - can there be such a region?
 * @host: limits how often the kernel log says why not
 * @spec: all but the owner is looked at
 *
 * Return: 0, -EINVAL with a line in the kernel log, -ENOSPC for more than a file can have.
 */
int region_spec_check(struct host *host, const struct region_spec *spec)
{
	const char *fault = name_fault(spec->name);

	if (fault)
		return host_refuse(host, spec->name, "%s", fault);
	if (spec->size < IVSHMEM_SIZE_MIN || !is_power_of_2(spec->size))
		return host_refuse(host, spec->name, "size %llu is not a power of two from %u on",
				   spec->size, IVSHMEM_SIZE_MIN);
	if (spec->size < PAGE_SIZE)
		return host_refuse(host, spec->name, "size %llu is less than a page of %lu",
				   spec->size, PAGE_SIZE);
	if (spec->mode & ~0777)
		return host_refuse(host, spec->name, "mode %#o is not of 0777", spec->mode);
	if (spec->limits.peers > IVSHMEM_PEERS_MAX)
		return host_refuse(host, spec->name, "%u peers are more than %u",
				   spec->limits.peers, IVSHMEM_PEERS_MAX);
	if (spec->limits.vectors > IVSHMEM_VECTORS_MAX)
		return host_refuse(host, spec->name, "%u vectors are more than %u",
				   spec->limits.vectors, IVSHMEM_VECTORS_MAX);
	return spec->size > MAX_LFS_FILESIZE ? -ENOSPC : 0;
}

static struct file *region_pages(struct host *host, const struct region_spec *spec)
{
	char name[sizeof("ivshmem/") + IVSHMEM_NAME_SIZE];

	snprintf(name, sizeof(name), "ivshmem/%s", spec->name);
	return pages_create(host->mnt, name, spec->size);
}

static struct limits region_limits(const struct host *host, const struct limits *wanted)
{
	return (struct limits){
		.peers = wanted->peers ?: host->limits.peers,
		.vectors = wanted->vectors ?: host->limits.vectors,
		.user_kb = wanted->user_kb ?: host->limits.user_kb,
	};
}

/* A region with its pages and a reference of its own, which no one else knows yet. */
static struct region *region_alloc(struct host *host, const struct region_spec *spec)
{
	struct region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	struct limits limits = region_limits(host, &spec->limits);
	struct file *pages;

	if (!region)
		return ERR_PTR(-ENOMEM);
	pages = region_pages(host, spec);
	if (IS_ERR(pages)) {
		kfree(region);
		return ERR_CAST(pages);
	}
	region->pages = pages;
	region->size = spec->size;
	region->uid = spec->uid;
	region->gid = spec->gid;
	region->mode = spec->mode;
	strscpy(region->name, spec->name, sizeof(region->name));
	members_init(&region->members, &limits);
	device_initialize(&region->dev);
	region->dev.class = &host->class;
	region->dev.type = &region_type;
	cdev_init(&region->cdev, &region_fops);
	region->cdev.owner = THIS_MODULE;
	return region;
}

/* With the device node, anybody may open the region: the last step of its making. */
static int region_publish(struct host *host, struct region *region, int minor)
{
	int err;

	region->dev.devt = MKDEV(MAJOR(host->devt), minor);
	err = dev_set_name(&region->dev, "%s", region->name);
	if (err)
		return err;
	region->id = ++host->last_id;
	err = xa_insert(&host->regions, region->id, region, GFP_KERNEL);
	if (err)
		return err;
	err = cdev_device_add(&region->cdev, &region->dev);
	if (err)
		xa_erase(&host->regions, region->id);
	return err;
}

static int region_add(struct host *host, struct region *region)
{
	int minor = ida_alloc_max(&host->minors, REGION_MINORS - 1, GFP_KERNEL);
	int err;

	if (minor < 0)
		return minor;
	err = region_publish(host, region, minor);
	if (err)
		ida_free(&host->minors, minor);
	return err;
}

static int region_create_locked(struct host *host, const struct region_spec *spec)
{
	struct region *region;
	int err;

	if (region_find(host, spec->name))
		return -EEXIST;
	region = region_alloc(host, spec);
	if (IS_ERR(region))
		return PTR_ERR(region);
	err = region_add(host, region);
	if (err) {
		put_device(&region->dev);
		return err;
	}
	trace_ivshmem_region_create(region);
	return 0;
}

/**
 * region_create() - make a region of zero pages, with its device node
 * @host: takes host->lock
 * @spec: checked here, but for whether the caller may give away to that owner and group
 *
 * Return: 0; -EINVAL with a line in the kernel log, -EEXIST, -ENOSPC, -ENOMEM.
 */
int region_create(struct host *host, const struct region_spec *spec)
{
	int err = region_spec_check(host, spec);

	if (err)
		return err;
	mutex_lock(&host->lock);
	err = region_create_locked(host, spec);
	mutex_unlock(&host->lock);
	return err;
}

/* Takes name, device node and number away; who has the region open or mapped keeps its pages. */
static void region_unname(struct host *host, struct region *region)
{
	lockdep_assert_held(&host->lock);
	trace_ivshmem_region_destroy(region);
	xa_erase(&host->regions, region->id);
	cdev_device_del(&region->cdev, &region->dev);
	ida_free(&host->minors, MINOR(region->dev.devt));
	put_device(&region->dev);
}

static int region_destroy_locked(struct host *host, const char *name)
{
	struct region *region = region_find(host, name);

	if (!region)
		return -ENOENT;
	if (!uid_eq(region->uid, current_fsuid()) && !capable(CAP_FOWNER))
		return -EPERM;
	region_unname(host, region);
	return 0;
}

/**
 * region_destroy() - free the name of a region at once, and its pages with their last user
 * @host: takes host->lock
 * @name: of a region
 *
 * Return: 0, -ENOENT, or -EPERM for whom is neither its owner nor has CAP_FOWNER.
 */
int region_destroy(struct host *host, const char *name)
{
	int err;

	mutex_lock(&host->lock);
	err = region_destroy_locked(host, name);
	mutex_unlock(&host->lock);
	return err;
}

/* Only when no region is open: open files hold the module. */
void regions_fini(struct host *host)
{
	struct region *region;
	unsigned long id;

	mutex_lock(&host->lock);
	xa_for_each(&host->regions, id, region)
		region_unname(host, region);
	mutex_unlock(&host->lock);
	unregister_chrdev_region(host->devt, REGION_MINORS);
	class_unregister(&host->class);
	ida_destroy(&host->minors);
	xa_destroy(&host->regions);
}

/**
 * region_info() - describe a region
 * @region: kept by an open file or a reference to its device
 * @info: all of it is written
 */
void region_info(struct region *region, struct ivshmem_region_info *info)
{
	*info = (struct ivshmem_region_info){
		.id = region->id,
		.size = region->size,
		.huge = pages_huge(region->pages),
		.allocated = pages_allocated(region->pages),
		.users = atomic_read(&region->users),
		.abi = IVSHMEM_HOST_ABI,
		.uid = from_kuid_munged(current_user_ns(), region->uid),
		.gid = from_kgid_munged(current_user_ns(), region->gid),
		.mode = region->mode,
		.peers = READ_ONCE(region->members.living),
		.max_peers = region->members.limits.peers,
		.max_vectors = region->members.limits.vectors,
		.max_user_kb = region->members.limits.user_kb,
	};
	strscpy_pad(info->name, region->name, sizeof(info->name));
}

/* The named region with the smallest id from @id on, with a reference for put_device(). */
static struct region *region_get_from(struct host *host, unsigned long id)
{
	struct region *region;

	mutex_lock(&host->lock);
	region = xa_find(&host->regions, &id, ULONG_MAX, XA_PRESENT);
	if (region)
		get_device(&region->dev);
	mutex_unlock(&host->lock);
	return region;
}

/**
 * region_next() - describe the named region with the smallest id above that in @info
 * @host: takes host->lock
 * @info: its id in, all of it out
 *
 * Return: 0, or -ENOENT when there is none.
 */
int region_next(struct host *host, struct ivshmem_region_info *info)
{
	struct region *region;

	if (info->id >= ULONG_MAX)
		return -ENOENT;
	region = region_get_from(host, info->id + 1);
	if (!region)
		return -ENOENT;
	region_info(region, info);
	put_device(&region->dev);
	return 0;
}
