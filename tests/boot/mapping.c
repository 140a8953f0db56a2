// SPDX-License-Identifier: GPL-2.0-only
// In a guest: what mmap on /dev/ivshmemN allows, what it refuses, and how many page faults it
// takes.

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define PAGE 4096ul
#define HUGE (2ul << 20)
#define RW (PROT_READ | PROT_WRITE)

struct mapping {
	int fd;
	size_t size;
	char *at;
};

static int mapping_open(struct mapping *map, int flags, int prot)
{
	map->at = MAP_FAILED;
	map->fd = open(device, flags);
	if (map->fd < 0)
		return ktap_fail("open: %s", strerror(errno));
	map->size = lseek(map->fd, 0, SEEK_END);
	map->at = mmap(NULL, map->size, prot, MAP_SHARED, map->fd, 0);
	return map->at == MAP_FAILED ? ktap_fail("mmap: %s", strerror(errno)) : 0;
}

static void mapping_close(struct mapping *map)
{
	if (map->at != MAP_FAILED)
		munmap(map->at, map->size);
	if (map->fd >= 0)
		close(map->fd);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Faults taken by writing a byte to each page. */
static long touch(char *at, size_t size)
{
	long before = faults();

	for (size_t i = 0; i < size; i += PAGE)
		((volatile char *)at)[i] = 1;
	return faults() - before;
}

static int refused(int flags, size_t more, int prot, int map_flags, off_t offset, int want)
{
	int fd = open(device, flags);
	size_t size = lseek(fd, 0, SEEK_END) + more;
	void *at = mmap(NULL, size, prot, map_flags, fd, offset);
	int bad = guest_errno("mmap", at == MAP_FAILED ? -1 : 0, want);

	close(fd);
	return bad;
}

static int private_refused(void)
{
	return refused(O_RDWR, 0, RW, MAP_PRIVATE, 0, EINVAL);
}

static int private_read_refused(void)
{
	return refused(O_RDONLY, 0, PROT_READ, MAP_PRIVATE, 0, EINVAL);
}

static int longer_refused(void)
{
	return refused(O_RDWR, PAGE, RW, MAP_SHARED, 0, EINVAL);
}

static int shifted_refused(void)
{
	return refused(O_RDWR, 0, RW, MAP_SHARED, PAGE, EINVAL);
}

static int far_refused(void)
{
	return refused(O_RDWR, 0, RW, MAP_SHARED, INT64_MAX & -PAGE, EINVAL);
}

static int writable_refused(void)
{
	return refused(O_RDONLY, 0, RW, MAP_SHARED, 0, EACCES);
}

static int stays_read_only(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDONLY, PROT_READ) ||
		  guest_errno("mprotect", mprotect(map.at, PAGE, RW), EACCES);

	mapping_close(&map);
	return bad ? -1 : 0;
}

static int last_page(void)
{
	struct mapping map;
	char *last = MAP_FAILED;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		last = mmap(NULL, PAGE, RW, MAP_SHARED, map.fd, map.size - PAGE);
		bad = last == MAP_FAILED ? ktap_fail("mmap: %s", strerror(errno)) : 0;
	}
	if (!bad) {
		strcpy(last, "end");
		bad = strcmp(map.at + map.size - PAGE, "end") ? ktap_fail("not the last page") : 0;
		munmap(last, PAGE);
	}
	mapping_close(&map);
	return bad;
}

static int same_bytes(void)
{
	struct mapping map;
	char text[6] = "";
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		strcpy(map.at + HUGE - 3, "hello");
		bad = pread(map.fd, text, sizeof(text), HUGE - 3) != sizeof(text) ||
		      strcmp(text, "hello");
	}
	mapping_close(&map);
	return bad ? ktap_fail("'%s' is read where 'hello' is mapped", text) : 0;
}

static int huge_faults(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDWR, RW);
	long taken = bad ? -1 : touch(map.at, map.size);

	if (!bad && (uintptr_t)map.at % HUGE)
		bad = ktap_fail("the mapping is at %p, not a multiple of 2 MiB", map.at);
	if (!bad)
		bad = guest_result("faults of touching every page", taken, map.size / HUGE);
	mapping_close(&map);
	return bad;
}

