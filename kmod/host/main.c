// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivshmem_host.ko: named regions of shared pages for virtual machines and processes of one host.
 * Here the module comes and goes; the parts are in files of their own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include "host.h"

static struct host *loaded_host;

/**
 * host_refuse() - say in the kernel log why a request is refused
 * @host: limits how often
 * @name: the region's name as asked for, printed escaped
 * @fmt: the reason
 *
 * Return: -EINVAL, so that a caller can return it.
 */
int host_refuse(struct host *host, const char *name, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	if (!__ratelimit(&host->refusals))
		return -EINVAL;
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_info("create \"%*pE\": %pV\n", (int)strnlen(name, IVSHMEM_NAME_SIZE), name, &vaf);
	va_end(args);
	return -EINVAL;
}

static struct host *host_create(void)
{
	struct host *host = kzalloc(sizeof(*host), GFP_KERNEL);
	struct vfsmount *mnt;

	if (!host)
		return ERR_PTR(-ENOMEM);
	mnt = pages_mount();
	if (IS_ERR(mnt)) {
		kfree(host);
		return ERR_CAST(mnt);
	}
	host->mnt = mnt;
	ratelimit_state_init(&host->refusals, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	/* Else the count of suppressed lines is logged as a warning. */
	ratelimit_set_flags(&host->refusals, RATELIMIT_MSG_ON_RELEASE);
	mutex_init(&host->lock);
	return host;
}

/* Mappings that are left keep the superblock: their pages go when they go. */
static void host_destroy(struct host *host)
{
	kern_unmount(host->mnt);
	mutex_destroy(&host->lock);
	kfree(host);
}

static int __init host_init(void)
{
	struct host *host = host_create();
	struct params *params;
	int err;

	if (IS_ERR(host))
		return PTR_ERR(host);
	err = params_limits(&host->limits);
	if (err)
		goto destroy_host;
	err = regions_init(host);
	if (err)
		goto destroy_host;
	params = params_parse(host);
	if (IS_ERR(params)) {
		err = PTR_ERR(params);
		goto fini_regions;
	}
	err = control_register(host);
	if (err)
		goto free_params;
	/* A module whose files may be open can't fail to load any more. */
	loaded_host = host;
	params_create_regions(host, params);
	kfree(params);
	return 0;

free_params:
	kfree(params);
fini_regions:
	regions_fini(host);
destroy_host:
	host_destroy(host);
	return err;
}

static void __exit host_exit(void)
{
	control_unregister(loaded_host);
	regions_fini(loaded_host);
	host_destroy(loaded_host);
}

module_init(host_init);
module_exit(host_exit);

MODULE_DESCRIPTION("Named regions of shared memory for virtual machines (ivshmem)");
MODULE_AUTHOR("The ivshmem for Linux authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
