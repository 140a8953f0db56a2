// SPDX-License-Identifier: GPL-2.0-only
/* Creating, listing and destroying regions, and what the kernel log says about refusals. */
#include <sys/sysmacros.h>

#include "host.h"

static int kmsg;

static int create_and_destroy(void)
{
	struct ivshmem_region_info info;
	struct stat st;

	EXPECT(host_create_as("plain", 64 * KIB, 1234, 2345, 0640) == 0);
	EXPECT(stat(HOST_DIR "plain", &st) == 0);
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT((st.st_mode & 07777) == 0640);
	EXPECT(st.st_uid == 1234 && st.st_gid == 2345);
	EXPECT(host_find("plain", &info));
	EXPECT(info.size == 64 * KIB && info.uid == 1234 && info.gid == 2345 && info.mode == 0640);
	EXPECT(info.abi == IVSHMEM_HOST_ABI && info.users == 0 && info.flags == 0);
	EXPECT(host_destroy("plain") == 0);
	EXPECT(!host_node_exists("plain"));
	EXPECT(!host_find("plain", &info));
	return 0;
}

static int caller_owns(void)
{
	struct stat st;

	EXPECT(host_create_as("mine", PAGE, IVSHMEM_ID_CALLER, IVSHMEM_ID_CALLER, 0) == 0);
	EXPECT(stat(HOST_DIR "mine", &st) == 0);
	EXPECT(st.st_uid == geteuid() && st.st_gid == getegid());
	EXPECT((st.st_mode & 07777) == 0);
	EXPECT(host_destroy("mine") == 0);
	return 0;
}

static int name_taken(void)
{
	EXPECT(host_create("taken", PAGE) == 0);
	EXPECT_ERRNO(host_create("taken", 2 * PAGE), EEXIST);
	EXPECT(host_destroy("taken") == 0);
	EXPECT(host_create("taken", 2 * PAGE) == 0);
	EXPECT(host_destroy("taken") == 0);
	EXPECT_ERRNO(host_destroy("taken"), ENOENT);
	return 0;
}

static int names_allowed(void)
{
	static const char *const names[] = {
		"a", "A.b_c-d.0", "-", "_", "0", "control.", "Control", "controls",
		"a23456789012345678901234567890123456789012345678901234567890123",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (host_create(names[i], PAGE))
			return ktap_fail("'%s': %s", names[i], strerror(errno));
		EXPECT(host_node_exists(names[i]));
		EXPECT(host_destroy(names[i]) == 0);
	}
	return 0;
}

/* Whether the kernel log since the last look has a line with @text. */
static bool kmsg_says(const char *text)
{
	char line[8192];
	bool said = false;
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[n > 0 ? n : 0] = '\0';
		said |= strstr(line, text) != NULL;
		errno = 0;
	}
	return said;
}

/* The module limits its lines to ten in five seconds; these are few enough after a pause. */
static int refusals_logged(void)
{
	static const struct {
		const char *name;
		uint64_t size;
		uint32_t mode;
		const char *says;
	} cases[] = {
		{ "x/y", PAGE, 0600, "create \"x/y\": the name has other characters" },
		{ ".x", PAGE, 0600, "create \".x\": the name begins with a dot" },
		{ "", PAGE, 0600, "create \"\": the name is empty" },
		{ "control", PAGE, 0600,
		  "create \"control\": the name is that of the control device" },
		{ "x", 3 * PAGE, 0600, "create \"x\": size 12288 is not a power of two" },
		{ "x", 2048, 0600, "create \"x\": size 2048 is not a power of two from 4096 on" },
		{ "x", PAGE, 01600, "create \"x\": mode 01600 is not of 0777" },
		{ "a\nb", PAGE, 0600, "create \"a\\nb\": the name has other characters" },
	};
	size_t i;

	sleep(6);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	EXPECT(kmsg >= 0);
	EXPECT(lseek(kmsg, 0, SEEK_END) == 0);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		EXPECT_ERRNO(host_create_as(cases[i].name, cases[i].size, 0, 0, cases[i].mode),
			     EINVAL);
		/* kmsg escapes what it shows: a backslash is \x5c there */
		if (!kmsg_says(cases[i].name[1] == '\n' ? "a\\x5cnb" : cases[i].says))
			return ktap_fail("the kernel log does not say: %s", cases[i].says);
	}
	close(kmsg);
	return 0;
}

static int too_large(void)
{
	EXPECT_ERRNO(host_create("large", 1ULL << 62), ENOSPC);
	EXPECT_ERRNO(host_create("large", 1ULL << 63), ENOSPC);
	EXPECT(!host_node_exists("large"));
	EXPECT(host_create("large", PAGE) == 0);
	EXPECT(host_destroy("large") == 0);
	return 0;
}

static int ids_grow(void)
{
	struct ivshmem_region_info first, second, third;

	EXPECT(host_create("one", PAGE) == 0 && host_create("two", PAGE) == 0);
	EXPECT(host_find("one", &first) && host_find("two", &second));
	EXPECT(second.id > first.id);
	EXPECT(host_destroy("one") == 0 && host_create("one", PAGE) == 0);
	EXPECT(host_find("one", &third));
	EXPECT(third.id > second.id);
	third = second;
	third.id = UINT64_MAX;
	EXPECT_ERRNO(host_ioctl(IVSHMEM_REGION_NEXT, &third), ENOENT);
	EXPECT(host_destroy("one") == 0 && host_destroy("two") == 0);
	return 0;
}

static int listing_is_whole(void)
{
	struct ivshmem_region_info info = {};
	char name[16];
	uint64_t last = 0;
	int i, seen = 0;

	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		EXPECT(host_create(name, PAGE) == 0);
	}
	while (!host_ioctl(IVSHMEM_REGION_NEXT, &info)) {
		EXPECT(info.id > last);
		last = info.id;
		seen += !strncmp(info.name, "many-", 5);
	}
	EXPECT(seen == 300);
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		EXPECT(host_destroy(name) == 0);
	}
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a region has its size, owner, group and mode, and goes", create_and_destroy },
	{ "without an owner it is the caller's; mode 0 is mode 0", caller_owns },
	{ "a name is taken once, and free after destroy", name_taken },
	{ "every allowed kind of name", names_allowed },
	{ "the kernel log says why a request is invalid", refusals_logged },
	{ "sizes beyond what the kernel can hold", too_large },
	{ "ids grow and never come back", ids_grow },
	{ "300 regions are listed in order", listing_is_whole },
};

KTAP_MAIN(cases)
