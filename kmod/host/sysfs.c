// SPDX-License-Identifier: GPL-2.0-only
/* /sys/class/ivshmem_region/NAME/: one value a file. */
#include <linux/device.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "host.h"

static ssize_t id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", region_of_dev(dev)->id);
}
static DEVICE_ATTR_RO(id);

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", region_of_dev(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t allocated_kb_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", pages_allocated(region_of_dev(dev)->pages) / SZ_1K);
}
static DEVICE_ATTR_RO(allocated_kb);

static ssize_t huge_kb_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", pages_huge(region_of_dev(dev)->pages) / SZ_1K);
}
static DEVICE_ATTR_RO(huge_kb);

static ssize_t users_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&region_of_dev(dev)->users));
}
static DEVICE_ATTR_RO(users);

static ssize_t peers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(region_of_dev(dev)->members.living));
}
static DEVICE_ATTR_RO(peers);

static ssize_t vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(region_of_dev(dev)->members.attached));
}
static DEVICE_ATTR_RO(vectors);

static ssize_t max_peers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", region_of_dev(dev)->members.limits.peers);
}
static DEVICE_ATTR_RO(max_peers);

static ssize_t max_vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", region_of_dev(dev)->members.limits.vectors);
}
static DEVICE_ATTR_RO(max_vectors);

static ssize_t max_user_kb_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", region_of_dev(dev)->members.limits.user_kb);
}
static DEVICE_ATTR_RO(max_user_kb);

static struct attribute *region_attrs[] = {
	&dev_attr_id.attr,
	&dev_attr_size.attr,
	&dev_attr_allocated_kb.attr,
	&dev_attr_huge_kb.attr,
	&dev_attr_users.attr,
	&dev_attr_peers.attr,
	&dev_attr_vectors.attr,
	&dev_attr_max_peers.attr,
	&dev_attr_max_vectors.attr,
	&dev_attr_max_user_kb.attr,
	NULL
};

static const struct attribute_group region_group = {
	.attrs = region_attrs,
};

const struct attribute_group *region_groups[] = {
	&region_group,
	NULL
};
