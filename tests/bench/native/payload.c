// SPDX-License-Identifier: GPL-2.0-only
/* The work that is measured. Whoever runs it: there is nothing here but loads and stores. */
#include <emmintrin.h>
#include <ivshmem/ring.h>

#include "../tool/histogram.h"
#include "payload.h"

#define LINE	64
#define GAP_TICKS	5000u	/* between two reads of the clock: something else ran */

/* Where two workers meet, a cache line for each word. */
struct meeting {
	uint64_t here[2][LINE / 8];
	uint64_t ball[LINE / 8];
};

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void payload(struct job *job);

static inline uint64_t ticks(void)
{
	uint64_t now;

	_mm_lfence();
	now = __builtin_ia32_rdtsc();
	_mm_lfence();
	return now;
}

/* 64 bytes at a time; the same wherever it runs, which can't be said of string instructions. */
void *memcpy(void *to, const void *from, size_t n)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	for (; n >= LINE; n -= LINE, in += LINE, out += LINE) {
		__m128i a = _mm_loadu_si128((const __m128i *)in);
		__m128i b = _mm_loadu_si128((const __m128i *)in + 1);
		__m128i c = _mm_loadu_si128((const __m128i *)in + 2);
		__m128i d = _mm_loadu_si128((const __m128i *)in + 3);

		_mm_storeu_si128((__m128i *)out, a);
		_mm_storeu_si128((__m128i *)out + 1, b);
		_mm_storeu_si128((__m128i *)out + 2, c);
		_mm_storeu_si128((__m128i *)out + 3, d);
	}
	while (n--)
		*out++ = *in++;
	return to;
}

void *memset(void *to, int c, size_t n)
{
	volatile unsigned char *out = to;

	while (n--)
		*out++ = (unsigned char)c;
	return to;
}

static struct meeting *meeting(const struct job *job)
{
	return (struct meeting *)(job->at + MEET_OFFSET);
}

/* Both go on when both are here; the words only ever grow. */
static void meet(const struct job *job, unsigned int side)
{
	struct meeting *m = meeting(job);

	ivs_store_ordered(m->here[side], job->round);
	while (ivs_load(m->here[!side]) < job->round)
		_mm_pause();
}

static void bell_ring(void *opaque, unsigned int number)
{
	struct job *job = opaque;

	job->rung++;
	if (job->bell)
		*(volatile uint32_t *)job->bell = number;
}

/* What is in word @i of record @nr when every byte is looked at. */
static inline uint64_t pattern(uint64_t nr, uint64_t i)
{
	return (nr << 20 | i) * 0x9e3779b97f4a7c15ull;
}

/* The number first: so the records' order is seen in any case. */
static void record_write(const struct job *job, uint64_t *to, uint64_t nr)
{
	if (job->verify)
		for (uint64_t i = 1; i < job->block / 8; i++)
			to[i] = pattern(nr, i);
	else
		memcpy(to, (const void *)BUFFER_AT, job->block);
	to[0] = nr;
}

static bool record_right(const struct job *job, const uint64_t *record, uint64_t nr, size_t len)
{
	if (len != job->block || record[0] != nr)
		return false;
	for (uint64_t i = 1; job->verify && i < len / 8; i++)
		if (record[i] != pattern(nr, i))
			return false;
	return true;
}

/* Until it is done, or can't be. */
static int produce_one(struct job *job, struct ivs_ring *r, uint64_t nr)
{
	void *to;
	int ret;

	while (ivs_waits(ret = ivs_ring_reserve(r, job->block, &to))) {
		ivs_ring_publish(r);
		_mm_pause();
	}
	if (!ret)
		record_write(job, to, nr);
	return ret;
}

static int consume_one(struct job *job, struct ivs_ring *r, uint64_t nr)
{
	const void *from;
	size_t len;
	int ret;

	while (ivs_waits(ret = ivs_ring_next(r, &from, &len))) {
		ivs_ring_publish(r);
		if (job->drowsy)
			ivs_ring_sleep(r, 0);
		_mm_pause();
	}
	if (ret)
		return ret;
	if (len <= job->block)
		memcpy((void *)BUFFER_AT, from, len);
	job->wrong += !record_right(job, (const uint64_t *)BUFFER_AT, nr, len);
	return 0;
}

