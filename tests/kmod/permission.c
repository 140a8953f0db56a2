// SPDX-License-Identifier: GPL-2.0-only
/* Who may create, give away, open and destroy. */
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

#include "host.h"

#define ALICE	12001
#define BOB	12002
#define GROUP	13001

/* What a case lets an ordinary user try on an open control device that root handed down. */
static int control;

static int create_req(const char *name, uint32_t uid, uint32_t gid, uint32_t mode)
{
	struct ivshmem_region_create req = { .size = PAGE, .uid = uid, .gid = gid, .mode = mode };

	host_name(req.name, name);
	return ioctl(control, IVSHMEM_REGION_CREATE, &req);
}

static int destroy_req(const char *name)
{
	struct ivshmem_region_destroy req = {};

	host_name(req.name, name);
	return ioctl(control, IVSHMEM_REGION_DESTROY, &req);
}

static int as_stranger(void)
{
	struct ivshmem_region_info info = {};
	int fd;

	EXPECT_ERRNO(open(HOST_CONTROL, O_RDWR), EACCES);
	EXPECT_ERRNO(open(HOST_CONTROL, O_WRONLY), EACCES);
	fd = open(HOST_CONTROL, O_RDONLY);
	EXPECT(fd >= 0);
	EXPECT(ioctl(fd, IVSHMEM_REGION_NEXT, &info) == 0);
	close(fd);
	return 0;
}

static int listing_is_for_all(void)
{
	EXPECT(host_create("listed", PAGE) == 0);
	EXPECT_PASS(host_as_user(ALICE, ALICE, as_stranger));
	EXPECT(host_destroy("listed") == 0);
	return 0;
}

static int reading_control_changes_nothing(void)
{
	int fd = control;

	control = open(HOST_CONTROL, O_RDONLY);
	EXPECT_ERRNO(create_req("denied", 0, 0, 0600), EPERM);
	EXPECT(host_create("kept", PAGE) == 0);
	EXPECT_ERRNO(destroy_req("kept"), EPERM);
	EXPECT(host_destroy("kept") == 0);
	close(control);
	control = fd;
	return 0;
}

static int as_owner(void)
{
	EXPECT(create_req("alice", IVSHMEM_ID_CALLER, IVSHMEM_ID_CALLER, 0600) == 0);
	EXPECT(destroy_req("alice") == 0);
	EXPECT(create_req("alice", ALICE, GROUP, 0640) == 0);
	EXPECT_ERRNO(create_req("gift", BOB, GROUP, 0600), EPERM);
	EXPECT_ERRNO(create_req("gift", ALICE, GROUP + 1, 0600), EPERM);
	EXPECT_ERRNO(create_req("gift", 0, GROUP, 0600), EPERM);
	return 0;
}

static int as_other(void)
{
	EXPECT_ERRNO(destroy_req("alice"), EPERM);
	EXPECT_ERRNO(host_open("alice", O_RDWR), EACCES);
	EXPECT_ERRNO(host_open("alice", O_RDONLY), EACCES);
	return 0;
}

