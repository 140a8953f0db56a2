// SPDX-License-Identifier: GPL-2.0-only
/* The ring, one step after the other: what is written is read, who comes and goes is told, what a
 * hostile peer may write is refused, and no doorbell is rung that nobody waits for.
 */
#include <ivshmem/ring.h>

#include "memory.h"

#define CAPACITY	4096

/* Both sides of a ring that have met, unless a test is about that. */
struct pair {
	unsigned char *mem;
	struct ivs_ring p, c;
	struct counter rung_by_p, rung_by_c;
};

static int pair_attach(struct pair *t, enum ivs_kind kind)
{
	EXPECT(!ivs_ring_attach(&t->p, IVS_PRODUCER, kind, t->mem, CAPACITY,
				counter_bell(&t->rung_by_p)));
	EXPECT(!ivs_ring_attach(&t->c, IVS_CONSUMER, kind, t->mem, CAPACITY,
				counter_bell(&t->rung_by_c)));
	return 0;
}

/* Calls both until they have met. */
static int pair_meet(struct pair *t)
{
	void *to;
	const void *from;
	size_t len;
	int i;

	for (i = 0; i < 4 && (t->p.state || t->c.state); i++) {
		if (t->p.kind == IVS_RECORDS) {
			ivs_ring_next(&t->c, &from, &len);
			if (t->p.state)
				ivs_ring_reserve(&t->p, ivs_ring_record_max(&t->p), &to);
			t->p.next = t->p.published;
		} else {
			ivs_ring_span(&t->c, &to, &len);
			ivs_ring_span(&t->p, &to, &len);
		}
	}
	EXPECT(!t->p.state && !t->c.state);
	t->rung_by_p.rings = 0;
	t->rung_by_c.rings = 0;
	return 0;
}

static int pair_init(struct pair *t, enum ivs_kind kind)
{
	memset(t, 0, sizeof(*t));
	t->mem = memory_get(ivs_bytes(CAPACITY));
	EXPECT_PASS(pair_attach(t, kind));
	return pair_meet(t);
}

static void pair_fini(struct pair *t)
{
	memory_put(t->mem, ivs_bytes(CAPACITY));
}

#define START(t)	EXPECT_PASS(pair_init(&(t), IVS_RECORDS))

static int put_number(struct ivs_ring *r, uint64_t number)
{
	return ivs_ring_put(r, &number, sizeof(number));
}

static int get_number(struct ivs_ring *r, uint64_t *number)
{
	size_t len = 0;
	int ret = ivs_ring_get(r, number, sizeof(*number), &len);

	return ret ? ret : len == sizeof(*number) ? 0 : -ERANGE;
}

#define EXPECT_NUMBER(r, n)								\
	do {										\
		uint64_t got = 0;							\
		EXPECT(!get_number(r, &got));						\
		EXPECT(got == (uint64_t)(n));						\
	} while (0)

static int batch(void)
{
	struct pair t;
	uint64_t i, n;

	START(t);
	for (i = 0; i < 100; i++)
		EXPECT(!put_number(&t.p, i));
	EXPECT(get_number(&t.c, &n) == -EAGAIN);
	ivs_ring_publish(&t.p);
	for (i = 0; i < 100; i++)
		EXPECT_NUMBER(&t.c, i);
	EXPECT(get_number(&t.c, &n) == -EAGAIN);
	pair_fini(&t);
	return 0;
}

/* What is read but not given back is not written over. */
static int full(void)
{
	struct pair t;
	uint64_t i, n = 0;

	START(t);
	while (!put_number(&t.p, n))
		n++;
	EXPECT(n == CAPACITY / 16);
	EXPECT(put_number(&t.p, n) == -EAGAIN);
	ivs_ring_publish(&t.p);
	for (i = 0; i < n; i++)
		EXPECT_NUMBER(&t.c, i);
	EXPECT(put_number(&t.p, n) == -EAGAIN);
	ivs_ring_publish(&t.c);
	EXPECT(!put_number(&t.p, n));
	pair_fini(&t);
	return 0;
}

