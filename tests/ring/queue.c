// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue, one step after the other: order, room, producers that die with a slot in hand, a
 * consumer that comes back, what a hostile producer may write, doorbells.
 */
#include <ivshmem/queue.h>

#include "memory.h"

#define CAPACITY	4096
#define SLOT		256
#define SLOTS		(CAPACITY / SLOT)
#define PRODUCERS	3

struct crowd {
	unsigned char *mem;
	struct ivs_queue_consumer c;
	struct ivs_queue_producer p[PRODUCERS];
	struct counter rung_by_p[PRODUCERS], rung_by_c;
};

static int consumer_attach(struct crowd *t)
{
	return ivs_queue_consumer_attach(&t->c, t->mem, CAPACITY, SLOT,
					 counter_bell(&t->rung_by_c));
}

static int producer_attach(struct crowd *t, int i, uint32_t generation)
{
	return ivs_queue_producer_attach(&t->p[i], t->mem, CAPACITY, SLOT,
					 ivs_owner((uint16_t)i, generation),
					 counter_bell(&t->rung_by_p[i]));
}

static int crowd_init(struct crowd *t)
{
	int i;

	memset(t, 0, sizeof(*t));
	t->mem = memory_get(ivs_bytes(CAPACITY));
	memset(t->mem, 0xff, ivs_bytes(CAPACITY));
	EXPECT(!consumer_attach(t));
	EXPECT(t->rung_by_c.rings == IVS_NUMBERS);
	t->rung_by_c.rings = 0;
	for (i = 0; i < PRODUCERS; i++)
		EXPECT(!producer_attach(t, i, 1));
	return 0;
}

static void crowd_fini(struct crowd *t)
{
	memory_put(t->mem, ivs_bytes(CAPACITY));
}

#define START(t)	EXPECT_PASS(crowd_init(&(t)))

static int put_number(struct ivs_queue_producer *p, uint64_t number)
{
	return ivs_queue_put(p, &number, sizeof(number));
}

static int get_number(struct ivs_queue_consumer *c, uint64_t *number, uint32_t *owner)
{
	const void *from;
	size_t len;
	int ret = ivs_queue_next(c, &from, &len, owner);

	if (ret)
		return ret;
	if (len != sizeof(*number))
		return -ERANGE;
	memcpy(number, from, sizeof(*number));
	return 0;
}

#define EXPECT_NUMBER(c, n)								\
	do {										\
		uint64_t got = 0;							\
		uint32_t whose;								\
		EXPECT(!get_number(c, &got, &whose));					\
		EXPECT(got == (uint64_t)(n));						\
	} while (0)

#define EXPECT_NONE(c, error)								\
	do {										\
		uint64_t got = 0;							\
		uint32_t whose;								\
		EXPECT(get_number(c, &got, &whose) == (error));				\
	} while (0)

static int order(void)
{
	struct crowd t;
	uint64_t n;
	uint32_t owner;
	int i;

	START(t);
	EXPECT_NONE(&t.c, -EAGAIN);
	for (i = 0; i < 1000; i++)
		EXPECT(!put_number(&t.p[i % PRODUCERS], i) || i >= SLOTS);
	for (i = 0; i < SLOTS; i++) {
		EXPECT(!get_number(&t.c, &n, &owner));
		EXPECT(n == (uint64_t)i && owner == ivs_owner(i % PRODUCERS, 1));
	}
	EXPECT_NONE(&t.c, -EAGAIN);
	ivs_queue_publish(&t.c);
	/* round and round */
	for (i = 0; i < 1000; i++) {
		EXPECT(!put_number(&t.p[i % PRODUCERS], i));
		EXPECT(!put_number(&t.p[(i + 1) % PRODUCERS], i));
		EXPECT_NUMBER(&t.c, i);
		EXPECT_NUMBER(&t.c, i);
		ivs_queue_publish(&t.c);
	}
	crowd_fini(&t);
	return 0;
}

