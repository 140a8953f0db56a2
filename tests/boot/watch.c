// SPDX-License-Identifier: GPL-2.0-only
// On the host: fills a region with words that follow from their offsets, and then compares it over
// and over until SIGTERM: nothing that a guest's firmware or kernel does to its BARs may show
// here.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FACTOR 2654435761u

static volatile sig_atomic_t told_to_end;

static void end(int signal)
{
	(void)signal;
	told_to_end = 1;
}

/* The first word that is not what it should be; its index, or @count. */
static size_t compare(const volatile uint32_t *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (words[i] != (uint32_t)(i * 4) * FACTOR)
			break;
	return i;
}

static int watch(volatile uint32_t *words, size_t count)
{
	unsigned long rounds = 0;

	for (size_t i = 0; i < count; i++)
		words[i] = (uint32_t)(i * 4) * FACTOR;
	puts("watching");
	fflush(stdout);
	while (!told_to_end) {
		size_t at = compare(words, count);

		if (at < count) {
			printf("at 0x%zx: 0x%08x\n", at * 4, words[at]);
			return 1;
		}
		rounds++;
	}
	printf("%lu rounds\n", rounds);
	return rounds ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	off_t size;
	void *at;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: watch REGION\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	fd = open(argv[1], O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		fprintf(stderr, "watch: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return watch(at, size / sizeof(uint32_t));
}