static int longest(void)
{
	static unsigned char data[CAPACITY], got[CAPACITY];
	struct pair t;
	size_t max, len;
	void *to;
	int i;

	START(t);
	max = ivs_ring_record_max(&t.p);
	EXPECT(max == CAPACITY / 2 - 8);
	memset(data, 0xa5, sizeof(data));
	EXPECT(ivs_ring_put(&t.p, data, max + 1) == -EMSGSIZE);
	EXPECT(ivs_ring_reserve(&t.p, SIZE_MAX, &to) == -EMSGSIZE);
	/* wherever the ring begins and ends */
	for (i = 0; i < 1000; i++) {
		EXPECT(!ivs_ring_put(&t.p, data, i % 3 ? max : 8));
		ivs_ring_publish(&t.p);
		EXPECT(!ivs_ring_get(&t.c, got, sizeof(got), &len));
		EXPECT(len == (i % 3 ? max : 8) && !memcmp(got, data, len));
		ivs_ring_publish(&t.c);
	}
	EXPECT(!ivs_ring_put(&t.p, data, 0));
	ivs_ring_publish(&t.p);
	EXPECT(!ivs_ring_get(&t.c, got, 0, &len) && len == 0);
	pair_fini(&t);
	return 0;
}

static int small_buffer(void)
{
	struct pair t;
	uint64_t n = 7;
	size_t len;

	START(t);
	EXPECT(!put_number(&t.p, 42));
	ivs_ring_publish(&t.p);
	EXPECT(ivs_ring_get(&t.c, &n, 7, &len) == -EMSGSIZE && len == 8 && n == 7);
	EXPECT_NUMBER(&t.c, 42);
	pair_fini(&t);
	return 0;
}

/* Records of random lengths in random batches, against what a queue of numbers says. */
static int random_records(void)
{
	static unsigned char got[CAPACITY];
	uint64_t state = rnd_seed(), made = state;
	unsigned int i, n, written = 0, taken = 0;
	const void *from;
	struct pair t;
	size_t len;
	void *to;

	START(t);
	for (i = 0; i < 200000; i++) {
		switch (rnd_below(&state, 5)) {
		case 0:
			n = rnd_below(&made, rnd_below(&made, 8) ? 100 : 2040);
			if (ivs_ring_reserve(&t.p, n, &to)) {
				ivs_ring_publish(&t.p);
				break;
			}
			memset(to, (int)(n ^ written), n);
			written++;
			break;
		case 1:
			ivs_ring_publish(&t.p);
			break;
		case 2:
		case 3:
			if (ivs_ring_next(&t.c, &from, &len))
				break;
			memset(got, *(const unsigned char *)from, len);
			EXPECT(!memcmp(got, from, len));
			EXPECT(!len || *got == (unsigned char)(len ^ taken));
			taken++;
			break;
		case 4:
			ivs_ring_publish(&t.c);
			break;
		}
	}
	EXPECT(taken > 1000 && taken <= written);
	pair_fini(&t);
	return 0;
}

static int random_bytes(void)
{
	static unsigned char data[2 * CAPACITY];
	uint64_t state = rnd_seed(), written = 0, taken = 0;
	struct pair t;
	size_t len, done, i;
	int n, ret;

	EXPECT_PASS(pair_init(&t, IVS_BYTES));
	for (n = 0; n < 100000; n++) {
		len = 1 + rnd_below(&state, rnd_below(&state, 8) ? 100 : 2 * CAPACITY - 1);
		switch (rnd_below(&state, 4)) {
		case 0:
			for (i = 0; i < len; i++)
				data[i] = (unsigned char)((written + i) * 7);
			ret = ivs_ring_write(&t.p, data, len, &done);
			EXPECT(ret ? ret == -EAGAIN && !done : done > 0 && done <= len);
			EXPECT(!ret || t.p.next - t.c.published == CAPACITY);
			written += done;
			break;
		case 1:
			ivs_ring_publish(&t.p);
			break;
		case 2:
			ret = ivs_ring_read(&t.c, data, len, &done);
			EXPECT(ret ? ret == -EAGAIN && !done : done > 0 && done <= len);
			for (i = 0; i < done; i++)
				EXPECT(data[i] == (unsigned char)((taken + i) * 7));
			taken += done;
			break;
		case 3:
			ivs_ring_publish(&t.c);
			break;
		}
	}
	EXPECT(taken > 100000);
	pair_fini(&t);
	return 0;
}

