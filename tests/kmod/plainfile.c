// SPDX-License-Identifier: GPL-2.0-only
/* IVSHMEM_REGION_FILE: the pages as a plain file that allows no more than the region did. */
#include <sys/resource.h>

#include "host.h"

#define ALICE	12001
#define SIZE	(4 * MIB)

static int region_rw, region_ro;

static int plain(int region)
{
	return ioctl(region, IVSHMEM_REGION_FILE, 0);
}

static int begin(void)
{
	EXPECT(host_create_as("plainfile", SIZE, ALICE, ALICE, 0600) == 0);
	region_rw = host_open("plainfile", O_RDWR);
	region_ro = host_open("plainfile", O_RDONLY);
	EXPECT(region_rw >= 0 && region_ro >= 0);
	return 0;
}

static int has_the_size(void)
{
	struct stat st;
	int fd = plain(region_rw);

	EXPECT(fd >= 0);
	EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	EXPECT(fstat(fd, &st) == 0);
	EXPECT(S_ISREG(st.st_mode) && st.st_size == SIZE);
	EXPECT(lseek(fd, 0, SEEK_END) == SIZE);
	EXPECT(close(fd) == 0);
	return 0;
}

static int has_the_pages(void)
{
	int fd = plain(region_rw);
	char *map, byte;

	EXPECT(fd >= 0);
	EXPECT(pwrite(region_rw, "a", 1, 4097) == 1);
	EXPECT(pread(fd, &byte, 1, 4097) == 1 && byte == 'a');
	map = host_map(fd, SIZE, PROT_READ | PROT_WRITE);
	EXPECT(map != MAP_FAILED);
	map[4097] = 'b';
	EXPECT(pread(region_ro, &byte, 1, 4097) == 1 && byte == 'b');
	EXPECT(munmap(map, SIZE) == 0 && close(fd) == 0);
	return 0;
}

static int keeps_its_size(void)
{
	int fd = plain(region_rw);

	EXPECT(fd >= 0);
	EXPECT(fcntl(fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
	EXPECT_ERRNO(ftruncate(fd, SIZE / 2), EPERM);
	EXPECT_ERRNO(ftruncate(fd, SIZE * 2), EPERM);
	EXPECT_ERRNO(fallocate(fd, 0, SIZE, PAGE), EPERM);
	EXPECT_ERRNO(pwrite(fd, "x", 1, SIZE), EPERM);
	EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	EXPECT(close(fd) == 0);
	return 0;
}

static int of_a_reader_only_reads(void)
{
	int fd = plain(region_ro);
	void *map;

	EXPECT(fd >= 0);
	EXPECT((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 0), EBADF);
	EXPECT_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), EBADF);
	EXPECT(host_map(fd, SIZE, PROT_READ | PROT_WRITE) == MAP_FAILED);
	map = host_map(fd, SIZE, PROT_READ);
	EXPECT(map != MAP_FAILED);
	EXPECT_ERRNO(mprotect(map, SIZE, PROT_READ | PROT_WRITE), EACCES);
	EXPECT(munmap(map, SIZE) == 0 && close(fd) == 0);
	return 0;
}

/* The region's owner, who has nothing but a file for reading here. */
static int as_owner(void)
{
	char path[64];
	int fd = plain(region_ro);

	EXPECT(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_ERRNO(fchmod(fd, 0666), EPERM);
	EXPECT_ERRNO(open(path, O_RDWR), EACCES);
	EXPECT_ERRNO(open(path, O_RDONLY), EACCES);
	return 0;
}

static int opens_for_no_more(void)
{
	return host_as_user(ALICE, ALICE, as_owner);
}

/* Else one user's O_APPEND would end everybody's writing. */
static int shares_no_flags(void)
{
	int one = plain(region_rw), two = plain(region_rw);

	EXPECT(one >= 0 && two >= 0);
	EXPECT(fcntl(one, F_SETFL, O_APPEND) == 0);
	EXPECT((fcntl(two, F_GETFL) & O_APPEND) == 0);
	EXPECT(pwrite(region_rw, "x", 1, 0) == 1 && pwrite(two, "x", 1, 0) == 1);
	EXPECT(close(one) == 0 && close(two) == 0);
	return 0;
}

static int bad_argument(void)
{
	EXPECT_ERRNO(ioctl(region_rw, IVSHMEM_REGION_FILE, 1), EINVAL);
	return 0;
}

static int no_descriptor_left(void)
{
	struct rlimit limit, none;
	int fd;

	EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	fd = dup(region_rw);
	EXPECT(fd >= 0 && close(fd) == 0);
	none = (struct rlimit){ fd, limit.rlim_max };
	EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
	EXPECT_ERRNO(plain(region_rw), EMFILE);
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return 0;
}

static int outlives_the_region(void)
{
	int fd = plain(region_rw);
	char byte;

	EXPECT(fd >= 0);
	EXPECT(pwrite(fd, "z", 1, 0) == 1);
	EXPECT(host_destroy("plainfile") == 0);
	EXPECT(close(region_rw) == 0 && close(region_ro) == 0);
	EXPECT(pread(fd, &byte, 1, 0) == 1 && byte == 'z');
	EXPECT(close(fd) == 0);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a region, open for writing and for reading", begin },
	{ "a plain file of the region's size, closed on exec", has_the_size },
	{ "its pages are the region's", has_the_pages },
	{ "its size and seals are fixed", keeps_its_size },
	{ "that of a reader only reads", of_a_reader_only_reads },
	{ "even the owner opens it for no more by /proc", opens_for_no_more },
	{ "each has flags of its own", shares_no_flags },
	{ "an argument that is not 0", bad_argument },
	{ "no descriptor left", no_descriptor_left },
	{ "it holds the pages after the region is destroyed", outlives_the_region },
};

KTAP_MAIN(cases)
