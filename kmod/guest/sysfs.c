// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/ivshmem/ivshmemN: what IVSHMEM_INFO tells, one value a file. The files are gone, and
 * their readers with them, before the device's resources are.
 */
#include <linux/device.h>
#include <linux/ivshmem.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "device.h"
#include "sysfs.h"
#include "vectors.h"

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", ivshmem_device_size(to_ivshmem_device(dev)));
}
static DEVICE_ATTR_RO(size);

static ssize_t revision_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_ivshmem_device(dev)->pdev->revision);
}
static DEVICE_ATTR_RO(revision);

static ssize_t vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_ivshmem_device(dev)->vectors);
}
static DEVICE_ATTR_RO(vectors);

static ssize_t position_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", ivshmem_device_position(to_ivshmem_device(dev)));
}
static DEVICE_ATTR_RO(position);

static ssize_t interrupts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_ivshmem_device(dev)->interrupts);
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t fired_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", (u64)atomic64_read(&to_ivshmem_device(dev)->fired));
}
static DEVICE_ATTR_RO(fired);

/* "18446744073709551615\n" and the NUL */
#define SYSFS_NUMBER_MAX	22

/* A line a vector, in order; of those that don't fit in a page WAIT tells. */
static ssize_t fired_vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct ivshmem_device *idev = to_ivshmem_device(dev);
	int len = 0;

	for (u32 i = 0; i < idev->interrupts && len <= PAGE_SIZE - SYSFS_NUMBER_MAX; i++)
		len += sysfs_emit_at(buf, len, "%llu\n",
				     (u64)atomic64_read(&idev->vector[i].fired));
	return len;
}
static DEVICE_ATTR_RO(fired_vectors);

static ssize_t region_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char region[IVSHMEM_REGION_SIZE];

	ivshmem_extension_region(to_ivshmem_device(dev), region);
	return sysfs_emit(buf, "%s\n", region);
}
static DEVICE_ATTR_RO(region);

static ssize_t peers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", ivshmem_extension_count(to_ivshmem_device(dev)));
}
static DEVICE_ATTR_RO(peers);

static struct attribute *ivshmem_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_revision.attr,
	&dev_attr_vectors.attr,
	&dev_attr_position.attr,
	&dev_attr_interrupts.attr,
	&dev_attr_fired.attr,
	&dev_attr_fired_vectors.attr,
	NULL
};

static const struct attribute_group ivshmem_group = {
	.attrs = ivshmem_attrs,
};

static struct attribute *ivshmem_extension_attrs[] = {
	&dev_attr_region.attr,
	&dev_attr_peers.attr,
	NULL
};

static umode_t extension_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct ivshmem_device *idev = to_ivshmem_device(kobj_to_dev(kobj));

	return ivshmem_extension_is_there(&idev->extension) ? attr->mode : 0;
}

static const struct attribute_group ivshmem_extension_group = {
	.attrs = ivshmem_extension_attrs,
	.is_visible = extension_is_visible,
};

static const struct attribute_group *ivshmem_groups[] = {
	&ivshmem_group,
	&ivshmem_extension_group,
	NULL
};

struct class ivshmem_class = {
	.name = "ivshmem",
	.dev_groups = ivshmem_groups,
};