/*
 * Doorbells
 */

static int awake(void)
{
	struct pair t;
	uint64_t i;

	START(t);
	for (i = 0; i < 100000; i++) {
		EXPECT(!put_number(&t.p, i));
		ivs_ring_publish(&t.p);
		EXPECT_NUMBER(&t.c, i);
		ivs_ring_publish(&t.c);
	}
	EXPECT(t.rung_by_p.rings == 0 && t.rung_by_c.rings == 0);
	pair_fini(&t);
	return 0;
}

static int asleep_for_data(void)
{
	struct pair t;
	uint64_t i, n;

	START(t);
	for (i = 0; i < 3000; i++) {
		EXPECT(get_number(&t.c, &n) == -EAGAIN);
		EXPECT(ivs_ring_sleep(&t.c, 0));
		EXPECT(!put_number(&t.p, i));
		EXPECT(t.rung_by_p.rings == i);
		ivs_ring_publish(&t.p);
		EXPECT(t.rung_by_p.rings == i + 1);
		/* awake, or at least rung already */
		EXPECT(!put_number(&t.p, i));
		ivs_ring_publish(&t.p);
		EXPECT(t.rung_by_p.rings == i + 1);
		EXPECT_NUMBER(&t.c, i);
		EXPECT_NUMBER(&t.c, i);
	}
	EXPECT(t.rung_by_c.rings == 0);
	pair_fini(&t);
	return 0;
}

static int asleep_for_room(void)
{
	struct pair t;
	uint64_t n = 0;

	START(t);
	while (!put_number(&t.p, n))
		n++;
	EXPECT(ivs_ring_sleep(&t.p, 0));
	EXPECT_NUMBER(&t.c, 0);
	EXPECT(t.rung_by_c.rings == 0);
	ivs_ring_publish(&t.c);
	EXPECT(t.rung_by_c.rings == 1);
	EXPECT(!put_number(&t.p, n));
	EXPECT(put_number(&t.p, n) == -EAGAIN);
	/* not before half of it is free */
	EXPECT(ivs_ring_sleep(&t.p, CAPACITY / 2));
	for (n = 1; n < CAPACITY / 2 / 16; n++) {
		EXPECT_NUMBER(&t.c, n);
		ivs_ring_publish(&t.c);
	}
	EXPECT(t.rung_by_c.rings == 1);
	EXPECT_NUMBER(&t.c, n);
	ivs_ring_publish(&t.c);
	EXPECT(t.rung_by_c.rings == 2);
	pair_fini(&t);
	return 0;
}

/* To the byte. */
static int asleep_for_bytes(void)
{
	unsigned char data[8] = { 0 };
	struct pair t;
	size_t done;

	EXPECT_PASS(pair_init(&t, IVS_BYTES));
	EXPECT(ivs_ring_read(&t.c, data, 8, &done) == -EAGAIN);
	EXPECT(ivs_ring_sleep(&t.c, 3));
	EXPECT(!ivs_ring_write(&t.p, data, 1, &done));
	ivs_ring_publish(&t.p);
	EXPECT(!ivs_ring_write(&t.p, data, 1, &done));
	ivs_ring_publish(&t.p);
	EXPECT(t.rung_by_p.rings == 0);
	EXPECT(ivs_ring_sleep(&t.c, 3));
	EXPECT(!ivs_ring_write(&t.p, data, 1, &done));
	ivs_ring_publish(&t.p);
	EXPECT(t.rung_by_p.rings == 1);
	EXPECT(!ivs_ring_read(&t.c, data, 8, &done) && done == 3);
	pair_fini(&t);
	return 0;
}