static void stream(struct job *job, enum ivs_role role)
{
	struct ivs_bell bell = { bell_ring, job };
	struct ivs_ring r;
	uint64_t from, before = 0;
	int ret = ivs_ring_attach(&r, role, IVS_RECORDS, (void *)job->at, job->capacity, bell);

	meet(job, role);
	from = ticks();
	for (uint64_t nr = 0, end; nr < job->count && !ret; ivs_ring_publish(&r))
		for (end = nr + job->batch; nr < end && nr < job->count && !ret; nr++) {
			ret = role == IVS_PRODUCER ? produce_one(job, &r, nr) :
			      consume_one(job, &r, nr);
			/* those so far were rung for each other's coming */
			before = nr ? before : job->rung;
		}
	job->ticks = ticks() - from;
	job->bells = job->rung - before;
	job->status = ret;
}

/* One cache line goes to and fro. */
static void ping(struct job *job)
{
	struct histogram *histogram = (struct histogram *)HISTOGRAM_AT;
	uint64_t *ball = meeting(job)->ball;

	meet(job, 0);
	for (uint64_t nr = 1; nr < 2 * job->count; nr += 2) {
		uint64_t from = ticks();

		ivs_store(ball, nr);
		while (ivs_load(ball) != nr + 1)
			;
		histogram_add(histogram, ticks() - from);
	}
}

static void pong(struct job *job)
{
	uint64_t *ball = meeting(job)->ball;

	meet(job, 1);
	for (uint64_t nr = 1; nr < 2 * job->count; nr += 2) {
		while (ivs_load(ball) != nr)
			;
		ivs_store(ball, nr + 1);
	}
}

/* Until whoever rings can go on. */
static void ring(const struct job *job)
{
	struct histogram *histogram = (struct histogram *)HISTOGRAM_AT;
	volatile uint32_t *bell = (uint32_t *)BELL_AT;

	for (uint64_t n = job->count; n; n--) {
		uint64_t from = ticks();

		*bell = 0;
		histogram_add(histogram, ticks() - from);
	}
}

static void chase(struct job *job)
{
	const uint64_t *chain = (const uint64_t *)(job->at + CHAIN_OFFSET);
	uint64_t from = ticks(), i = 0;

	for (uint64_t n = job->count; n; n--)
		i = ivs_load(&chain[i]);
	job->ticks = ticks() - from;
	job->wrong = i >= CHAIN_SIZE / 8;
}

static void copy(struct job *job)
{
	unsigned char *data = (unsigned char *)(job->at + IVS_DATA_OFFSET);
	uint64_t from = ticks(), offset = 0;

	for (uint64_t n = job->count; n; n--) {
		memcpy(data + offset, (const void *)BUFFER_AT, job->block);
		offset = (offset + job->block) & (job->capacity - 1);
	}
	job->ticks = ticks() - from;
}

/* The clock is read all the time: where that took long, something else had the CPU. */
static void tick(struct job *job)
{
	struct histogram *histogram = (struct histogram *)HISTOGRAM_AT;
	uint64_t from = ticks(), last = from, now;

	do {
		now = ticks();
		if (now - last >= GAP_TICKS) {
			histogram_add(histogram, now - last);
			job->lost += now - last;
		}
		last = now;
	} while (now - from < job->count);
	job->ticks = now - from;
}

static void work(struct job *job)
{
	switch (job->work) {
	case WORK_TICK:
		tick(job);
		break;
	case WORK_PRODUCE:
		stream(job, IVS_PRODUCER);
		break;
	case WORK_CONSUME:
		stream(job, IVS_CONSUMER);
		break;
	case WORK_PING:
		ping(job);
		break;
	case WORK_PONG:
		pong(job);
		break;
	case WORK_CHASE:
		chase(job);
		break;
	case WORK_RING:
		ring(job);
		break;
	case WORK_COPY:
		copy(job);
		break;
	}
}

__attribute__((section(".text.entry")))
void payload(struct job *job)
{
	do {
		while (ivs_load(&job->go) == job->done)
			_mm_pause();
		work(job);
		ivs_store(&job->done, job->done + 1);
	} while (job->endless);
}
