// SPDX-License-Identifier: GPL-2.0-only
/* Does the devnode() of a device type take a const device? */
#include <linux/device.h>

char *probe_devnode(const struct device *dev, umode_t *mode, kuid_t *uid, kgid_t *gid);

const struct device_type probe = {
	.devnode = probe_devnode,
};