/* What came between the look and the wish to sleep, and more than all that can be. */
static int no_sleep(void)
{
	struct pair t;
	uint64_t n = 0;

	START(t);
	EXPECT(get_number(&t.c, &n) == -EAGAIN);
	EXPECT(!put_number(&t.p, 1));
	ivs_ring_publish(&t.p);
	EXPECT(!ivs_ring_sleep(&t.c, 0));
	EXPECT(ivs_ring_sleep(&t.c, UINT64_MAX));
	while (!put_number(&t.p, 1))
		;
	ivs_ring_publish(&t.p);
	EXPECT(t.rung_by_p.rings == 1);
	EXPECT(!ivs_ring_sleep(&t.c, UINT64_MAX));
	EXPECT_NUMBER(&t.c, 1);
	ivs_ring_publish(&t.c);
	EXPECT(!ivs_ring_sleep(&t.p, 0));
	pair_fini(&t);
	return 0;
}

/*
 * Coming and going
 */

static int first_meeting(void)
{
	struct pair t = { .mem = memory_get(ivs_bytes(CAPACITY)) };
	uint64_t n;

	/* of any content */
	memset(t.mem, 0xff, ivs_bytes(CAPACITY));
	EXPECT(!ivs_ring_attach(&t.p, IVS_PRODUCER, IVS_RECORDS, t.mem, CAPACITY,
				counter_bell(&t.rung_by_p)));
	EXPECT(t.rung_by_p.rings == 1);
	EXPECT(put_number(&t.p, 1) == -EPROTOTYPE && ivs_waits(-EPROTOTYPE));
	EXPECT(ivs_ring_sleep(&t.p, 0));
	EXPECT(!ivs_ring_attach(&t.c, IVS_CONSUMER, IVS_RECORDS, t.mem, CAPACITY,
				counter_bell(&t.rung_by_c)));
	EXPECT(t.rung_by_c.rings == 1);
	EXPECT(put_number(&t.p, 1) == -ENOTCONN);
	EXPECT(get_number(&t.c, &n) == -ENOTCONN);
	EXPECT(t.rung_by_c.rings == 2);
	EXPECT(ivs_ring_sleep(&t.c, 0));
	EXPECT(!put_number(&t.p, 1));
	EXPECT(t.rung_by_p.rings == 2);
	ivs_ring_publish(&t.p);
	EXPECT_NUMBER(&t.c, 1);
	EXPECT(t.rung_by_p.rings == 2 && t.rung_by_c.rings == 2);
	pair_fini(&t);
	return 0;
}

/* What the one that died had published is read to the end, what it had not is never seen. */
static int producer_replaced(void)
{
	struct pair t;
	uint64_t n;
	int i;

	START(t);
	for (i = 0; i < 1000; i++) {
		EXPECT(!put_number(&t.p, 1));
		EXPECT(!put_number(&t.p, 2));
		ivs_ring_publish(&t.p);
		EXPECT_NUMBER(&t.c, 1);
		EXPECT(!put_number(&t.p, 3));
		EXPECT(!ivs_ring_attach(&t.p, IVS_PRODUCER, IVS_RECORDS, t.mem, CAPACITY,
					counter_bell(&t.rung_by_p)));
		EXPECT(put_number(&t.p, 4) == -ENOTCONN);
		/* giving back what it read is no reason to forget the rest */
		ivs_ring_publish(&t.c);
		EXPECT_NUMBER(&t.c, 2);
		EXPECT(put_number(&t.p, 4) == -ENOTCONN);
		EXPECT(get_number(&t.c, &n) == -ECONNRESET);
		EXPECT(get_number(&t.c, &n) == -ENOTCONN);
		EXPECT(!put_number(&t.p, 4));
		EXPECT(get_number(&t.c, &n) == -EAGAIN);
		ivs_ring_publish(&t.p);
		EXPECT_NUMBER(&t.c, 4);
	}
	pair_fini(&t);
	return 0;
}

