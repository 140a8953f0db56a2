/* SPDX-License-Identifier: GPL-2.0-only */
/* What unit tests share: cmocka and a seeded random stream. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/memory.h"

#define assert_ok(call)	assert_int_equal(call, 0)

struct rnd {
	uint64_t state;
};

/* Seeded by the environment's SEED, else always the same; the seed is printed. */
static inline struct rnd rnd_start(void)
{
	const char *env = getenv("SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : 20240229;

	printf("# SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return (struct rnd){ seed * 2 + 1 };
}

/* 0 to @n - 1 */
static inline unsigned int rnd(struct rnd *r, unsigned int n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (r->state >> 20) % n;
}

#endif /* TESTS_UNIT_UNIT_H */
