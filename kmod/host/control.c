// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ivshmem/control: requests come in from user space, are checked for form and permission, and
 * go to region.c. Reading is for everybody (NEXT), writing for those who may create and destroy.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "host.h"

static_assert(sizeof(struct ivshmem_region_create) == 120);
static_assert(sizeof(struct ivshmem_region_destroy) == 96);
static_assert(sizeof(struct ivshmem_region_info) == 152);

static struct host *host_of_file(const struct file *file)
{
	return container_of(file->private_data, struct host, control);
}

static int owner_resolve(u32 id, kuid_t *uid)
{
	*uid = id == IVSHMEM_ID_CALLER ? current_fsuid() : make_kuid(current_user_ns(), id);
	if (!uid_valid(*uid))
		return -EINVAL;
	return uid_eq(*uid, current_fsuid()) || capable(CAP_CHOWN) ? 0 : -EPERM;
}

static int group_resolve(u32 id, kgid_t *gid)
{
	*gid = id == IVSHMEM_ID_CALLER ? current_fsgid() : make_kgid(current_user_ns(), id);
	if (!gid_valid(*gid))
		return -EINVAL;
	return in_group_p(*gid) || capable(CAP_CHOWN) ? 0 : -EPERM;
}

static int create_check_form(struct host *host, const struct ivshmem_region_create *req)
{
	if (!name_padded(req->name))
		return host_refuse(host, req->name,
				   "the name has no NUL, or more than NULs behind it");
	if (req->flags)
		return host_refuse(host, req->name, "flags %#x are not known", req->flags);
	if (req->pad || memchr_inv(req->reserved, 0, sizeof(req->reserved)))
		return host_refuse(host, req->name, "a reserved word is not 0");
	return 0;
}

static int control_create(struct host *host, const void __user *arg)
{
	struct ivshmem_region_create req;
	struct region_spec spec;
	int err;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	err = create_check_form(host, &req);
	if (err)
		return err;
	spec = (struct region_spec){
		.name = req.name,
		.size = req.size,
		.mode = req.mode,
		.limits = { req.max_peers, req.max_vectors, req.max_user_kb },
	};
	err = owner_resolve(req.uid, &spec.uid);
	if (err == -EINVAL)
		return host_refuse(host, req.name, "there is no user %u", req.uid);
	if (err)
		return err;
	err = group_resolve(req.gid, &spec.gid);
	if (err == -EINVAL)
		return host_refuse(host, req.name, "there is no group %u", req.gid);
	if (err)
		return err;
	return region_create(host, &spec);
}

static int control_destroy(struct host *host, const void __user *arg)
{
	struct ivshmem_region_destroy req;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (!name_padded(req.name) || memchr_inv(req.reserved, 0, sizeof(req.reserved)))
		return -EINVAL;
	return region_destroy(host, req.name);
}

static int control_next(struct host *host, void __user *arg)
{
	struct ivshmem_region_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.flags || memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	err = region_next(host, &info);
	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct host *host = host_of_file(file);
	bool writable = file->f_mode & FMODE_WRITE;

	switch (cmd) {
	case IVSHMEM_REGION_CREATE:
		return writable ? control_create(host, (void __user *)arg) : -EPERM;
	case IVSHMEM_REGION_DESTROY:
		return writable ? control_destroy(host, (void __user *)arg) : -EPERM;
	case IVSHMEM_REGION_NEXT:
		return control_next(host, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

int control_register(struct host *host)
{
	host->control = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = "ivshmem_control",
		.nodename = "ivshmem/control",
		.mode = 0644,
		.fops = &control_fops,
	};
	return misc_register(&host->control);
}

void control_unregister(struct host *host)
{
	misc_deregister(&host->control);
}