static int full(void)
{
	struct crowd t;
	int i;

	START(t);
	for (i = 0; i < SLOTS; i++)
		EXPECT(!put_number(&t.p[0], i));
	EXPECT(put_number(&t.p[0], i) == -EAGAIN);
	EXPECT(put_number(&t.p[1], i) == -EAGAIN);
	EXPECT_NUMBER(&t.c, 0);
	/* taken, and not given back */
	EXPECT(put_number(&t.p[1], i) == -EAGAIN);
	ivs_queue_publish(&t.c);
	EXPECT(!put_number(&t.p[1], i));
	EXPECT(put_number(&t.p[0], i) == -EAGAIN);
	crowd_fini(&t);
	return 0;
}

static int in_place(void)
{
	struct crowd t;
	const void *from;
	uint32_t owner;
	size_t len;
	void *to;

	START(t);
	EXPECT(ivs_queue_record_max(&t.p[0].map) == SLOT - 16);
	EXPECT(ivs_queue_commit(&t.p[0], 1) == -EINVAL);
	EXPECT(!ivs_queue_reserve(&t.p[0], &to));
	EXPECT(ivs_queue_reserve(&t.p[0], &to) == -EBUSY);
	memset(to, 0x5a, SLOT - 16);
	/* what comes behind it waits for it */
	EXPECT(!put_number(&t.p[1], 1));
	EXPECT_NONE(&t.c, -EAGAIN);
	EXPECT(ivs_queue_commit(&t.p[0], SLOT - 15) == -EMSGSIZE);
	EXPECT(!ivs_queue_commit(&t.p[0], SLOT - 16));
	EXPECT(!ivs_queue_next(&t.c, &from, &len, &owner));
	EXPECT(len == SLOT - 16 && !memcmp(to, from, len) && from == to);
	EXPECT_NUMBER(&t.c, 1);
	EXPECT(ivs_queue_put(&t.p[0], to, SLOT - 15) == -EMSGSIZE);
	EXPECT(!ivs_queue_put(&t.p[0], to, 0));
	EXPECT(!ivs_queue_next(&t.c, &from, &len, &owner) && !len);
	crowd_fini(&t);
	return 0;
}

/*
 * Doorbells
 */

static int awake(void)
{
	struct crowd t;
	int i;

	START(t);
	for (i = 0; i < 10000; i++) {
		EXPECT(!put_number(&t.p[i % PRODUCERS], i));
		EXPECT_NUMBER(&t.c, i);
		ivs_queue_publish(&t.c);
	}
	EXPECT(!t.rung_by_c.rings);
	for (i = 0; i < PRODUCERS; i++)
		EXPECT(!t.rung_by_p[i].rings);
	crowd_fini(&t);
	return 0;
}

static int asleep_for_data(void)
{
	struct crowd t;
	void *to;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		EXPECT_NONE(&t.c, -EAGAIN);
		EXPECT(ivs_queue_sleep(&t.c));
		EXPECT(!ivs_queue_reserve(&t.p[0], &to));
		EXPECT(ivs_queue_sleep(&t.c));
		/* that one is not what it waits for */
		EXPECT(!put_number(&t.p[1], 1));
		EXPECT(!t.rung_by_p[1].rings);
		EXPECT(!ivs_queue_commit(&t.p[0], 8));
		EXPECT(t.rung_by_p[0].rings == (unsigned int)i + 1);
		EXPECT(!put_number(&t.p[0], 2));
		EXPECT(t.rung_by_p[0].rings == (unsigned int)i + 1);
		EXPECT(!ivs_queue_sleep(&t.c));
		while (ivs_queue_next(&t.c, (const void **)&to, &(size_t){ 0 },
				      &(uint32_t){ 0 }) == 0)
			;
	}
	crowd_fini(&t);
	return 0;
}

