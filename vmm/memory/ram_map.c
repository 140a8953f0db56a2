// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host memory of a block: addresses for all that it may become, aligned so that huge pages fit,
 * with memory behind as many of them as it has ever used.
 */
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory/ramblock.h"

uint64_t ram_fd_page_size(int fd)
{
	struct statfs fs;

	if (fd >= 0 && !fstatfs(fd, &fs) && fs.f_type == HUGETLBFS_MAGIC)
		return fs.f_bsize;
	return sysconf(_SC_PAGESIZE);
}

/* Addresses for @size bytes from one that is @skew above a multiple of @align. */
static void *reserve_aligned(uint64_t size, uint64_t align, uint64_t skew)
{
	uint64_t room = size + 2 * align;
	char *base, *start;

	base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return MAP_FAILED;
	start = (char *)ram_align_up((uintptr_t)base, align) + skew;
	if (start != base)
		munmap(base, start - base);
	if (start + size != base + room)
		munmap(start + size, base + room - (start + size));
	return start;
}

/* What is reserved is anonymous memory already, but for the right to touch it. */
static int map_anonymous(struct ram_block *block, uint64_t size)
{
	return mprotect(block->host, size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

static int map_file(struct ram_block *block, uint64_t size)
{
	int prot = PROT_READ | (block->flags & RAM_READONLY ? 0 : PROT_WRITE);
	int flags = MAP_FIXED | (block->flags & RAM_SHARED ? MAP_SHARED : MAP_PRIVATE);
	void *host = mmap(block->host, size, prot, flags, block->fd, block->fd_offset);

	return host == MAP_FAILED ? -errno : 0;
}

int ram_map(struct ram_block *block)
{
	uint64_t align = block->page_size > RAM_HUGE_PAGE ? block->page_size : RAM_HUGE_PAGE;
	uint64_t reserved = ram_align_up(block->max, block->page_size);
	uint64_t mapped = ram_align_up(block->used, block->page_size);
	void *host;
	int ret;

	host = reserve_aligned(reserved, align, block->fd_offset & (align - 1));
	if (host == MAP_FAILED)
		return -errno;
	block->host = host;
	ret = block->fd < 0 ? map_anonymous(block, mapped) : map_file(block, mapped);
	if (ret) {
		munmap(host, reserved);
		return ret;
	}
	block->reserved = reserved;
	block->mapped = mapped;
	return 0;
}

void ram_unmap(struct ram_block *block)
{
	if (block->reserved)
		munmap(block->host, block->reserved);
}

/* Zero again, and given back to the host where that is whole pages. */
static void map_discard(struct ram_block *block, uint64_t from, uint64_t to)
{
	if (madvise(block->host + from, to - from, MADV_DONTNEED))
		memset(block->host + from, 0, to - from);
}

/*
 * Bytes between an end and that of its page are zeroed when they become RAM, not when they cease to
 * be: until views change, a guest may still write them.
 */
int ram_map_resize(struct ram_block *block, uint64_t size)
{
	uint64_t old = ram_align_up(block->used, block->page_size);
	uint64_t new = ram_align_up(size, block->page_size);
	int ret;

	if (new < old) {
		map_discard(block, new, old);
		return 0;
	}
	if (new > block->mapped) {
		ret = map_anonymous(block, new);
		if (ret)
			return ret;
		block->mapped = new;
	}
	if (size > block->used)
		memset(block->host + block->used, 0, (size < old ? size : old) - block->used);
	if (new > old)
		map_discard(block, old, new);
	return 0;
}
