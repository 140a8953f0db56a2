/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of this tier share: the ioctls of ivshmem_host.ko, and children with a verdict.
 */
#ifndef TESTS_KMOD_HOST_H
#define TESTS_KMOD_HOST_H

#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ivshmem_host.h>

#include "ktap.h"

#define HOST_DIR	"/dev/ivshmem/"
#define HOST_CONTROL	HOST_DIR "control"
#define PAGE		4096UL
#define KIB		1024UL
#define MIB		(1024UL * KIB)

/* ioctl() as a 32-bit program calls it: 0 or more, or -errno. */
static inline int ioctl_32(int fd, unsigned int request, void *arg)
{
#ifdef __x86_64__
	int ret;

	asm volatile("int $0x80" : "=a" (ret)
		     : "a" (54), "b" (fd), "c" (request), "d" ((uint32_t)(uintptr_t)arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
#else
	return -ENOSYS;
#endif
}

/* ioctl() on a control device opened for this one call. */
static inline int host_ioctl(unsigned long request, void *arg)
{
	int fd = open(HOST_CONTROL, O_RDWR | O_CLOEXEC), ret, code;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, arg);
	code = errno;
	close(fd);
	errno = code;
	return ret;
}

/* A name as the ioctls take it, even one that is too long. */
static inline void host_name(char to[IVSHMEM_NAME_SIZE], const char *name)
{
	memccpy(to, name, 0, IVSHMEM_NAME_SIZE);
}

static inline int host_create_as(const char *name, uint64_t size, uint32_t uid, uint32_t gid,
				 uint32_t mode)
{
	struct ivshmem_region_create req = { .size = size, .uid = uid, .gid = gid, .mode = mode };

	host_name(req.name, name);
	return host_ioctl(IVSHMEM_REGION_CREATE, &req);
}

static inline int host_create(const char *name, uint64_t size)
{
	return host_create_as(name, size, IVSHMEM_ID_CALLER, IVSHMEM_ID_CALLER, 0600);
}

static inline int host_destroy(const char *name)
{
	struct ivshmem_region_destroy req = {};

	host_name(req.name, name);
	return host_ioctl(IVSHMEM_REGION_DESTROY, &req);
}

static inline int host_open(const char *name, int flags)
{
	char path[sizeof(HOST_DIR) + IVSHMEM_NAME_SIZE];

	snprintf(path, sizeof(path), HOST_DIR "%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* A new region, open for reading and writing. */
static inline int host_create_open(const char *name, uint64_t size)
{
	return host_create(name, size) ? -1 : host_open(name, O_RDWR);
}

static inline void *host_map(int fd, size_t size, int prot)
{
	return mmap(NULL, size, prot, MAP_SHARED, fd, 0);
}

static inline int host_info(int fd, struct ivshmem_region_info *info)
{
	memset(info, 0, sizeof(*info));
	return ioctl(fd, IVSHMEM_REGION_INFO, info);
}

/* Finds a named region by NEXT. */
static inline bool host_find(const char *name, struct ivshmem_region_info *info)
{
	memset(info, 0, sizeof(*info));
	while (!host_ioctl(IVSHMEM_REGION_NEXT, info))
		if (!strcmp(info->name, name))
			return true;
	return false;
}

static inline bool host_node_exists(const char *name)
{
	char path[sizeof(HOST_DIR) + IVSHMEM_NAME_SIZE];

	snprintf(path, sizeof(path), HOST_DIR "%s", name);
	return !access(path, F_OK);
}

static inline bool host_all_bytes(const volatile unsigned char *p, size_t size, unsigned char byte)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* Runs @run in a child as that user and group, with no others; its verdict. */
static inline int host_as_user(uid_t uid, gid_t gid, int (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		int ret = setgid(gid) || setgroups(0, NULL) || setuid(uid) ?
			  ktap_fail("becoming user %u: %s", uid, strerror(errno)) : run();

		fflush(stdout);
		_exit(ret);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return ktap_fail("fork: %s", strerror(errno));
	if (!WIFEXITED(status))
		return ktap_fail("the child died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

#endif /* TESTS_KMOD_HOST_H */
