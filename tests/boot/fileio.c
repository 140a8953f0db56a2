// SPDX-License-Identifier: GPL-2.0-only
// In a guest: read, write and seek on /dev/ivshmemN are those of a file of fixed size.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define BLOCK 300000

/* Opens the device and finds its size by seeking; -1 after telling why not. */
static int open_sized(int flags, off_t *size)
{
	int fd = open(device, flags);

	if (fd < 0)
		return ktap_fail("open: %s", strerror(errno));
	*size = lseek(fd, 0, SEEK_END);
	return fd;
}

static void fill(unsigned char *block, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		block[i] = (i * 31 + seed) >> 3;
}

static int round_trip_at(int fd, off_t offset, unsigned int seed)
{
	static unsigned char out[BLOCK], in[BLOCK];

	fill(out, BLOCK, seed);
	if (guest_result("pwrite", pwrite(fd, out, BLOCK, offset), BLOCK) ||
	    guest_result("pread", pread(fd, in, BLOCK, offset), BLOCK))
		return -1;
	return memcmp(in, out, BLOCK) ? ktap_fail("other bytes come back at %ld", (long)offset) : 0;
}

static int round_trip(void)
{
	off_t size;
	int fd = open_sized(O_RDWR, &size);
	int bad = fd < 0 || round_trip_at(fd, 0, 1) || round_trip_at(fd, 4095, 2) ||
		  round_trip_at(fd, size - BLOCK, 3);

	close(fd);
	return bad ? -1 : 0;
}

static int end_of_file(void)
{
	char byte[2];
	off_t size;
	int fd = open_sized(O_RDONLY, &size);
	int bad = fd < 0 || guest_result("read across the end", pread(fd, byte, 2, size - 1), 1) ||
		  guest_result("read at the end", pread(fd, byte, 1, size), 0) ||
		  guest_result("read past the end", pread(fd, byte, 1, size + 4096), 0);

	close(fd);
	return bad ? -1 : 0;
}

static int no_space(void)
{
	off_t size;
	int fd = open_sized(O_RDWR, &size);
	int bad = fd < 0 ||
		  guest_result("write across the end", pwrite(fd, "ab", 2, size - 1), 1) ||
		  guest_errno("write at the end", pwrite(fd, "a", 1, size), ENOSPC) ||
		  guest_errno("write past the end", pwrite(fd, "a", 1, size + 4096), ENOSPC) ||
		  guest_result("write of nothing at the end", pwrite(fd, "a", 0, size), 0);

	close(fd);
	return bad ? -1 : 0;
}

static int seeking(void)
{
	off_t size;
	int fd = open_sized(O_RDONLY, &size);
	int bad = fd < 0 || guest_result("SEEK_SET", lseek(fd, 10, SEEK_SET), 10) ||
		  guest_result("SEEK_CUR", lseek(fd, 5, SEEK_CUR), 15) ||
		  guest_result("SEEK_END", lseek(fd, -1, SEEK_END), size - 1) ||
		  guest_errno("SEEK_SET before the start", lseek(fd, -1, SEEK_SET), EINVAL) ||
		  guest_errno("SEEK_END past the end", lseek(fd, 1, SEEK_END), EINVAL);

	close(fd);
	return bad ? -1 : 0;
}

static int bad_pointers(void)
{
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	off_t size;
	int fd = open_sized(O_RDWR, &size);
	int bad = fd < 0 || guest_errno("read to nowhere", pread(fd, nowhere, 4096, 0), EFAULT) ||
		  guest_errno("write from nowhere", pwrite(fd, nowhere, 4096, 0), EFAULT);

	close(fd);
	munmap(nowhere, 4096);
	return bad ? -1 : 0;
}

/* The buffer may be a mapping of the very device, which nothing has touched. */
static int own_mapping(void)
{
	const char text[] = "from one end to the other";
	off_t size;
	int fd = open_sized(O_RDWR, &size);
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int bad = fd < 0 || map == MAP_FAILED ||
		  guest_result("pwrite", pwrite(fd, text, sizeof(text), 0), sizeof(text)) ||
		  guest_result("read into the mapping", pread(fd, map + size / 2, 4096, 0), 4096) ||
		  guest_result("write from it", pwrite(fd, map + size / 2, 4096, size - 4096),
			       4096);

	if (!bad && (strcmp(map + size / 2, text) || strcmp(map + size - 4096, text)))
		bad = ktap_fail("other bytes arrive");
	if (map != MAP_FAILED)
		munmap(map, size);
	close(fd);
	return bad ? -1 : 0;
}

static int syncing(void)
{
	int fd = open(device, O_RDWR);
	int bad = guest_result("fsync", fsync(fd), 0);

	close(fd);
	return bad;
}

/* Moves @size bytes at @from to @to of the device through a pipe. */
static int splice_block(int fd, loff_t from, loff_t to, size_t size)
{
	int pipes[2], bad;

	if (pipe(pipes))
		return ktap_fail("pipe: %s", strerror(errno));
	bad = guest_result("splice from it", splice(fd, &from, pipes[1], NULL, size, 0), size) ||
	      guest_result("splice to it", splice(pipes[0], NULL, fd, &to, size, 0), size);
	close(pipes[0]);
	close(pipes[1]);
	return bad ? -1 : 0;
}

static int splicing(void)
{
	char text[] = "moved by splice", found[sizeof(text)] = "";
	off_t size;
	int fd = open_sized(O_RDWR, &size);
	int bad = fd < 0 ||
		  guest_result("pwrite", pwrite(fd, text, sizeof(text), 8192), sizeof(text)) ||
		  splice_block(fd, 8192, size - 4096, 4096) ||
		  guest_result("pread", pread(fd, found, sizeof(found), size - 4096),
			       sizeof(found));

	if (!bad && strcmp(text, found))
		bad = ktap_fail("'%s' arrives", found);
	close(fd);
	return bad ? -1 : 0;
}

static int no_writing(void)
{
	int fd = open(device, O_RDONLY);
	int bad = guest_errno("write to a file opened for reading", write(fd, "a", 1), EBADF);

	close(fd);
	return bad;
}

/* A full file of fixed size can only be appended nothing to. */
static int appending(void)
{
	int fd = open(device, O_WRONLY | O_APPEND);
	int bad = fd < 0 ? ktap_fail("open: %s", strerror(errno)) :
			   guest_errno("write", write(fd, "x", 1), ENOSPC);

	close(fd);
	return bad;
}

static const struct ktap_case cases[] = {
	{ "what is written is read, within, across and at the end of pages", round_trip },
	{ "reading ends at the size", end_of_file },
	{ "writing ends at the size, with ENOSPC behind it", no_space },
	{ "appending finds no space", appending },
	{ "seeking knows the size", seeking },
	{ "a bad buffer gives EFAULT", bad_pointers },
	{ "a mapping of the device serves as the buffer", own_mapping },
	{ "splice moves bytes out and in", splicing },
	{ "fsync has nothing to do", syncing },
	{ "no writing without having opened for it", no_writing },
};

GUEST_MAIN(cases)