static int consumer_replaced(void)
{
	struct pair t;
	uint64_t n;
	int i;

	START(t);
	for (i = 0; i < 1000; i++) {
		EXPECT(!put_number(&t.p, 1));
		ivs_ring_publish(&t.p);
		EXPECT(!ivs_ring_attach(&t.c, IVS_CONSUMER, IVS_RECORDS, t.mem, CAPACITY,
					counter_bell(&t.rung_by_c)));
		EXPECT(get_number(&t.c, &n) == -ENOTCONN);
		/* found out by writing, by publishing, or by wanting to sleep */
		if (i % 3 == 0)
			while (!put_number(&t.p, 2))
				;
		else
			EXPECT(!put_number(&t.p, 2));
		ivs_ring_publish(&t.p);
		if (i % 3 == 2)
			EXPECT(!ivs_ring_sleep(&t.p, 0));
		EXPECT(get_number(&t.c, &n) == -ENOTCONN);
		if (i % 3)
			EXPECT(put_number(&t.p, 2) == -ECONNRESET);
		EXPECT(!put_number(&t.p, 3));
		ivs_ring_publish(&t.p);
		EXPECT_NUMBER(&t.c, 3);
		EXPECT(get_number(&t.c, &n) == -EAGAIN);
	}
	pair_fini(&t);
	return 0;
}

/* Where the last session stood, the next record would not have fit before the end. */
static int replaced_near_the_end(void)
{
	unsigned char data[1000] = { 0 };
	struct pair t;
	void *to;
	size_t len;

	START(t);
	EXPECT(!ivs_ring_reserve(&t.p, 2000, &to) && !ivs_ring_reserve(&t.p, 2000, &to));
	ivs_ring_publish(&t.p);
	EXPECT(!ivs_ring_attach(&t.c, IVS_CONSUMER, IVS_RECORDS, t.mem, CAPACITY,
				counter_bell(&t.rung_by_c)));
	EXPECT(ivs_ring_get(&t.c, data, sizeof(data), &len) == -ENOTCONN);
	EXPECT(ivs_ring_put(&t.p, data, sizeof(data)) == -ECONNRESET);
	EXPECT(!ivs_ring_put(&t.p, data, sizeof(data)));
	ivs_ring_publish(&t.p);
	EXPECT(!ivs_ring_get(&t.c, data, sizeof(data), &len) && len == sizeof(data));
	pair_fini(&t);
	return 0;
}

static int both_replaced(void)
{
	struct pair t;
	uint64_t n;

	START(t);
	EXPECT(!put_number(&t.p, 1));
	ivs_ring_publish(&t.p);
	EXPECT_PASS(pair_attach(&t, IVS_RECORDS));
	EXPECT_PASS(pair_meet(&t));
	EXPECT(get_number(&t.c, &n) == -EAGAIN);
	pair_fini(&t);
	return 0;
}

static int detached(void)
{
	struct pair t;
	uint64_t n;

	START(t);
	EXPECT(!put_number(&t.p, 1));
	ivs_ring_publish(&t.p);
	ivs_ring_detach(&t.p);
	EXPECT(t.rung_by_p.rings == 1);
	EXPECT(put_number(&t.p, 1) == -ESTALE);
	EXPECT_NUMBER(&t.c, 1);
	EXPECT(get_number(&t.c, &n) == -ECONNRESET);
	EXPECT(get_number(&t.c, &n) == -ENOTCONN);
	EXPECT(ivs_ring_sleep(&t.c, 0));
	ivs_ring_detach(&t.c);
	EXPECT(t.rung_by_c.rings == 1);
	pair_fini(&t);
	return 0;
}

/* The one that was replaced while it lived finds out, and does not take the other's place away. */
static int two_in_one_role(void)
{
	struct pair t;
	struct ivs_ring other;
	uint64_t n;

	START(t);
	EXPECT(!ivs_ring_attach(&other, IVS_CONSUMER, IVS_RECORDS, t.mem, CAPACITY,
				counter_bell(&t.rung_by_c)));
	EXPECT(get_number(&t.c, &n) == -ESTALE);
	EXPECT(get_number(&t.c, &n) == -ESTALE);
	EXPECT(!ivs_ring_sleep(&t.c, 0));
	EXPECT(get_number(&other, &n) == -ENOTCONN);
	EXPECT(!put_number(&t.p, 5));
	ivs_ring_publish(&t.p);
	EXPECT(put_number(&t.p, 5) == -ECONNRESET);
	EXPECT(!put_number(&t.p, 6));
	ivs_ring_publish(&t.p);
	ivs_ring_detach(&t.c);
	EXPECT(!put_number(&t.p, 7));
	ivs_ring_publish(&t.p);
	EXPECT_NUMBER(&other, 6);
	EXPECT_NUMBER(&other, 7);
	EXPECT(get_number(&other, &n) == -EAGAIN);
	pair_fini(&t);
	return 0;
}

