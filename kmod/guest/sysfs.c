// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/ivshmem/ivshmemN: what IVSHMEM_INFO tells, one value a file. The files are gone, and
 * their readers with them, before the device's resources are.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "device.h"
#include "sysfs.h"

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_ivshmem_device(dev)->size);
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

static struct attribute *ivshmem_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_revision.attr,
	&dev_attr_vectors.attr,
	&dev_attr_position.attr,
	NULL
};
ATTRIBUTE_GROUPS(ivshmem);

struct class ivshmem_class = {
	.name = "ivshmem",
	.dev_groups = ivshmem_groups,
};
