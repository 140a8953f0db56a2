// SPDX-License-Identifier: GPL-2.0-only
/* An open region is a file of fixed size: read, write, seek, splice, and what it refuses. */
#include <linux/falloc.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "host.h"

#define SIZE	(4 * MIB)

static int region;		/* "file", of SIZE bytes, through all cases */

static int new_pages_are_zero(void)
{
	unsigned char *data = malloc(SIZE + 1);

	EXPECT(pread(region, data, SIZE + 1, 0) == SIZE);
	EXPECT(host_all_bytes(data, SIZE, 0));
	free(data);
	return 0;
}

static int read_and_write(void)
{
	char in[8] = {};

	EXPECT(pwrite(region, "ivshmem", 8, 12345) == 8);
	EXPECT(pread(region, in, 8, 12345) == 8 && !memcmp(in, "ivshmem", 8));
	EXPECT(lseek(region, 0, SEEK_SET) == 0);
	EXPECT(write(region, "abc", 3) == 3);
	EXPECT(lseek(region, 0, SEEK_CUR) == 3);
	EXPECT(write(region, "def", 3) == 3);
	EXPECT(lseek(region, -6, SEEK_CUR) == 0);
	EXPECT(read(region, in, 6) == 6 && !memcmp(in, "abcdef", 6));
	return 0;
}

static int seeks(void)
{
	EXPECT(lseek(region, 0, SEEK_END) == SIZE);
	EXPECT(lseek(region, -1, SEEK_END) == SIZE - 1);
	EXPECT_ERRNO(lseek(region, -1, SEEK_SET), EINVAL);
	EXPECT_ERRNO(lseek(region, 1, SEEK_END), EINVAL);
	EXPECT_ERRNO(lseek(region, 0, 99), EINVAL);
	return 0;
}

static int holes(void)
{
	int fd = host_create_open("holes", 8 * MIB);

	EXPECT(fd >= 0);
	EXPECT(lseek(fd, 0, SEEK_HOLE) == 0);
	EXPECT_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
	EXPECT(pwrite(fd, "x", 1, 6 * MIB) == 1);
	EXPECT(lseek(fd, 0, SEEK_DATA) == 6 * MIB);
	EXPECT(lseek(fd, 0, SEEK_CUR) == 6 * MIB);
	EXPECT(host_destroy("holes") == 0);
	close(fd);
	return 0;
}

static int end_of_region(void)
{
	char buf[8];

	EXPECT(pread(region, buf, 8, SIZE) == 0);
	EXPECT(pread(region, buf, 8, SIZE - 3) == 3);
	EXPECT(pwrite(region, "12345678", 8, SIZE - 3) == 3);
	EXPECT(pread(region, buf, 8, SIZE - 3) == 3 && !memcmp(buf, "123", 3));
	EXPECT_ERRNO(pwrite(region, "x", 1, SIZE), ENOSPC);
	EXPECT_ERRNO(pwrite(region, "x", 1, SIZE + 10 * MIB), ENOSPC);
	EXPECT(pwrite(region, "x", 0, SIZE) == 0);
	EXPECT(lseek(region, 0, SEEK_END) == SIZE);
	return 0;
}

static int append(void)
{
	int fd = host_open("file", O_WRONLY | O_APPEND);

	EXPECT(fd >= 0);
	EXPECT_ERRNO(write(fd, "x", 1), ENOSPC);
	EXPECT_ERRNO(pwrite(fd, "x", 1, 0), ENOSPC);
	close(fd);
	return 0;
}

static int truncating_open(void)
{
	char in[3];
	int fd;

	EXPECT(pwrite(region, "abc", 3, 0) == 3);
	fd = host_open("file", O_RDWR | O_TRUNC | O_CREAT);
	EXPECT(fd >= 0);
	EXPECT(pread(fd, in, 3, 0) == 3 && !memcmp(in, "abc", 3));
	EXPECT(lseek(fd, 0, SEEK_END) == SIZE);
	close(fd);
	return 0;
}

