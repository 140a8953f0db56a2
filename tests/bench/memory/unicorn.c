// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unicorn's side: map N pages, one call each. Prints the CPU time in microseconds of all calls and
 * of the last one, and Unicorn's version. A program of its own: Unicorn ends its process at 4096.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <unicorn/unicorn.h>

#define BASE	0xc0000000u
#define STRIDE	0x2000u
#define SIZE	0x1000u

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static uc_err map(uc_engine *uc, unsigned long from, unsigned long to)
{
	uc_err err = UC_ERR_OK;

	for (unsigned long i = from; !err && i < to; i++)
		err = uc_mem_map(uc, BASE + i * STRIDE, SIZE, UC_PROT_READ | UC_PROT_WRITE);
	return err;
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;
	unsigned int major, minor;
	double start, last, end;
	uc_engine *uc;
	uc_err err;

	if (!n) {
		fprintf(stderr, "usage: unicorn N\n");
		return EXIT_FAILURE;
	}
	err = uc_open(UC_ARCH_X86, UC_MODE_64, &uc);
	start = cpu_us();
	if (!err)
		err = map(uc, 0, n - 1);
	last = cpu_us();
	if (!err)
		err = map(uc, n - 1, n);
	end = cpu_us();
	if (err) {
		fprintf(stderr, "unicorn: %s\n", uc_strerror(err));
		return EXIT_FAILURE;
	}
	uc_version(&major, &minor);
	printf("%.3f %.3f %u.%u\n", end - start, end - last, major, minor);
	return EXIT_SUCCESS;
}