/* Half a huge page can't be mapped by one: its pages come one by one, the rest stays huge. */
static int partial_huge(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad && munmap(map.at, HUGE / 2))
		bad = ktap_fail("munmap: %s", strerror(errno));
	if (!bad)
		bad = guest_result("faults of the half", touch(map.at + HUGE / 2, HUGE / 2),
				   HUGE / 2 / PAGE);
	if (!bad)
		bad = guest_result("faults of the rest", touch(map.at + HUGE, map.size - HUGE),
				  map.size / HUGE - 1);
	mapping_close(&map);
	return bad;
}

/* The protection of a part changes and changes back: its huge page is split, and stays so. */
static int protect_part(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		touch(map.at, map.size);
		map.at[HUGE / 2] = 'x';
		bad = guest_result("mprotect", mprotect(map.at, HUGE / 2, PROT_READ), 0) ||
		      guest_result("mprotect", mprotect(map.at, HUGE / 2, RW), 0);
	}
	if (!bad) {
		touch(map.at, HUGE);
		bad = map.at[0] != 1 || map.at[HUGE / 2] != 1 ? ktap_fail("writes got lost") : 0;
	}
	mapping_close(&map);
	return bad ? -1 : 0;
}

static int cannot_grow(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		void *at = mremap(map.at, map.size, map.size + HUGE, MREMAP_MAYMOVE);

		bad = guest_errno("mremap", at == MAP_FAILED ? -1 : 0, EFAULT);
	}
	mapping_close(&map);
	return bad;
}

static int moves(void)
{
	struct mapping map;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		char *to = mmap(NULL, map.size + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);
		char *moved;

		touch(map.at, map.size);
		strcpy(map.at + HUGE, "moved");
		moved = mremap(map.at, map.size, map.size, MREMAP_MAYMOVE | MREMAP_FIXED,
			       to + PAGE);
		if (moved == MAP_FAILED || strcmp(moved + HUGE, "moved"))
			bad = ktap_fail("the bytes are not where they were moved to");
		else
			map.at = moved;
	}
	mapping_close(&map);
	return bad;
}

static int child_sees(void)
{
	struct mapping map;
	int status = -1;
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad) {
		touch(map.at, map.size);
		strcpy(map.at, "parent");
		if (!fork()) {
			int wrong = strcmp(map.at, "parent");

			strcpy(map.at + HUGE, "child");
			_exit(wrong ? 1 : 0);
		}
		wait(&status);
		bad = status || strcmp(map.at + HUGE, "child") ? ktap_fail("they don't share") : 0;
	}
	mapping_close(&map);
	return bad;
}

/*
 * Nobody may take references to pages that have no struct page, by the lockless walk least of all.
 */
static int no_page_references(void)
{
	struct mapping map;
	struct iovec vector;
	int pipes[2];
	int bad = mapping_open(&map, O_RDWR, RW);

	if (!bad && !pipe(pipes)) {
		touch(map.at, map.size);
		vector = (struct iovec){ .iov_base = map.at + HUGE, .iov_len = PAGE };
		bad = guest_errno("vmsplice", vmsplice(pipes[1], &vector, 1, 0), EFAULT);
		close(pipes[0]);
		close(pipes[1]);
	}
	mapping_close(&map);
	return bad;
}

static const struct ktap_case cases[] = {
	{ "a private mapping is refused", private_refused },
	{ "a private read-only mapping is refused", private_read_refused },
	{ "a mapping longer than the memory is refused", longer_refused },
	{ "a mapping that ends past the memory is refused", shifted_refused },
	{ "a mapping far behind the memory is refused", far_refused },
	{ "writing needs a file opened for it", writable_refused },
	{ "a read-only mapping stays so", stays_read_only },
	{ "the last page alone is mapped", last_page },
	{ "mapping and reading show the same bytes", same_bytes },
	{ "a fault maps 2 MiB", huge_faults },
	{ "a part of 2 MiB is mapped by pages, the rest still 2 MiB at a time", partial_huge },
	{ "the protection of a part changes and changes back", protect_part },
	{ "a mapping can't grow", cannot_grow },
	{ "a mapping moves, even to where huge pages don't fit", moves },
	{ "a child shares the mapping", child_sees },
	{ "no references to the pages are given", no_page_references },
};

GUEST_MAIN(cases)
