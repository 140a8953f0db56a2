// SPDX-License-Identifier: GPL-2.0-only
// In a guest: calls the roll of the device's peers whenever poll() tells of a change, until it is
// killed. Each is a line: ids and generations as the driver lists them, and as the peers' page
// does.

#include <errno.h>
#include <fcntl.h>
#include <linux/ivshmem.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "ivshmem_regs.h"

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static const volatile uint32_t *map_page(int fd, struct ivshmem_info *info)
{
	void *at;

	if (ioctl(fd, IVSHMEM_INFO, info))
		die("INFO");
	at = mmap(NULL, info->peers_size, PROT_READ, MAP_SHARED, fd, info->peers_offset);
	if (at == MAP_FAILED)
		die("mmap of the peers' page");
	return at;
}

static void list_driver(int fd, char *line, size_t size)
{
	struct ivshmem_peers peers = { .next = 0 };
	int len = 0;

	while (ioctl(fd, IVSHMEM_PEERS, &peers) == 0) {
		len += snprintf(line + len, size - len, " %u.%u", peers.next, peers.generation);
		peers = (struct ivshmem_peers){ .next = peers.next + 1 };
	}
	if (errno != ENOENT)
		die("PEERS");
}

static void list_page(const volatile uint32_t *page, uint32_t words, char *line, size_t size)
{
	int len = 0;

	for (uint32_t i = 0; i < words; i++)
		if (page[i] & IVSHMEM_PEER_JOINED)
			len += snprintf(line + len, size - len, " %u.%u", i,
					page[i] >> IVSHMEM_PEER_GENERATION_SHIFT);
}

int main(int argc, char **argv)
{
	char driver[4096], page[4096];
	struct ivshmem_info info = { .flags = 0 };
	const volatile uint32_t *words;
	struct pollfd pollfd = { .events = POLLPRI };

	if (argc != 2)
		return fprintf(stderr, "usage: roll DEVICE\n"), 2;
	pollfd.fd = open(argv[1], O_RDONLY);
	words = map_page(pollfd.fd, &info);
	for (;;) {
		*driver = *page = '\0';
		list_driver(pollfd.fd, driver, sizeof(driver));
		list_page(words, info.max_peers, page, sizeof(page));
		printf("driver%s page%s\n", driver, page);
		fflush(stdout);
		if (poll(&pollfd, 1, -1) < 0)
			die("poll");
	}
}
