/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of ring and queue share: pages of any content, a doorbell that counts. */
#ifndef TESTS_RING_MEMORY_H
#define TESTS_RING_MEMORY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ktap.h"
#include "random.h"

struct counter {
	unsigned int rings;
	unsigned int last;
};

static inline void counter_ring(void *opaque, unsigned int number)
{
	struct counter *c = opaque;

	c->rings++;
	c->last = number;
}

static inline struct ivs_bell counter_bell(struct counter *c)
{
	return (struct ivs_bell){ counter_ring, c };
}

/* Behind it is nothing: an access beyond @size ends the program. */
static inline unsigned char *memory_get(size_t size)
{
	unsigned char *mem = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || mprotect(mem + size, 4096, PROT_NONE)) {
		perror("mmap");
		exit(1);
	}
	return mem;
}

static inline void memory_put(void *mem, size_t size)
{
	munmap(mem, size + 4096);
}

/* Random numbers, always the same unless SEED says otherwise. */
static inline uint64_t rnd_seed(void)
{
	return random_begin(random_seed());
}

static inline uint32_t rnd_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(random_next(state) >> 20) % n;
}

#endif /* TESTS_RING_MEMORY_H */