static int arguments(void)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY));
	struct ivs_bell bell = counter_bell(NULL), none = { NULL, NULL };
	struct ivs_ring r;

#define REFUSED(kind, mem, capacity, bell)						\
	EXPECT(ivs_ring_attach(&r, IVS_CONSUMER, kind, mem, capacity, bell) == -EINVAL)
	REFUSED(IVS_RECORDS, NULL, CAPACITY, bell);
	REFUSED(IVS_RECORDS, mem + 32, CAPACITY, bell);
	REFUSED(IVS_RECORDS, mem, 2048, bell);
	REFUSED(IVS_RECORDS, mem, 0, bell);
	REFUSED(IVS_RECORDS, mem, CAPACITY + 8, bell);
	REFUSED(IVS_RECORDS, mem, (uint64_t)1 << 63, bell);
	REFUSED(IVS_RECORDS, mem, CAPACITY, none);
	REFUSED(IVS_QUEUE, mem, CAPACITY, bell);
	REFUSED((enum ivs_kind)0, mem, CAPACITY, bell);
	memory_put(mem, ivs_bytes(CAPACITY));
	return 0;
}

static int other_geometry(void)
{
	struct pair t;
	struct ivs_words *words;
	uint64_t n;

#define MISMATCH(field, value)								\
	do {										\
		START(t);								\
		words = t.p.own;							\
		EXPECT_PASS(pair_attach(&t, IVS_RECORDS));				\
		words->field = (value);							\
		EXPECT(get_number(&t.c, &n) == -EPROTOTYPE);				\
		EXPECT(ivs_ring_sleep(&t.c, 0));					\
		pair_fini(&t);								\
	} while (0)
	MISMATCH(magic, IVS_MAGIC + 1);
	MISMATCH(version, IVS_VERSION + 1);
	MISMATCH(kind, IVS_BYTES);
	MISMATCH(capacity, 2 * CAPACITY);
	MISMATCH(unit, 4);
	return 0;
}

/*
 * Hostile peers
 */

#define HOSTILE_POSITION(t, position_, side, call)					\
	do {										\
		START(t);								\
		EXPECT(!put_number(&(t).p, 1) && !put_number(&(t).p, 2));		\
		ivs_ring_publish(&(t).p);						\
		EXPECT_NUMBER(&(t).c, 1);						\
		ivs_ring_publish(&(t).c);						\
		*(uint64_t *)&(t).side.peer->position = (position_);			\
		EXPECT((call) == -EPROTO);						\
		EXPECT((call) == -EPROTO);						\
		EXPECT(!ivs_ring_sleep(&(t).side, 0));					\
		EXPECT_PASS(pair_attach(&(t), IVS_RECORDS));				\
		EXPECT_PASS(pair_meet(&(t)));						\
		pair_fini(&(t));							\
	} while (0)

static int fill(struct ivs_ring *p)
{
	int i, ret = 0;

	for (i = 0; i <= CAPACITY / 16 && !ret; i++)
		ret = put_number(p, 2);
	return ret;
}

static int drain(struct ivs_ring *c)
{
	uint64_t n;
	int i, ret = 0;

	for (i = 0; i <= CAPACITY / 16 && !ret; i++)
		ret = get_number(c, &n);
	return ret;
}

static int hostile_positions(void)
{
	struct pair t;

	/* the producer's: back, more than there is room for, wrapped around */
	HOSTILE_POSITION(t, 0, c, drain(&t.c));
	HOSTILE_POSITION(t, 31, c, drain(&t.c));
	HOSTILE_POSITION(t, 16 + CAPACITY + 1, c, drain(&t.c));
	HOSTILE_POSITION(t, UINT64_MAX, c, drain(&t.c));
	HOSTILE_POSITION(t, (uint64_t)1 << 63, c, drain(&t.c));
	/* the consumer's: before what was published, or after */
	HOSTILE_POSITION(t, 33, p, fill(&t.p));
	HOSTILE_POSITION(t, UINT64_MAX - 15, p, fill(&t.p));
	HOSTILE_POSITION(t, (uint64_t)1 << 63, p, fill(&t.p));
	return 0;
}

