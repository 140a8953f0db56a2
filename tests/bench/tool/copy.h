/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How messages are copied, filled and checked. Small ones are copied by a loop, large ones by
 * `rep movsq`. libc's memcpy() does the like, but with `rep movsb`, which an emulator executes byte
 * by byte, eight times as slowly.
 */
#ifndef TESTS_BENCH_TOOL_COPY_H
#define TESTS_BENCH_TOOL_COPY_H

#include <stddef.h>
#include <stdint.h>

/* From so many bytes on the processor's string move is as fast as a loop, or faster. */
#define COPY_STRING_LEAST	2048

typedef uint64_t copy_vector __attribute__((vector_size(16), aligned(8), may_alias));

/* Both aligned to 8, @len a multiple of 8. The barrier keeps it from being made a memcpy(). */
static inline void copy_loop(void *to, const void *from, size_t len)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (; len >= 64; len -= 64, t += 8, f += 8) {
		copy_vector a = *(const copy_vector *)f, b = *(const copy_vector *)(f + 2);
		copy_vector c = *(const copy_vector *)(f + 4), d = *(const copy_vector *)(f + 6);

		*(copy_vector *)t = a;
		*(copy_vector *)(t + 2) = b;
		*(copy_vector *)(t + 4) = c;
		*(copy_vector *)(t + 6) = d;
		__asm__ volatile("" : : : "memory");
	}
	for (; len >= 8; len -= 8)
		*t++ = *f++;
}

/* The same. */
static inline void copy_string(void *to, const void *from, size_t len)
{
	size_t words = len / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* By memcpy(), or as above. */
static inline void copy_bytes(void *to, const void *from, size_t len, int libc)
{
	if (libc)
		__builtin_memcpy(to, from, len);
	else if (len >= COPY_STRING_LEAST)
		copy_string(to, from, len);
	else
		copy_loop(to, from, len);
}

/*
 * What --verify sends: each word follows from where in the run it is, and from the run's seed, so
 * that what is lost, doubled, stale, moved or garbled shows.
 */
#define PATTERN_STEP	0x9e3779b97f4a7c15ull

static inline void pattern_fill(void *to, size_t len, uint64_t seed, uint64_t position)
{
	uint64_t *t = (uint64_t *)to, value = seed + position / 8 * PATTERN_STEP;
	size_t i;

	for (i = 0; i < len / 8; i++, value += PATTERN_STEP)
		t[i] = value;
}

/* Where in @from the first byte is that is none of the pattern's; @len: nowhere. */
static inline size_t pattern_check(const void *from, size_t len, uint64_t seed, uint64_t position)
{
	const uint64_t *f = (const uint64_t *)from;
	uint64_t value = seed + position / 8 * PATTERN_STEP;
	size_t i;

	for (i = 0; i < len / 8; i++, value += PATTERN_STEP)
		if (f[i] != value)
			return i * 8 + (size_t)__builtin_ctzll(f[i] ^ value) / 8;
	return len;
}

#endif /* TESTS_BENCH_TOOL_COPY_H */
