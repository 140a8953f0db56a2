/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages that all workers share: a file of huge pages, as far as this machine gives any. */
#ifndef TESTS_BENCH_NATIVE_SHARED_H
#define TESTS_BENCH_NATIVE_SHARED_H

#include <stdint.h>
#include <sys/types.h>

struct shared {
	int fd;
	void *mem;		/* REGION_SIZE bytes, mapped here too */
	const char *kind;	/* of file, for people */
};

/* 0, or -errno with the reason printed. */
int shared_create(struct shared *s);
void shared_destroy(struct shared *s);

/* KiB of the mapping around @at in process @pid that the processor sees as pages of 2 MiB. */
uint64_t shared_huge_kib(pid_t pid, const void *at);

#endif /* TESTS_BENCH_NATIVE_SHARED_H */