/* Publishes 64 bytes whose first record has this header. */
static int hostile_header(uint64_t header, int expected)
{
	const void *from;
	struct pair t;
	size_t len;
	void *to;

	START(t);
	EXPECT(!ivs_ring_reserve(&t.p, 56, &to));
	ivs_ring_publish(&t.p);
	*(uint64_t *)(t.mem + IVS_DATA_OFFSET) = header;
	EXPECT(ivs_ring_next(&t.c, &from, &len) == expected);
	if (expected)
		EXPECT(ivs_ring_next(&t.c, &from, &len) == expected);
	pair_fini(&t);
	return 0;
}

static int hostile_headers(void)
{
	EXPECT_PASS(hostile_header(56, 0));
	EXPECT_PASS(hostile_header(57, -EPROTO));
	EXPECT_PASS(hostile_header(CAPACITY - 8, -EPROTO));
	EXPECT_PASS(hostile_header(CAPACITY, -EPROTO));
	EXPECT_PASS(hostile_header(UINT32_MAX, -EPROTO));
	EXPECT_PASS(hostile_header(UINT32_MAX - 7, -EPROTO));
	EXPECT_PASS(hostile_header(2ull << 32 | 8, -EPROTO));
	EXPECT_PASS(hostile_header(UINT64_MAX, -EPROTO));
	/* one that skips, though not up to the end */
	EXPECT_PASS(hostile_header(1ull << 32 | 56, -EPROTO));
	return 0;
}

/* A ring of nothing but records that skip. */
static int hostile_skips(void)
{
	struct pair t;
	const void *from;
	uint64_t *header;
	size_t len;

	START(t);
	header = (uint64_t *)(t.mem + IVS_DATA_OFFSET);
	*header = 1ull << 32 | (CAPACITY - 8);
	ivs_store(&t.p.own->position, CAPACITY);
	EXPECT(ivs_ring_next(&t.c, &from, &len) == -EAGAIN);
	ivs_ring_publish(&t.c);
	ivs_store(&t.p.own->position, CAPACITY + 8);
	EXPECT(ivs_ring_next(&t.c, &from, &len) == -EPROTO);
	pair_fini(&t);

	/* two of them at once, of which the second can't be at the beginning */
	START(t);
	EXPECT(!put_number(&t.p, 1));
	ivs_ring_publish(&t.p);
	EXPECT_NUMBER(&t.c, 1);
	ivs_ring_publish(&t.c);
	header = (uint64_t *)(t.mem + IVS_DATA_OFFSET);
	header[2] = 1ull << 32 | (CAPACITY - 24);
	header[0] = 1ull << 32 | (CAPACITY - 8);
	ivs_store(&t.p.own->position, CAPACITY + 16);
	EXPECT(ivs_ring_next(&t.c, &from, &len) == -EPROTO);
	pair_fini(&t);
	return 0;
}

/* Any values in all that the peer may write, at any time: each call returns. */
static int hostile_noise(void)
{
	static unsigned char buf[CAPACITY];
	uint64_t state = rnd_seed(), n;
	struct pair t;
	size_t len;
	void *to;
	int i;

	START(t);
	for (i = 0; i < 300000; i++) {
		uint64_t *word = (uint64_t *)(t.mem + (rnd_below(&state, 4) ?
				 rnd_below(&state, 2) * 4096 + rnd_below(&state, 17) * 8 :
				 IVS_DATA_OFFSET + rnd_below(&state, CAPACITY / 8) * 8));

		n = random_next(&state);
		if (rnd_below(&state, 2))
			*word = n >> rnd_below(&state, 64);
		else if (rnd_below(&state, 2))
			*word += rnd_below(&state, 64) - 32;
		ivs_ring_put(&t.p, buf, rnd_below(&state, 200));
		ivs_ring_reserve(&t.p, rnd_below(&state, CAPACITY), &to);
		ivs_ring_publish(&t.p);
		ivs_ring_get(&t.c, buf, sizeof(buf), &len);
		ivs_ring_get(&t.c, buf, 100, &len);
		ivs_ring_sleep(&t.p, rnd_below(&state, CAPACITY));
		ivs_ring_sleep(&t.c, rnd_below(&state, CAPACITY));
		if (!rnd_below(&state, 64))
			EXPECT_PASS(pair_attach(&t, IVS_RECORDS));
	}
	pair_fini(&t);
	return 0;
}