static int asleep_for_room(void)
{
	struct crowd t;
	int i;

	START(t);
	for (i = 0; i < SLOTS; i++)
		EXPECT(!put_number(&t.p[0], i));
	EXPECT(put_number(&t.p[1], i) == -EAGAIN);
	EXPECT(ivs_queue_sleep_for_room(&t.p[1]));
	EXPECT_NUMBER(&t.c, 0);
	EXPECT(!t.rung_by_c.rings);
	ivs_queue_publish(&t.c);
	EXPECT(t.rung_by_c.rings == 1 && t.rung_by_c.last == 1);
	EXPECT_NUMBER(&t.c, 1);
	ivs_queue_publish(&t.c);
	EXPECT(t.rung_by_c.rings == 1);
	/* room that came between */
	EXPECT(!put_number(&t.p[0], 1) && !put_number(&t.p[0], 1));
	EXPECT(put_number(&t.p[2], i) == -EAGAIN);
	EXPECT_NUMBER(&t.c, 2);
	ivs_queue_publish(&t.c);
	EXPECT(!ivs_queue_sleep_for_room(&t.p[2]));
	/* what no consumer has read yet may be made anew by one that comes */
	EXPECT(!put_number(&t.p[2], 1));
	EXPECT(put_number(&t.p[2], 1) == -EAGAIN);
	ivs_queue_reset(&t.c);
	EXPECT(!ivs_queue_sleep_for_room(&t.p[2]));
	crowd_fini(&t);
	return 0;
}

/*
 * Coming and going
 */

static int no_consumer(void)
{
	struct crowd t = { .mem = memory_get(ivs_bytes(CAPACITY)) };

	EXPECT(!producer_attach(&t, 0, 1));
	EXPECT(put_number(&t.p[0], 1) == -ENOTCONN);
	EXPECT(ivs_queue_sleep_for_room(&t.p[0]));
	EXPECT(!consumer_attach(&t));
	EXPECT(t.rung_by_c.rings == IVS_NUMBERS);
	EXPECT(!put_number(&t.p[0], 1));
	EXPECT_NUMBER(&t.c, 1);
	crowd_fini(&t);
	return 0;
}

/* It has a slot in hand, and does not come back; later it does, and is told. */
static int producer_dies(void)
{
	struct crowd t;
	struct ivs_queue_producer zombie;
	void *to;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		EXPECT(!put_number(&t.p[0], 1));
		EXPECT(!ivs_queue_reserve(&t.p[0], &to));
		EXPECT(!put_number(&t.p[1], 2));
		EXPECT(!put_number(&t.p[2], 3));
		EXPECT_NUMBER(&t.c, 1);
		EXPECT_NONE(&t.c, -EAGAIN);
		zombie = t.p[0];
		EXPECT(!producer_attach(&t, 0, i + 2));
		EXPECT(ivs_queue_bury(&t.c, zombie.owner) == 1);
		EXPECT(ivs_queue_bury(&t.c, zombie.owner) == 0);
		EXPECT_NUMBER(&t.c, 2);
		EXPECT_NUMBER(&t.c, 3);
		EXPECT_NONE(&t.c, -EAGAIN);
		EXPECT(!put_number(&t.p[0], 4));
		EXPECT_NUMBER(&t.c, 4);
		if (i % 2)
			ivs_queue_publish(&t.c);
		EXPECT(ivs_queue_commit(&zombie, 8) == -ECONNRESET);
		EXPECT_NONE(&t.c, -EAGAIN);
		ivs_queue_publish(&t.c);
	}
	crowd_fini(&t);
	return 0;
}

