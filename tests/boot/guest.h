/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs that run inside a guest share: the device that each is started for, and how a
 * system call's result is judged where there is something to clean up behind it.
 */
#ifndef TESTS_BOOT_GUEST_H
#define TESTS_BOOT_GUEST_H

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../ktap.h"

/* The node that the cases are about, as "/dev/ivshmem0"; set once, by main(). */
static const char *device;

/* Did a call that returned @result fail with @want, and no other error? */
static inline int guest_errno(const char *call, long result, int want)
{
	if (result >= 0)
		return ktap_fail("%s returns %ld, expected: %s", call, result, strerror(want));
	if (errno != want)
		return ktap_fail("%s: %s, expected: %s", call, strerror(errno), strerror(want));
	return 0;
}

/* Did a call return @want? */
static inline int guest_result(const char *call, long result, long want)
{
	if (result < 0)
		return ktap_fail("%s: %s", call, strerror(errno));
	if (result != want)
		return ktap_fail("%s returns %ld, expected %ld", call, result, want);
	return 0;
}

/* The errno of mapping the device, opened for it; 0 if it can be mapped. */
static inline int guest_map_errno(int open_flags, int prot, int flags, off_t offset, size_t size)
{
	int fd = open(device, open_flags | O_CLOEXEC);
	void *at = mmap(NULL, size, prot, flags, fd, offset);
	int error = at == MAP_FAILED ? errno : 0;

	if (!error)
		munmap(at, size);
	close(fd);
	return error;
}

static inline int guest_main(int argc, char **argv)
{
	if (argc == 2) {
		device = argv[1];
		return 0;
	}
	fprintf(stderr, "usage: %s DEVICE\n", argv[0]);
	return 2;
}

#define GUEST_MAIN(cases)								\
	int main(int argc, char **argv)							\
	{										\
		int status = guest_main(argc, argv);					\
											\
		return status ? status : ktap_run(cases, sizeof(cases) / sizeof((cases)[0]));	\
	}

#endif