/* A peer of each role needs to write to its own part alone. */
static int own_pages_only(void)
{
	struct pair t;
	uint64_t n;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		EXPECT(!mprotect(t.mem, 4096, PROT_READ));
		EXPECT(!put_number(&t.p, i));
		EXPECT(ivs_ring_sleep(&t.p, CAPACITY));
		EXPECT(!mprotect(t.mem, 4096, PROT_READ | PROT_WRITE));
		EXPECT(!mprotect(t.mem + 4096, 4096 + CAPACITY, PROT_READ));
		EXPECT_NUMBER(&t.c, i);
		EXPECT(get_number(&t.c, &n) == -EAGAIN);
		EXPECT(ivs_ring_sleep(&t.c, 0));
		EXPECT(!mprotect(t.mem + 4096, 4096 + CAPACITY, PROT_READ | PROT_WRITE));
	}
	pair_fini(&t);
	return 0;
}

/* Byte by byte what Documentation/ring.rst shows. */
static int layout(void)
{
	static const unsigned char words[] = {
		'i', 'v', 's', '.', 'r', 'i', 'n', 'g', 1, 0, 0, 0, 1, 0, 0, 0,
		0, 0x10, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 1, 0, 0, 0,
	};
	static const unsigned char record[] = { 5, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o' };
	uint64_t i;
	struct pair t;

	START(t);
	EXPECT(!memcmp(t.mem, words, sizeof(words)));
	EXPECT(!memcmp(t.mem + 4096, words, sizeof(words)));
	EXPECT(!ivs_ring_put(&t.p, "hello", 5));
	ivs_ring_publish(&t.p);
	EXPECT(!memcmp(t.mem + 8192, record, sizeof(record)));
	EXPECT(*(uint64_t *)(t.mem + 4096 + 128) == 16);
	for (i = 40; i < 4096; i++)
		EXPECT(!t.mem[i]);
	for (i = 40; i < 4096; i++)
		EXPECT(!t.mem[4096 + i] || i == 128);
	pair_fini(&t);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "a batch appears at once, and in order", batch },
	{ "nothing is written over before it is given back", full },
	{ "the longest record fits everywhere, a longer one is refused", longest },
	{ "a record too long for the buffer stays", small_buffer },
	{ "random records in random batches", random_records },
	{ "random spans of bytes", random_bytes },
	{ "no doorbell while both are awake", awake },
	{ "one doorbell for a consumer that sleeps", asleep_for_data },
	{ "one doorbell for a producer that sleeps, when there is room", asleep_for_room },
	{ "woken by so many bytes, and no less", asleep_for_bytes },
	{ "who has something to do does not sleep", no_sleep },
	{ "two that never met, in memory of any content", first_meeting },
	{ "a producer that is replaced: what it published is read", producer_replaced },
	{ "a consumer that is replaced: the producer is told, and begins anew", consumer_replaced },
	{ "a consumer that is replaced when the end is near", replaced_near_the_end },
	{ "both replaced", both_replaced },
	{ "leaving", detached },
	{ "two in one role: the first is told", two_in_one_role },
	{ "arguments that can't be", arguments },
	{ "peers of another kind, version or size", other_geometry },
	{ "hostile positions", hostile_positions },
	{ "hostile headers", hostile_headers },
	{ "nothing but skips", hostile_skips },
	{ "noise in all words", hostile_noise },
	{ "each side writes to its own pages alone", own_pages_only },
	{ "the layout, byte by byte", layout },
};

KTAP_MAIN(cases)