static int size_is_fixed(void)
{
	EXPECT_ERRNO(ftruncate(region, 0), EINVAL);
	EXPECT_ERRNO(truncate(HOST_DIR "file", 0), EINVAL);
	EXPECT_ERRNO(fallocate(region, 0, 0, 2 * SIZE), ENODEV);
	EXPECT_ERRNO(fallocate(region, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE),
		     ENODEV);
	EXPECT_ERRNO(fcntl(region, F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
	EXPECT(lseek(region, 0, SEEK_END) == SIZE);
	return 0;
}

/* Root can reopen what is mapped; even so it can't resize it. */
static int backing_file_is_sealed(void)
{
	char path[64];
	void *map = host_map(region, SIZE, PROT_READ);
	int fd;

	EXPECT(map != MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)map, (long)map + SIZE);
	fd = open(path, O_RDWR);
	EXPECT(fd >= 0);
	EXPECT_ERRNO(ftruncate(fd, 0), EPERM);
	EXPECT_ERRNO(ftruncate(fd, 2 * SIZE), EPERM);
	EXPECT_ERRNO(pwrite(fd, "x", 1, SIZE), EPERM);
	close(fd);
	EXPECT(munmap(map, SIZE) == 0);
	return 0;
}

static int access_modes(void)
{
	char c = 'x';
	int r = host_open("file", O_RDONLY), w = host_open("file", O_WRONLY);

	EXPECT(r >= 0 && w >= 0);
	EXPECT_ERRNO(write(r, &c, 1), EBADF);
	EXPECT_ERRNO(read(w, &c, 1), EBADF);
	EXPECT(write(w, &c, 1) == 1 && read(r, &c, 1) == 1);
	close(r);
	close(w);
	return 0;
}

static int vectors(void)
{
	char a[3] = "abc", b[4] = "defg", in[7];
	struct iovec iov[] = { { a, 3 }, { b, 4 } };

	EXPECT(pwritev(region, iov, 2, PAGE - 2) == 7);
	EXPECT(pread(region, in, 7, PAGE - 2) == 7 && !memcmp(in, "abcdefg", 7));
	EXPECT(pwritev(region, iov, 2, SIZE - 5) == 5);
	EXPECT_ERRNO(preadv2(region, iov, 2, 0, RWF_NOWAIT), EOPNOTSUPP);
	return 0;
}

static int bad_buffers(void)
{
	void *volatile nowhere = (void *)8;	/* unseen by the compiler, which refuses the
						 * constant */

	EXPECT_ERRNO(pread(region, nowhere, 1, 0), EFAULT);
	EXPECT_ERRNO(pwrite(region, nowhere, 1, 0), EFAULT);
	return 0;
}

static int two_files_agree(void)
{
	int other = host_open("file", O_RDWR);
	unsigned char *map = host_map(region, SIZE, PROT_READ | PROT_WRITE), c;

	EXPECT(other >= 0 && map != MAP_FAILED);
	EXPECT(pwrite(other, "Q", 1, 777) == 1);
	EXPECT(map[777] == 'Q');
	map[778] = 'R';
	EXPECT(pread(other, &c, 1, 778) == 1 && c == 'R');
	EXPECT(munmap(map, SIZE) == 0);
	close(other);
	return 0;
}

static int splices(void)
{
	char in[PAGE], out[PAGE];
	loff_t from = 2 * PAGE, to = 4 * PAGE, end = SIZE;
	int p[2];

	memset(out, 'S', PAGE);
	EXPECT(pipe(p) == 0);
	EXPECT(pwrite(region, out, PAGE, from) == PAGE);
	EXPECT(splice(region, &from, p[1], NULL, PAGE, 0) == PAGE);
	EXPECT(splice(p[0], NULL, region, &to, PAGE, 0) == PAGE);
	EXPECT(pread(region, in, PAGE, 4 * PAGE) == PAGE && !memcmp(in, out, PAGE));
	EXPECT(splice(region, &end, p[1], NULL, PAGE, 0) == 0);
	EXPECT(write(p[1], "x", 1) == 1);
	EXPECT_ERRNO(splice(p[0], NULL, region, &end, 1, 0), ENOSPC);
	close(p[0]);
	close(p[1]);
	return 0;
}

static int sendfiles(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	off_t from = 0;
	struct stat st;
	ssize_t n;

	EXPECT(fd >= 0);
	while ((n = sendfile(fd, region, &from, SIZE)) > 0)
		;
	EXPECT(n == 0 && from == SIZE);
	EXPECT(fstat(fd, &st) == 0 && st.st_size == SIZE);
	close(fd);
	return 0;
}

static int syncs(void)
{
	EXPECT(fsync(region) == 0);
	EXPECT(fdatasync(region) == 0);
	return 0;
}

/* Where a file that was not opened as a large one ends. */
static int beyond_two_gib(void)
{
	const uint64_t size = 2048 * MIB;
	int fd;

	if (host_create("huge", size))
		return errno == ENOSPC ? ktap_skip("this machine can't hold 2 GiB") :
					 ktap_fail("create: %s", strerror(errno));
	fd = host_open("huge", O_RDWR);
	EXPECT(fd >= 0);
	EXPECT(pwrite(fd, "end", 3, size - 3) == 3);
	EXPECT(lseek(fd, 0, SEEK_END) == (off_t)size);
	EXPECT(host_destroy("huge") == 0);
	close(fd);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "new pages read as zero", new_pages_are_zero },
	{ "what is written is read", read_and_write },
	{ "llseek knows the size", seeks },
	{ "llseek finds data and holes", holes },
	{ "reading ends at the size, writing with ENOSPC", end_of_region },
	{ "appending finds no space", append },
	{ "O_TRUNC and O_CREAT change nothing", truncating_open },
	{ "the size can't be changed", size_is_fixed },
	{ "nor through the file behind a mapping", backing_file_is_sealed },
	{ "access modes hold", access_modes },
	{ "readv, writev, and no RWF_NOWAIT", vectors },
	{ "bad buffers give EFAULT", bad_buffers },
	{ "two files and a mapping see the same bytes", two_files_agree },
	{ "splice in and out", splices },
	{ "sendfile of all of it", sendfiles },
	{ "fsync succeeds", syncs },
	{ "the last bytes of 2 GiB", beyond_two_gib },
};

int main(void)
{
	int status;

	region = host_create_open("file", SIZE);
	status = ktap_run(cases, sizeof(cases) / sizeof(*cases));
	close(region);
	host_destroy("file");
	return status;
}
