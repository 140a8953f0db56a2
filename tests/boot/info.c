// SPDX-License-Identifier: GPL-2.0-only
// In a guest: IVSHMEM_INFO tells the truth, and each bad call gives its errno.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"

/* On 32 bits, where 64 bits are aligned to 32, nothing moves that is aligned by itself. */
#define LAYOUT(type, size, word)							\
	_Static_assert(sizeof(struct type) == (size) && !((size) % 8), #type);		\
	_Static_assert(!(offsetof(struct type, word) % 8), #type " " #word)

LAYOUT(ivshmem_info, 96, size);
LAYOUT(ivshmem_info, 96, regs_offset);
LAYOUT(ivshmem_info, 96, reserved);
LAYOUT(ivshmem_ring, 16, reserved);
LAYOUT(ivshmem_eventfd, 16, reserved);
LAYOUT(ivshmem_wait, 48, timeout_ns);
LAYOUT(ivshmem_peers, 96, reserved);

static int info_of(struct ivshmem_info *info)
{
	int fd = open(device, O_RDONLY);
	int bad;

	memset(info, 0, sizeof(*info));
	bad = guest_result("INFO", ioctl(fd, IVSHMEM_INFO, info), 0);
	close(fd);
	return bad;
}

/* The attribute of the device in sysfs, as a number. */
static long long attribute(const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/class/ivshmem/%s/%s", strrchr(device, '/') + 1, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return atoll(text);
}

static int size_true(void)
{
	struct ivshmem_info info;
	int fd = open(device, O_RDONLY);
	long end = lseek(fd, 0, SEEK_END);

	close(fd);
	return info_of(&info) ? -1 : guest_result("the size", info.size, end);
}

static int fields_true(void)
{
	struct ivshmem_info info;

	if (info_of(&info))
		return -1;
	if (info.abi != IVSHMEM_ABI || info.flags || info.revision != 1)
		return ktap_fail("abi %u, flags %u, revision %u", info.abi, info.flags,
				 info.revision);
	return 0;
}

static int attributes_same(void)
{
	struct ivshmem_info info;

	return info_of(&info) || guest_result("size", attribute("size"), info.size) ||
	       guest_result("revision", attribute("revision"), info.revision) ||
	       guest_result("vectors", attribute("vectors"), info.vectors) ||
	       guest_result("interrupts", attribute("interrupts"), info.interrupts) ||
	       guest_result("position", attribute("position"), info.position) ? -1 : 0;
}

static int address_true(void)
{
	struct ivshmem_info info;
	char path[128], link[256] = "";

	if (info_of(&info))
		return -1;
	snprintf(path, sizeof(path), "/sys/class/ivshmem/%s/device", strrchr(device, '/') + 1);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return ktap_fail("%s: %s", path, strerror(errno));
	return strcmp(strrchr(link, '/') + 1, info.pci) ?
		ktap_fail("INFO says %s, sysfs %s", info.pci, link) : 0;
}

static int reserved_words(void)
{
	struct ivshmem_info info;
	int count = sizeof(info.reserved) / sizeof(*info.reserved);
	int fd = open(device, O_RDONLY), bad = 0;

	for (int i = 0; i < count && !bad; i++) {
		memset(&info, 0, sizeof(info));
		info.reserved[i] = 1ull << (i * 9);
		bad = guest_errno("INFO", ioctl(fd, IVSHMEM_INFO, &info), EINVAL);
	}
	info = (struct ivshmem_info){ .flags = 1 };
	bad = bad || guest_errno("INFO", ioctl(fd, IVSHMEM_INFO, &info), EINVAL);
	close(fd);
	return bad;
}

static int again(void)
{
	struct ivshmem_info info = { 0 };
	int fd = open(device, O_RDONLY);
	int bad = guest_result("INFO", ioctl(fd, IVSHMEM_INFO, &info), 0) ||
		  guest_result("INFO once more", ioctl(fd, IVSHMEM_INFO, &info), 0);

	close(fd);
	return bad ? -1 : 0;
}

static int bad_pointer(void)
{
	int fd = open(device, O_RDONLY);
	int bad = guest_errno("INFO", ioctl(fd, IVSHMEM_INFO, (void *)16), EFAULT);

	close(fd);
	return bad;
}

static int unknown(void)
{
	struct ivshmem_info info = { 0 };
	int fd = open(device, O_RDONLY);
	int bad = guest_errno("another number", ioctl(fd, _IO(IVSHMEM_IOC, 0x7f), &info), ENOTTY) ||
		  guest_errno("another size", ioctl(fd, _IOWR(IVSHMEM_IOC, 0x40, int), &info),
			      ENOTTY);

	close(fd);
	return bad ? -1 : 0;
}

static const struct ktap_case cases[] = {
	{ "INFO knows the size", size_true },
	{ "INFO tells ABI and revision", fields_true },
	{ "sysfs tells the same", attributes_same },
	{ "INFO knows where the device sits", address_true },
	{ "a reserved word that is not zero gives EINVAL", reserved_words },
	{ "what INFO gave may be passed in again", again },
	{ "a bad pointer gives EFAULT", bad_pointer },
	{ "an unknown ioctl gives ENOTTY", unknown },
};

GUEST_MAIN(cases)