static int as_group(void)
{
	int fd = host_open("alice", O_RDONLY);
	void *map;

	EXPECT(fd >= 0);
	EXPECT_ERRNO(host_open("alice", O_RDWR), EACCES);
	map = host_map(fd, PAGE, PROT_READ);
	EXPECT(map != MAP_FAILED);
	EXPECT_ERRNO(mprotect(map, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EXPECT_ERRNO(destroy_req("alice"), EPERM);
	return 0;
}

static int as_owner_again(void)
{
	int fd = host_open("alice", O_RDWR);

	EXPECT(fd >= 0);
	EXPECT(write(fd, "x", 1) == 1);
	EXPECT(destroy_req("alice") == 0);
	return 0;
}

static int only_owners_give_and_destroy(void)
{
	EXPECT_PASS(host_as_user(ALICE, GROUP, as_owner));
	EXPECT_PASS(host_as_user(BOB, BOB, as_other));
	EXPECT_PASS(host_as_user(BOB, GROUP, as_group));
	EXPECT_PASS(host_as_user(ALICE, GROUP, as_owner_again));
	EXPECT(!host_node_exists("alice"));
	return 0;
}

static int root_may_all(void)
{
	EXPECT(create_req("gift", ALICE, GROUP, 0600) == 0);
	EXPECT(destroy_req("gift") == 0);
	return 0;
}

/* Alice as root of a user namespace of her own, which knows no ids but the overflow ones. */
static int as_namespace_root(void)
{
	struct ivshmem_region_info info = {};

	if (unshare(CLONE_NEWUSER))
		return ktap_skip("no user namespaces here");
	EXPECT_ERRNO(create_req("ns", 0, IVSHMEM_ID_CALLER, 0600), EINVAL);
	EXPECT_ERRNO(create_req("ns", ALICE, IVSHMEM_ID_CALLER, 0600), EINVAL);
	EXPECT_ERRNO(create_req("ns", IVSHMEM_ID_CALLER, GROUP, 0600), EINVAL);
	EXPECT(ioctl(control, IVSHMEM_REGION_NEXT, &info) == 0);
	EXPECT(info.uid == 65534 && info.gid == 65534);
	EXPECT_ERRNO(destroy_req("roots"), EPERM);
	EXPECT(create_req("ns", IVSHMEM_ID_CALLER, IVSHMEM_ID_CALLER, 0600) == 0);
	EXPECT(destroy_req("ns") == 0);
	return 0;
}

static int namespaces_gain_nothing(void)
{
	EXPECT(create_req("roots", 0, 0, 0600) == 0);
	EXPECT_PASS(host_as_user(ALICE, GROUP, as_namespace_root));
	EXPECT(destroy_req("roots") == 0);
	return 0;
}

static int mode_changes_count(void)
{
	EXPECT(create_req("opened", 0, 0, 0600) == 0);
	EXPECT(chmod(HOST_DIR "opened", 0666) == 0);
	EXPECT(chown(HOST_DIR "opened", BOB, BOB) == 0);
	EXPECT(host_destroy("opened") == 0);
	EXPECT(!host_node_exists("opened"));
	return 0;
}

/* Opens what is mapped at @map a second time, by the link that /proc has for it. */
static int open_map_file(const void *map, int flags)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)map,
		 (unsigned long)map + PAGE);
	return open(path, flags);
}

/* Of root's capabilities only the one that opens the links is left. */
static int as_checkpointer(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	int fd = host_open("shown", O_RDONLY);
	void *map = host_map(fd, PAGE, PROT_READ);

	EXPECT(fd >= 0 && map != MAP_FAILED);
	data[1].effective = data[1].permitted = 1u << (CAP_CHECKPOINT_RESTORE - 32);
	EXPECT(syscall(SYS_capset, &head, data) == 0);
	EXPECT_ERRNO(open_map_file(map, O_RDWR), EACCES);
	return 0;
}

static int mappings_open_nothing(void)
{
	EXPECT(create_req("shown", ALICE, GROUP, 0444) == 0);
	EXPECT_PASS(host_as_user(0, 0, as_checkpointer));
	EXPECT(destroy_req("shown") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "everybody may list, and only read the control device", listing_is_for_all },
	{ "a control device open for reading changes nothing", reading_control_changes_nothing },
	{ "owner, group and others may what the mode says", only_owners_give_and_destroy },
	{ "root gives to others and destroys for them", root_may_all },
	{ "a user namespace of one's own gains nothing", namespaces_gain_nothing },
	{ "a mapping is no way to open the file behind it", mappings_open_nothing },
	{ "a node whose mode and owner were changed goes too", mode_changes_count },
};

int main(void)
{
	control = open(HOST_CONTROL, O_RDWR);
	return ktap_run(cases, sizeof(cases) / sizeof(*cases));
}
