// SPDX-License-Identifier: GPL-2.0-only
/* A file of huge pages, from the best source there is, and what became of it. */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "payload.h"

/* A mount of our own that nobody else sees, as the host module has one. For root. */
static int file_on_tmpfs(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mount = -1, fd = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_SET_STRING, "huge", "within_size", 0) &&
	    !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mount >= 0) {
		fd = openat(mount, "shared", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		close(mount);
	}
	close(fs);
	return fd;
}

static int file_of_hugetlb(void)
{
	return memfd_create("shared", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
}

/* Huge where the machine lets whoever asks for it have such shared memory. */
static int file_of_memory(void)
{
	return memfd_create("shared", MFD_CLOEXEC);
}

/* All of it at once: a page is huge or not from its first use on. */
static int shared_fill(struct shared *s)
{
	if (ftruncate(s->fd, REGION_SIZE) < 0)
		return -errno;
	s->mem = mmap((void *)REGION_AT, REGION_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED_NOREPLACE, s->fd, 0);
	if (s->mem == MAP_FAILED)
		return -errno;
	madvise(s->mem, REGION_SIZE, MADV_HUGEPAGE);
	if (madvise(s->mem, REGION_SIZE, MADV_POPULATE_WRITE)) {
		munmap(s->mem, REGION_SIZE);
		return -errno;
	}
	return 0;
}

int shared_create(struct shared *s)
{
	static const struct {
		int (*open)(void);
		const char *kind;
	} sources[] = {
		{ file_of_hugetlb, "hugetlbfs" },
		{ file_on_tmpfs, "tmpfs with huge=within_size" },
		{ file_of_memory, "a memfd" },
	};
	int ret = -ENOMEM;

	for (unsigned int i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		s->fd = sources[i].open();
		s->kind = sources[i].kind;
		if (s->fd < 0)
			continue;
		ret = shared_fill(s);
		if (!ret)
			return 0;
		close(s->fd);
	}
	fprintf(stderr, "native: no %llu MiB of shared memory: %s; end what uses so much\n",
		REGION_SIZE >> 20, strerror(-ret));
	return ret;
}

void shared_destroy(struct shared *s)
{
	munmap(s->mem, REGION_SIZE);
	close(s->fd);
}

uint64_t shared_huge_kib(pid_t pid, const void *at)
{
	uint64_t first, last, kib = 0, n;
	char path[64], line[512];
	int inside = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &first, &last) == 2)
			inside = (uintptr_t)at >= first && (uintptr_t)at < last;
		else if (inside && (sscanf(line, "ShmemPmdMapped: %" SCNu64, &n) == 1 ||
				    sscanf(line, "AnonHugePages: %" SCNu64, &n) == 1 ||
				    sscanf(line, "Shared_Hugetlb: %" SCNu64, &n) == 1))
			kib += n;
	}
	if (file)
		fclose(file);
	return kib;
}