/* All slots in the hands of the dead: the living go on. */
static int all_die(void)
{
	struct crowd t;
	struct ivs_queue_producer dead;
	void *to;
	int i;

	START(t);
	for (i = 0; i < SLOTS; i++) {
		EXPECT(!producer_attach(&t, 0, i));
		EXPECT(!ivs_queue_reserve(&t.p[0], &to));
	}
	EXPECT(put_number(&t.p[1], 1) == -EAGAIN);
	EXPECT(ivs_queue_sleep_for_room(&t.p[1]));
	dead = t.p[0];
	for (i = 0; i < SLOTS; i++)
		EXPECT(ivs_queue_bury(&t.c, ivs_owner(0, i)) == 1);
	EXPECT(ivs_queue_bury(&t.c, dead.owner) == 0);
	EXPECT_NONE(&t.c, -EAGAIN);
	/* nothing to read, but there is room now */
	EXPECT(ivs_queue_sleep(&t.c));
	EXPECT(t.rung_by_c.rings == 1);
	EXPECT(!put_number(&t.p[1], 1));
	EXPECT_NUMBER(&t.c, 1);
	crowd_fini(&t);
	return 0;
}

/* Died after it claimed a slot, before it moved the tail. */
static int late_tail(void)
{
	struct crowd t;
	void *to;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		uint64_t tail = t.c.map.claims->tail;

		EXPECT(!ivs_queue_reserve(&t.p[0], &to));
		EXPECT(!ivs_queue_commit(&t.p[0], 0));
		t.c.map.claims->tail = tail;
		EXPECT(!put_number(&t.p[1], i));
		t.c.map.claims->tail = tail;
		while (ivs_queue_next(&t.c, (const void **)&to, &(size_t){ 0 },
				      &(uint32_t){ 0 }) == 0)
			;
		ivs_queue_publish(&t.c);
		EXPECT(t.c.next == 2 * ((uint64_t)i + 1));
	}
	crowd_fini(&t);
	return 0;
}

/* It reads on; what it had not given back it gets again. */
static int consumer_replaced(void)
{
	struct crowd t;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		EXPECT(!put_number(&t.p[0], 1) && !put_number(&t.p[1], 2));
		EXPECT_NUMBER(&t.c, 1);
		ivs_queue_publish(&t.c);
		EXPECT_NUMBER(&t.c, 2);
		EXPECT(!consumer_attach(&t));
		EXPECT(t.rung_by_c.rings == IVS_NUMBERS * ((unsigned int)i + 1));
		EXPECT_NUMBER(&t.c, 2);
		EXPECT_NONE(&t.c, -EAGAIN);
		ivs_queue_publish(&t.c);
	}
	crowd_fini(&t);
	return 0;
}

static int reset(void)
{
	struct crowd t;
	void *to;
	int i;

	START(t);
	for (i = 0; i < 100; i++) {
		EXPECT(!put_number(&t.p[0], 1));
		EXPECT(!ivs_queue_reserve(&t.p[1], &to));
		EXPECT(!put_number(&t.p[2], 1));
		ivs_queue_reset(&t.c);
		EXPECT_NONE(&t.c, -EAGAIN);
		EXPECT(put_number(&t.p[0], 1) == -ECONNRESET);
		EXPECT(ivs_queue_commit(&t.p[1], 8) == -ECONNRESET);
		EXPECT(put_number(&t.p[1], 2) == -ECONNRESET);
		EXPECT(!put_number(&t.p[1], 3));
		EXPECT_NUMBER(&t.c, 3);
		/* what it had claimed is not its own any more */
		EXPECT(!ivs_queue_reserve(&t.p[1], &to));
		ivs_queue_reset(&t.c);
		EXPECT(ivs_queue_reserve(&t.p[1], &to) == -ECONNRESET);
		EXPECT(!ivs_queue_reserve(&t.p[1], &to));
		EXPECT(!ivs_queue_commit(&t.p[1], 0));
		EXPECT_NONE(&t.c, -ERANGE);
		EXPECT(put_number(&t.p[2], 2) == -ECONNRESET);
	}
	crowd_fini(&t);
	return 0;
}

