// SPDX-License-Identifier: GPL-2.0-only
// In a guest: the page of the registers, mapped: who may, what is there, what is refused.

#include <fcntl.h>
#include <linux/ivshmem.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "ivshmem_regs.h"

#define PAGE 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define SECOND 1000000000ll

static struct ivshmem_info info;

static int opened(int flags)
{
	return open(device, flags | O_CLOEXEC);
}

static volatile uint32_t *map(int fd, int prot, uint64_t offset, size_t size)
{
	return mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);
}

static int page_of_its_own(void)
{
	EXPECT(info.regs_size == PAGE);
	EXPECT(info.regs_offset >= info.size && info.regs_offset % PAGE == 0);
	EXPECT(info.peers_offset >= info.regs_offset + info.regs_size);
	EXPECT(info.peers_offset % PAGE == 0 && info.peers_size % PAGE == 0);
	EXPECT(info.peers_size >= info.max_peers * sizeof(uint32_t));
	return 0;
}

static int own_id(void)
{
	int fd = opened(O_RDWR);
	volatile uint32_t *regs = map(fd, PROT_READ, info.regs_offset, PAGE);

	close(fd);
	EXPECT((void *)regs != MAP_FAILED);
	EXPECT(regs[IVSHMEM_IV_POSITION / 4] == info.position);
	munmap((void *)regs, PAGE);
	return 0;
}

static int ring_by_store(void)
{
	struct ivshmem_wait wait;
	int fd = opened(O_RDWR);
	volatile uint32_t *regs = map(fd, RW, info.regs_offset, PAGE);

	EXPECT((void *)regs != MAP_FAILED);
	for (uint32_t v = 0; v < info.interrupts; v++) {
		wait = (struct ivshmem_wait){ .vector = v, .timeout_ns = 60 * SECOND };
		regs[IVSHMEM_DOORBELL / 4] = info.position << IVSHMEM_DOORBELL_PEER_SHIFT | v;
		EXPECT(!ioctl(fd, IVSHMEM_WAIT, &wait) && wait.count == 1);
	}
	munmap((void *)regs, PAGE);
	close(fd);
	return 0;
}

/* Whoever may ring changes nothing that others depend on. */
static int rest_not_written(void)
{
	int fd = opened(O_RDWR);
	volatile uint32_t *regs = map(fd, RW, info.regs_offset, PAGE);

	close(fd);
	EXPECT((void *)regs != MAP_FAILED);
	for (size_t i = IVSHMEM_EXT_ABI / 4; i < IVSHMEM_REGS_SIZE / 4; i++) {
		uint32_t before = regs[i];

		regs[i] = ~before;
		EXPECT(regs[i] == before);
	}
	munmap((void *)regs, PAGE);
	return 0;
}

static int regs_need_writing(void)
{
	EXPECT(guest_map_errno(O_RDONLY, PROT_READ, MAP_SHARED, info.regs_offset, PAGE) == EACCES);
	return 0;
}

static int regs_shared(void)
{
	EXPECT(guest_map_errno(O_RDWR, RW, MAP_PRIVATE, info.regs_offset, PAGE) == EINVAL);
	return 0;
}

static int regs_longer(void)
{
	EXPECT(guest_map_errno(O_RDWR, RW, MAP_SHARED, info.regs_offset, 2 * PAGE) == EINVAL);
	return 0;
}

/* The last page of the memory and the registers as one. */
static int regs_across(void)
{
	uint64_t before = info.regs_offset - PAGE;

	EXPECT(guest_map_errno(O_RDWR, RW, MAP_SHARED, before, PAGE) == 0);
	EXPECT(guest_map_errno(O_RDWR, RW, MAP_SHARED, before, 2 * PAGE) == EINVAL);
	return 0;
}

/* Pages of a device are no memory that a transfer could go to. */
static int regs_no_file(void)
{
	uint32_t word;
	int fd = opened(O_RDWR);

	EXPECT(pread(fd, &word, sizeof(word), (off_t)info.regs_offset) == 0);
	EXPECT_ERRNO(pwrite(fd, &word, sizeof(word), (off_t)info.regs_offset), ENOSPC);
	close(fd);
	return 0;
}

static int behind_all(void)
{
	uint64_t end = info.peers_offset + info.peers_size;

	EXPECT(guest_map_errno(O_RDWR, PROT_READ, MAP_SHARED, end, PAGE) == EINVAL);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "INFO tells where registers and peers are", page_of_its_own },
	{ "the registers tell the own id", own_id },
	{ "a store rings each vector that has an interrupt", ring_by_store },
	{ "no other register can be written", rest_not_written },
	{ "registers through a file that is open for reading give EACCES", regs_need_writing },
	{ "registers mapped privately give EINVAL", regs_shared },
	{ "more than the page of the registers gives EINVAL", regs_longer },
	{ "memory and registers in one mapping give EINVAL", regs_across },
	{ "registers are not read or written as memory", regs_no_file },
	{ "what is behind registers and peers' page gives EINVAL", behind_all },
};

int main(int argc, char **argv)
{
	int fd;

	if (guest_main(argc, argv))
		return 2;
	alarm(300);
	fd = opened(O_RDONLY);
	if (fd < 0 || ioctl(fd, IVSHMEM_INFO, &info)) {
		fprintf(stderr, "registers: %s: %s\n", device, strerror(errno));
		return 1;
	}
	close(fd);
	return ktap_run(cases, sizeof(cases) / sizeof(*cases));
}
