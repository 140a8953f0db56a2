/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that come again: the environment's SEED, else always the same, decides. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t random_seed(void)
{
	const char *env = getenv("SEED");

	return env ? strtoull(env, NULL, 0) : 20240229;
}

/* Of a seed: the state that random_next() begins with, which is never 0. */
static inline uint64_t random_begin(uint64_t seed)
{
	return seed * 2 + 1;
}

static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* 0 to @n - 1 */
static inline unsigned int random_below(uint64_t *state, unsigned int n)
{
	return (random_next(state) >> 20) % n;
}

#endif /* TESTS_RANDOM_H */