/* Killed in the middle of it: the next one begins anew as well. */
static int reset_half_done(void)
{
	struct crowd t;

	START(t);
	EXPECT(!put_number(&t.p[0], 1));
	t.c.map.words->tie += (uint64_t)1 << 32;
	EXPECT(put_number(&t.p[0], 1) == -ECONNRESET);
	EXPECT(put_number(&t.p[0], 1) == -ENOTCONN);
	EXPECT(!consumer_attach(&t));
	EXPECT_NONE(&t.c, -EAGAIN);
	EXPECT(!put_number(&t.p[0], 2));
	EXPECT_NUMBER(&t.c, 2);
	crowd_fini(&t);
	return 0;
}

static int arguments(void)
{
	unsigned char *mem = memory_get(ivs_bytes(CAPACITY));
	struct ivs_bell bell = counter_bell(NULL), none = { NULL, NULL };
	struct ivs_queue_consumer c;
	struct ivs_queue_producer p;

#define REFUSED(mem, capacity, slot, bell)						\
	do {										\
		EXPECT(ivs_queue_consumer_attach(&c, mem, capacity, slot, bell) == -EINVAL);	\
		EXPECT(ivs_queue_producer_attach(&p, mem, capacity, slot, 1, bell) == -EINVAL);	\
	} while (0)
	REFUSED(NULL, CAPACITY, SLOT, bell);
	REFUSED(mem + 8, CAPACITY, SLOT, bell);
	REFUSED(mem, CAPACITY / 2, SLOT, bell);
	REFUSED(mem, CAPACITY + SLOT, SLOT, bell);
	REFUSED(mem, CAPACITY, 32, bell);
	REFUSED(mem, CAPACITY, 0, bell);
	REFUSED(mem, CAPACITY, 192, bell);
	REFUSED(mem, CAPACITY, CAPACITY, bell);
	REFUSED(mem, CAPACITY, SLOT, none);
	EXPECT(ivs_queue_producer_attach(&p, mem, CAPACITY, SLOT, IVS_OWNER_MAX + 1, bell) ==
	       -EINVAL);
	EXPECT(!ivs_queue_producer_attach(&p, mem, CAPACITY, SLOT, IVS_OWNER_MAX, bell));
	memory_put(mem, ivs_bytes(CAPACITY));
	return 0;
}

static int other_geometry(void)
{
	struct crowd t;

	START(t);
	EXPECT(!ivs_queue_producer_attach(&t.p[0], t.mem, CAPACITY, SLOT / 2, 1,
					  counter_bell(&t.rung_by_p[0])));
	EXPECT(put_number(&t.p[0], 1) == -EPROTOTYPE);
	EXPECT(!put_number(&t.p[1], 1));
	/* a consumer of another size makes it another queue */
	EXPECT(!ivs_queue_consumer_attach(&t.c, t.mem, CAPACITY, SLOT / 2,
					  counter_bell(&t.rung_by_c)));
	EXPECT(put_number(&t.p[1], 2) == -ECONNRESET);
	EXPECT(put_number(&t.p[1], 2) == -EPROTOTYPE);
	EXPECT(!put_number(&t.p[0], 3));
	EXPECT_NUMBER(&t.c, 3);
	crowd_fini(&t);
	return 0;
}

/*
 * Hostile producers
 */

static int hostile_word(uint64_t word, int expected)
{
	struct crowd t;
	int i;

	START(t);
	EXPECT(!put_number(&t.p[0], 1));
	ivs_queue_slot(&t.c.map, 0)->word = word;
	EXPECT_NONE(&t.c, expected);
	for (i = 0; i < 2 * SLOTS; i++)
		put_number(&t.p[1], 1);
	ivs_queue_reset(&t.c);
	EXPECT(put_number(&t.p[1], 1) == -ECONNRESET);
	EXPECT(!put_number(&t.p[1], 2));
	EXPECT_NUMBER(&t.c, 2);
	crowd_fini(&t);
	return 0;
}

