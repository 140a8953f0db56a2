// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of a region: huge pages, read-only ones, bounds, fork. */
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "host.h"

#define SIZE	(64 * MIB)

static int region;		/* "map", of SIZE bytes, through all cases */

/* A value of a mapping in smaps, in KiB; -1 if it is not there. */
static long smaps_value(const void *map, const char *key)
{
	unsigned long from, to, start = 0;
	char line[512];
	long value = -1;
	FILE *f = fopen("/proc/self/smaps", "r");

	while (f && value < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			start = from;
		else if (start == (unsigned long)map && !strncmp(line, key, strlen(key)))
			value = atol(line + strlen(key));
	}
	if (f)
		fclose(f);
	return value;
}

static int huge_pages(void)
{
	unsigned char *map = host_map(region, SIZE, PROT_READ | PROT_WRITE);
	struct ivshmem_region_info info;
	size_t i;

	EXPECT(map != MAP_FAILED);
	EXPECT(((uintptr_t)map & (2 * MIB - 1)) == 0);
	for (i = 0; i < SIZE; i += PAGE)
		EXPECT(map[i]++ == 0);
	EXPECT(smaps_value(map, "ShmemPmdMapped:") == 65536);
	EXPECT(host_info(region, &info) == 0);
	EXPECT(info.huge == SIZE && info.allocated == SIZE);
	EXPECT(munmap(map, SIZE) == 0);
	return 0;
}

static int read_only_stays_so(void)
{
	int fd = host_open("map", O_RDONLY), mem;
	unsigned char *map = host_map(fd, SIZE, PROT_READ);

	EXPECT(fd >= 0 && map != MAP_FAILED);
	EXPECT_ERRNO(mprotect(map, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EXPECT_ERRNO(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	/* a debugger's way of writing may not open it either */
	mem = open("/proc/self/mem", O_RDWR);
	EXPECT(mem >= 0);
	EXPECT(pwrite(mem, "x", 1, (off_t)(uintptr_t)map) < 0);
	EXPECT(map[0] == 1);
	close(mem);
	EXPECT(munmap(map, SIZE) == 0);
	close(fd);
	return 0;
}

static int write_only_maps_nothing(void)
{
	int fd = host_open("map", O_WRONLY);

	EXPECT(fd >= 0);
	EXPECT_ERRNO((long)host_map(fd, SIZE, PROT_READ), EACCES);
	EXPECT_ERRNO((long)host_map(fd, SIZE, PROT_WRITE), EACCES);
	close(fd);
	return 0;
}

static int private_refused(void)
{
	EXPECT_ERRNO((long)mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, region, 0), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, region, 0),
		     EINVAL);
	return 0;
}

static int bounds(void)
{
	void *map;

	EXPECT_ERRNO((long)mmap(NULL, SIZE + PAGE, PROT_READ, MAP_SHARED, region, 0), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, SIZE, PROT_READ, MAP_SHARED, region, PAGE), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, region, SIZE), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, region, 1L << 60), EINVAL);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, region, SIZE - PAGE);
	EXPECT(map != MAP_FAILED);
	EXPECT(munmap(map, PAGE) == 0);
	return 0;
}

static int offsets(void)
{
	unsigned char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, region, 5 * PAGE);

	EXPECT(map != MAP_FAILED);
	EXPECT(pwrite(region, "offset", 6, 5 * PAGE) == 6);
	EXPECT(!memcmp(map, "offset", 6));
	EXPECT(munmap(map, PAGE) == 0);
	return 0;
}

static sigjmp_buf after_fault;

static void on_sigbus(int signal)
{
	siglongjmp(after_fault, signal);
}

static int grown_mapping_faults(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };
	int fd = host_create_open("grown", 2 * PAGE);
	volatile unsigned char *map = host_map(fd, 2 * PAGE, PROT_READ | PROT_WRITE);

	EXPECT(fd >= 0 && map != MAP_FAILED);
	map = mremap((void *)map, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	EXPECT(map != MAP_FAILED);
	map[2 * PAGE - 1] = 1;
	EXPECT(sigaction(SIGBUS, &action, NULL) == 0);
	if (!sigsetjmp(after_fault, 1)) {
		map[2 * PAGE] = 1;
		return ktap_fail("a byte behind the end is there");
	}
	EXPECT(munmap((void *)map, 4 * PAGE) == 0);
	EXPECT(host_destroy("grown") == 0);
	close(fd);
	return 0;
}

