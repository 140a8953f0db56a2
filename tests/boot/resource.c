// SPDX-License-Identifier: GPL-2.0-only
// In a guest: the device without a driver of ours, through the files of its BARs in sysfs, as
// programs of user space use it.

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ivshmem_regs.h"

static void die(const char *what)
{
	fprintf(stderr, "resource: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A whole BAR of the device in the folder @pci. */
static void *map_bar(const char *pci, int bar)
{
	char path[128];
	struct stat st;
	void *at;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%d", pci, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(path);
	at = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	close(fd);
	return at;
}

static volatile uint32_t *reg(const char *pci, unsigned int offset)
{
	return (volatile uint32_t *)((char *)map_bar(pci, IVSHMEM_BAR_REGS) + offset);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "id"))
		printf("%u\n", *reg(argv[1], IVSHMEM_IV_POSITION));
	else if (argc == 5 && !strcmp(argv[2], "ring"))
		*reg(argv[1], IVSHMEM_DOORBELL) = strtoul(argv[3], NULL, 0)
							  << IVSHMEM_DOORBELL_PEER_SHIFT |
						  strtoul(argv[4], NULL, 0);
	else if (argc == 4 && !strcmp(argv[2], "say"))
		strcpy(map_bar(argv[1], IVSHMEM_BAR_MEM), argv[3]);
	else if (argc == 3 && !strcmp(argv[2], "hear"))
		printf("%s\n", (char *)map_bar(argv[1], IVSHMEM_BAR_MEM));
	else
		return fprintf(stderr, "usage: resource PCI id|hear|say TEXT|ring PEER VECTOR\n"),
		       2;
	return 0;
}
