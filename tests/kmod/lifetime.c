// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who keeps a region's pages, its name, and the module: open files, mappings, processes that die.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "host.h"

static int module_remove(void)
{
	return syscall(SYS_delete_module, "ivshmem_host", O_NONBLOCK);
}

static int module_load(void)
{
	return access(HOST_CONTROL, F_OK) ? system("insmod build/kmod/$(uname -r)/ivshmem_host.ko")
					  : 0;
}

static int destroyed_in_use(void)
{
	int fd = host_create_open("used", MIB), again;
	unsigned char *map = host_map(fd, MIB, PROT_READ | PROT_WRITE), c;
	struct ivshmem_region_info info;

	EXPECT(fd >= 0 && map != MAP_FAILED);
	memset(map, 0xa5, MIB);
	EXPECT(host_destroy("used") == 0);
	EXPECT(!host_node_exists("used"));
	EXPECT_ERRNO(host_destroy("used"), ENOENT);
	EXPECT(host_all_bytes(map, MIB, 0xa5));
	EXPECT(pread(fd, &c, 1, MIB - 1) == 1 && c == 0xa5);
	EXPECT(host_info(fd, &info) == 0 && !strcmp(info.name, "used") && info.users == 1);
	again = host_create_open("used", MIB);
	EXPECT(again >= 0);
	EXPECT(pread(again, &c, 1, MIB - 1) == 1 && c == 0);
	EXPECT(pwrite(again, "n", 1, 0) == 1 && map[0] == 0xa5);
	EXPECT(host_destroy("used") == 0);
	EXPECT(munmap(map, MIB) == 0);
	close(fd);
	close(again);
	return 0;
}

static int reused_pages_are_zero(void)
{
	unsigned char *data = malloc(8 * MIB);
	int round, fd;

	for (round = 0; round < 5; round++) {
		fd = host_create_open("reused", 8 * MIB);
		EXPECT(fd >= 0);
		EXPECT(pread(fd, data, 8 * MIB, 0) == 8 * MIB && host_all_bytes(data, 8 * MIB, 0));
		memset(data, 0xff, 8 * MIB);
		EXPECT(pwrite(fd, data, 8 * MIB, 0) == 8 * MIB);
		EXPECT(host_destroy("reused") == 0);
		close(fd);
	}
	free(data);
	return 0;
}

static int users_counted(void)
{
	struct ivshmem_region_info info;
	int a = host_create_open("counted", PAGE), b = host_open("counted", O_RDONLY), c = dup(a);

	EXPECT(a >= 0 && b >= 0 && c >= 0);
	EXPECT(host_info(b, &info) == 0 && info.users == 2);
	close(a);
	EXPECT(host_info(b, &info) == 0 && info.users == 2);
	close(c);
	EXPECT(host_info(b, &info) == 0 && info.users == 1);
	close(b);
	EXPECT(host_find("counted", &info) && info.users == 0);
	EXPECT(host_destroy("counted") == 0);
	return 0;
}

static int open_file_holds_module(void)
{
	int fd = host_create_open("held", PAGE);

	EXPECT(fd >= 0);
	EXPECT_ERRNO(module_remove(), EWOULDBLOCK);
	EXPECT(host_destroy("held") == 0);
	EXPECT_ERRNO(module_remove(), EWOULDBLOCK);
	close(fd);
	fd = open(HOST_CONTROL, O_RDONLY);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(module_remove(), EWOULDBLOCK);
	close(fd);
	return 0;
}

/* Pages are the kernel's own: a mapping needs neither the region nor the module. */
static int mapping_outlives_module(void)
{
	int fd = host_create_open("orphan", 2 * MIB);
	unsigned char *map = host_map(fd, 2 * MIB, PROT_READ | PROT_WRITE);

	EXPECT(fd >= 0 && map != MAP_FAILED);
	map[0] = 1;
	close(fd);
	EXPECT(module_remove() == 0);
	EXPECT(access(HOST_CONTROL, F_OK) < 0);
	EXPECT(map[0] == 1);
	map[2 * MIB - 1] = 2;
	EXPECT(module_load() == 0);
	EXPECT(map[2 * MIB - 1] == 2);
	EXPECT(!host_node_exists("orphan"));
	EXPECT(munmap(map, 2 * MIB) == 0);
	return 0;
}

/* A child that maps, touches, tells, and waits to be killed. */
static pid_t mapper_start(const char *name, size_t size)
{
	int told[2];
	char c;
	pid_t pid;

	if (pipe(told))
		return -1;
	pid = fork();
	if (!pid) {
		int fd = host_open(name, O_RDWR);
		unsigned char *map = host_map(fd, size, PROT_READ | PROT_WRITE);

		if (map == MAP_FAILED)
			_exit(1);
		memset(map, 1, size);
		if (write(told[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	close(told[1]);
	if (read(told[0], &c, 1) != 1)
		pid = -1;
	close(told[0]);
	return pid;
}

static int killed_mappers_leave_nothing(void)
{
	struct ivshmem_region_info info;
	int round, status;
	pid_t pid;

	EXPECT(host_create("killed", 4 * MIB) == 0);
	for (round = 0; round < 20; round++) {
		pid = mapper_start("killed", 4 * MIB);
		EXPECT(pid > 0);
		EXPECT(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
		EXPECT(WIFSIGNALED(status));
		EXPECT(host_find("killed", &info) && info.users == 0);
	}
	EXPECT(host_destroy("killed") == 0);
	EXPECT(module_remove() == 0);
	EXPECT(module_load() == 0);
	return 0;
}

/* An O_PATH file of a node that is gone must not lead to the region that got its number. */
static int stale_node_opens_nothing(void)
{
	char path[64];
	int node, fd;

	EXPECT(host_create_as("public", PAGE, 0, 0, 0666) == 0);
	node = host_open("public", O_PATH);
	EXPECT(node >= 0);
	EXPECT(host_destroy("public") == 0);
	EXPECT(host_create_as("secret", PAGE, 0, 0, 0600) == 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), node);
	EXPECT(seteuid(65534) == 0);
	fd = open(path, O_RDONLY);
	EXPECT(seteuid(0) == 0);
	EXPECT(fd < 0);
	close(node);
	EXPECT(host_destroy("secret") == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a region destroyed in use keeps its pages and frees its name", destroyed_in_use },
	{ "pages that come back are zero", reused_pages_are_zero },
	{ "users are counted", users_counted },
	{ "an open file holds the module", open_file_holds_module },
	{ "a mapping outlives region and module", mapping_outlives_module },
	{ "killed mappers leave nothing, and the module unloads", killed_mappers_leave_nothing },
	{ "a node that is gone opens nothing", stale_node_opens_nothing },
};

KTAP_MAIN(cases)