static int hostile_words(void)
{
	EXPECT_PASS(hostile_word(1ull << 32 | IVS_SLOT_READY, 0));
	EXPECT_PASS(hostile_word(1ull << 32 | IVS_SLOT_CLAIMED, -EAGAIN));
	EXPECT_PASS(hostile_word(1ull << 32, -EPROTO));
	EXPECT_PASS(hostile_word(2ull << 32 | IVS_SLOT_READY, -EPROTO));
	EXPECT_PASS(hostile_word((uint64_t)UINT32_MAX << 32 | IVS_SLOT_READY, -EPROTO));
	return 0;
}

static int hostile_length(void)
{
	struct crowd t;

	START(t);
	EXPECT(!put_number(&t.p[0], 1));
	ivs_queue_slot(&t.c.map, 0)->length = SLOT - 15;
	EXPECT_NONE(&t.c, -EPROTO);
	ivs_queue_slot(&t.c.map, 0)->length = UINT32_MAX;
	EXPECT_NONE(&t.c, -EPROTO);
	crowd_fini(&t);
	return 0;
}

/* More records, and more voids, than there are slots. */
static int hostile_laps(void)
{
	struct crowd t;
	int i;

	for (i = IVS_SLOT_READY; i <= IVS_SLOT_VOID; i++) {
		const void *from;
		uint32_t owner;
		uint64_t n;
		size_t len;

		START(t);
		for (n = 0; n < 10 * SLOTS; n++) {
			struct ivs_slot *slot = ivs_queue_slot(&t.c.map, n);

			slot->word = ivs_slot_word(&t.c.map, n, 1, (enum ivs_slot_state)i);
			slot->length = 0;
			ivs_queue_next(&t.c, &from, &len, &owner);
			EXPECT(t.c.next - t.c.published <= SLOTS);
		}
		ivs_queue_bury(&t.c, 1);
		crowd_fini(&t);
	}
	return 0;
}

/* Wherever the tail points to: at most a wake-up is needed, and nothing is lost. */
static int hostile_tail(void)
{
	static const uint64_t tails[] = { 0, 1, 2, 3, 5, SLOTS, SLOTS + 1, SLOTS + 2, SLOTS + 3,
					  1000, 1ull << 63, UINT64_MAX };
	struct crowd t;
	size_t i, n;

	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		START(t);
		EXPECT(!put_number(&t.p[0], 1) && !put_number(&t.p[0], 2));
		EXPECT_NUMBER(&t.c, 1);
		EXPECT_NUMBER(&t.c, 2);
		EXPECT_NONE(&t.c, -EAGAIN);
		EXPECT(ivs_queue_sleep(&t.c));
		t.c.map.claims->tail = tails[i];
		for (n = 0; n < SLOTS && !put_number(&t.p[0], n); n++)
			;
		EXPECT(n > 0 || tails[i] == SLOTS + 2);
		EXPECT(put_number(&t.p[0], n) == -EAGAIN);
		ivs_queue_sleep_for_room(&t.p[0]);
		EXPECT(t.rung_by_p[0].rings > 0);
		t.rung_by_c.rings = 0;
		EXPECT_NONE(&t.c, n == SLOTS ? 0 : -EAGAIN);
		EXPECT(t.rung_by_c.rings == (n != SLOTS));
		EXPECT(n == SLOTS || !put_number(&t.p[0], 99));
		EXPECT(n == SLOTS || t.c.map.claims->tail == 3);
		crowd_fini(&t);
	}
	return 0;
}