static int forked_child_shares(void)
{
	volatile unsigned char *map = host_map(region, SIZE, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	EXPECT(map != MAP_FAILED);
	map[SIZE - 1] = 0;
	pid = fork();
	if (!pid) {
		map[SIZE - 1] = 42;
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	EXPECT(map[SIZE - 1] == 42);
	EXPECT(munmap((void *)map, SIZE) == 0);
	return 0;
}

static int locks(void)
{
	unsigned char *map = host_map(region, SIZE, PROT_READ | PROT_WRITE);

	EXPECT(map != MAP_FAILED);
	EXPECT(mlock(map, SIZE) == 0);
	EXPECT(smaps_value(map, "Locked:") == 65536);
	EXPECT(munmap(map, SIZE) == 0);
	return 0;
}

static int memory_policy(void)
{
	unsigned long nodes = 1;	/* node 0 */
	unsigned char *map = host_map(region, SIZE, PROT_READ | PROT_WRITE);

	EXPECT(map != MAP_FAILED);
	if (syscall(SYS_mbind, map, SIZE, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0) &&
	    errno == ENOSYS)
		return ktap_skip("this kernel has no memory policies");
	EXPECT(syscall(SYS_mbind, map, SIZE, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0) == 0);
	EXPECT(syscall(SYS_mbind, map, SIZE, MPOL_DEFAULT, NULL, 0, 0) == 0);
	EXPECT(munmap(map, SIZE) == 0);
	return 0;
}

/* Punches holes, which only those may who may write zeros as well. */
static int pages_given_back(void)
{
	int fd = host_create_open("holes", 4 * MIB), reader = host_open("holes", O_RDONLY);
	unsigned char *map = host_map(fd, 4 * MIB, PROT_READ | PROT_WRITE);
	unsigned char *view = host_map(reader, 4 * MIB, PROT_READ);
	struct ivshmem_region_info info;

	EXPECT(fd >= 0 && reader >= 0 && map != MAP_FAILED && view != MAP_FAILED);
	memset(map, 1, 4 * MIB);
	EXPECT_ERRNO(madvise(view, 4 * MIB, MADV_REMOVE), EACCES);
	EXPECT(madvise(map, 2 * MIB, MADV_REMOVE) == 0);
	EXPECT(map[0] == 0 && view[2 * MIB - 1] == 0 && view[2 * MIB] == 1);
	EXPECT(munmap(map, 4 * MIB) == 0 && munmap(view, 4 * MIB) == 0);
	EXPECT(host_info(fd, &info) == 0 && info.size == 4 * MIB);
	EXPECT(host_destroy("holes") == 0);
	close(fd);
	close(reader);
	return 0;
}

static int small_region(void)
{
	int fd = host_create_open("small", PAGE);
	unsigned char *map = host_map(fd, PAGE, PROT_READ | PROT_WRITE);
	struct ivshmem_region_info info;

	EXPECT(fd >= 0 && map != MAP_FAILED);
	EXPECT(host_info(fd, &info) == 0 && info.allocated == 0);
	EXPECT(host_all_bytes(map, PAGE, 0));
	memset(map, 7, PAGE);
	EXPECT(host_info(fd, &info) == 0 && info.allocated == PAGE && info.huge == 0);
	EXPECT(munmap(map, PAGE) == 0);
	EXPECT(host_destroy("small") == 0);
	close(fd);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a plain mmap of 64 MiB is all of huge pages", huge_pages },
	{ "a mapping of a region open for reading stays read-only", read_only_stays_so },
	{ "a region open for writing only maps nowhere", write_only_maps_nothing },
	{ "private mappings are refused", private_refused },
	{ "mappings end with the region", bounds },
	{ "mappings begin where they are asked to", offsets },
	{ "a mapping grown by mremap has nothing behind the end", grown_mapping_faults },
	{ "a forked child shares the pages", forked_child_shares },
	{ "mlock locks", locks },
	{ "mbind binds", memory_policy },
	{ "MADV_REMOVE gives pages back, to writers alone", pages_given_back },
	{ "a region of one page", small_region },
};

int main(void)
{
	int status;

	region = host_create_open("map", SIZE);
	status = ktap_run(cases, sizeof(cases) / sizeof(*cases));
	close(region);
	host_destroy("map");
	return status;
}
