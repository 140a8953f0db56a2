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

#include "../random.h"
#include "memory/memory.h"

#define assert_ok(call)	assert_int_equal(call, 0)

struct rnd {
	uint64_t state;
};

/* Seeded by the environment's SEED, else always the same; the seed is printed. */
static inline struct rnd rnd_start(void)
{
	uint64_t seed = random_seed();

	printf("# SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return (struct rnd){ random_begin(seed) };
}

/* 0 to @n - 1 */
static inline unsigned int rnd(struct rnd *r, unsigned int n)
{
	return random_below(&r->state, n);
}

#endif /* TESTS_UNIT_UNIT_H */