static int hostile_noise(void)
{
	static unsigned char buf[SLOT];
	uint64_t state = rnd_seed(), n, reads = 0;
	struct crowd t;
	const void *from;
	uint32_t owner;
	size_t len;
	int i, ret;

	START(t);
	for (i = 0; i < 300000; i++) {
		struct ivs_queue_producer *p = &t.p[rnd_below(&state, PRODUCERS)];
		uint64_t *word = (uint64_t *)(t.mem + (rnd_below(&state, 2) ?
				 rnd_below(&state, 2) * 4096 + rnd_below(&state, 17) * 8 :
				 IVS_DATA_OFFSET + rnd_below(&state, SLOTS) * SLOT +
				 rnd_below(&state, 2) * 8));

		n = random_next(&state);
		if (rnd_below(&state, 2))
			*word = n >> rnd_below(&state, 64);
		else if (rnd_below(&state, 2))
			*word ^= rnd_below(&state, 4);
		ivs_queue_put(p, buf, rnd_below(&state, SLOT));
		ivs_queue_sleep_for_room(p);
		ret = ivs_queue_next(&t.c, &from, &len, &owner);
		if (!ret) {
			memcpy(buf, from, len);
			reads++;
		}
		ivs_queue_sleep(&t.c);
		ivs_queue_bury(&t.c, p->owner);
		if (ret == -EPROTO && !rnd_below(&state, 4))
			ivs_queue_reset(&t.c);
		if (!rnd_below(&state, 64))
			EXPECT(!consumer_attach(&t));
	}
	EXPECT(reads > 1000);
	crowd_fini(&t);
	return 0;
}

/* Byte by byte what Documentation/ring.rst shows. */
static int layout(void)
{
	static const unsigned char words[] = {
		'i', 'v', 's', '.', 'r', 'i', 'n', 'g', 1, 0, 0, 0, 3, 0, 0, 0,
		0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
	};
	static const unsigned char claimed[] = { 5, 0, 0x1c, 0, 1, 0, 0, 0 };
	static const unsigned char ready[] = { 6, 0, 0x1c, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
					       'h', 'e', 'l', 'l', 'o' };
	struct crowd t;
	void *to;
	int i;

	START(t);
	memset(ivs_queue_slot(&t.c.map, 0), 0, SLOT);
	EXPECT(!memcmp(t.mem, words, sizeof(words)));
	EXPECT(!producer_attach(&t, 1, 7));
	EXPECT(!ivs_queue_reserve(&t.p[1], &to));
	EXPECT(!memcmp(t.mem + 8192, claimed, sizeof(claimed)));
	memcpy(to, "hello", 5);
	EXPECT(!ivs_queue_commit(&t.p[1], 5));
	EXPECT(!memcmp(t.mem + 8192, ready, sizeof(ready)));
	EXPECT(t.mem[4096] == 1);
	EXPECT(!ivs_queue_next(&t.c, (const void **)&to, &(size_t){ 0 }, &(uint32_t){ 0 }));
	ivs_queue_publish(&t.c);
	EXPECT(t.mem[128] == 1);
	EXPECT(ivs_queue_sleep(&t.c));
	EXPECT(t.mem[40] == 2);
	for (i = 0; i < SLOTS; i++)
		EXPECT(!put_number(&t.p[1], 0));
	EXPECT(put_number(&t.p[1], 0) == -EAGAIN);
	EXPECT(ivs_queue_sleep_for_room(&t.p[1]));
	EXPECT(t.mem[4096 + 128] == 2);
	crowd_fini(&t);
	return 0;
}

static const struct ktap_case cases[] = {
	{ "records come in the order of their slots", order },
	{ "no room until slots are given back", full },
	{ "written and read in place, by one after the other", in_place },
	{ "no doorbell while all are awake", awake },
	{ "a consumer that sleeps: only who has its slot rings", asleep_for_data },
	{ "a producer that sleeps for room", asleep_for_room },
	{ "producers may be there first", no_consumer },
	{ "a producer that dies with a slot in hand", producer_dies },
	{ "all slots in the hands of the dead", all_die },
	{ "a tail that comes late", late_tail },
	{ "a consumer that is replaced reads on", consumer_replaced },
	{ "a consumer that begins anew", reset },
	{ "a consumer that died beginning anew", reset_half_done },
	{ "arguments that can't be", arguments },
	{ "queues of another size", other_geometry },
	{ "hostile words", hostile_words },
	{ "hostile lengths", hostile_length },
	{ "hostile laps", hostile_laps },
	{ "hostile tails", hostile_tail },
	{ "noise in all words", hostile_noise },
	{ "the layout, byte by byte", layout },
};

KTAP_MAIN(cases)
