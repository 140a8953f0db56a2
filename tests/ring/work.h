/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is sent in the tests: records whose every byte follows from their number, so that what was
 * lost, doubled, mixed up or garbled shows. They come in batches, with pauses in which the other
 * side falls asleep.
 */
#ifndef TESTS_RING_WORK_H
#define TESTS_RING_WORK_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "bells.h"
#include "memory.h"

#include <ivshmem/ring.h>

#define WORK_MAX	1000

static inline uint64_t work_mix(uint64_t n)
{
	n ^= n >> 31;
	n *= 0x9e3779b97f4a7c15ull;
	n ^= n >> 29;
	return n;
}

/* Bytes of record @n, in 8 to WORK_MAX. */
static inline size_t work_length(uint64_t n)
{
	return 8 + work_mix(n) % (WORK_MAX - 8);
}

static inline void work_fill(unsigned char *to, uint64_t n, size_t len)
{
	size_t i;

	memcpy(to, &n, 8);
	for (i = 8; i < len; i++)
		to[i] = (unsigned char)(n * 31 + i * 7);
}

/* The number of a record, or UINT64_MAX if it is not as it was filled. */
static inline uint64_t work_check(const unsigned char *from, size_t len)
{
	uint64_t n;
	size_t i;

	if (len < 8)
		return UINT64_MAX;
	memcpy(&n, from, 8);
	for (i = 8; i < len; i++)
		if (from[i] != (unsigned char)(n * 31 + i * 7))
			return UINT64_MAX;
	return n;
}

/* Time for the other side to catch up, and to sleep. */
static inline void work_pause(uint64_t *random)
{
	if (!rnd_below(random, 2000))
		usleep(rnd_below(random, 200));
}

/* Sends record @n, waiting for room; 0, or why the session is over. */
static inline int work_send(struct ivs_ring *r, struct bells *b, uint64_t n)
{
	size_t len = work_length(n);
	void *to = NULL;
	int ret;

	while (ivs_waits(ret = ivs_ring_reserve(r, len, &to)))
		if (ivs_ring_sleep(r, n % 3 ? 0 : r->capacity / 2))
			bells_wait(b);
	if (!ret)
		work_fill(to, n, len);
	return ret;
}

/* Receives a record and gives its number; 0, or why the session is over. */
static inline int work_receive(struct ivs_ring *r, struct bells *b, uint64_t *n)
{
	const void *from = NULL;
	size_t len = 0;
	int ret;

	while (ivs_waits(ret = ivs_ring_next(r, &from, &len)))
		if (ivs_ring_sleep(r, 0))
			bells_wait(b);
	if (ret)
		return ret;
	*n = work_check((const unsigned char *)from, len);
	return len == work_length(*n) ? 0 : -EBADMSG;
}

/* Sends records 0 to @count - 1; 0, or what was wrong. */
static inline int work_produce(struct ivs_ring *r, struct bells *b, uint64_t count)
{
	uint64_t random = work_mix(count) | 1, n;
	int ret;

	for (n = 0; n < count; n++) {
		ret = work_send(r, b, n);
		if (ret)
			return ret;
		if (!rnd_below(&random, 8))
			ivs_ring_publish(r);
		work_pause(&random);
	}
	ivs_ring_publish(r);
	return 0;
}

static inline int work_consume(struct ivs_ring *r, struct bells *b, uint64_t count)
{
	uint64_t random = work_mix(count + 1) | 1, n, got;
	int ret;

	for (n = 0; n < count; n++) {
		ret = work_receive(r, b, &got);
		if (ret)
			return ret;
		if (got != n)
			return -EBADMSG;
		if (!rnd_below(&random, 8))
			ivs_ring_publish(r);
		work_pause(&random);
	}
	ivs_ring_publish(r);
	return 0;
}

#endif /* TESTS_RING_WORK_H */
