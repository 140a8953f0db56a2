/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of many producers and one consumer that share memory, and no more: slots of a fixed size,
 * taken in the order in which they were claimed. It makes no system call, takes no lock, and rings
 * a doorbell only when somebody sleeps. Documentation/ring.rst explains it.
 *
 * A slot says who claimed it. So one that died before it published is passed by as soon as the
 * consumer knows (ivs_queue_bury()), and the others go on. What a hostile producer writes can
 * garble or stop the queue, which ivs_queue_reset() undoes; each call does a bounded amount of
 * work.
 */
#ifndef IVSHMEM_QUEUE_H
#define IVSHMEM_QUEUE_H

#include <string.h>

#include <ivshmem/words.h>

/**
 * struct ivs_queue_claims - what producers share, at IVS_PRODUCER_OFFSET
 * @tail: a position before which all slots are claimed; others may be, too
 * @apart: 0
 * @waiters: bit n: a producer of number n waits for room
 */
struct ivs_queue_claims {
	uint64_t tail;
	uint64_t apart[15];
	uint64_t waiters;
};

static_assert(offsetof(struct ivs_queue_claims, waiters) == 128, "layout");

/**
 * struct ivs_slot - what precedes the record in a slot
 * @word: lap in the upper half: how often the consumer came by, and once more; 0: never used. Who
 *	claimed it in bits 31 to 2, and its enum ivs_slot_state
 * @length: bytes of the record
 * @reserved: 0
 */
struct ivs_slot {
	uint64_t word;
	uint32_t length;
	uint32_t reserved;
};

static_assert(sizeof(struct ivs_slot) == 16, "layout");

/**
 * enum ivs_slot_state - what is in a slot that has the lap of its position
 * @IVS_SLOT_CLAIMED: its owner writes to it
 * @IVS_SLOT_READY: a record
 * @IVS_SLOT_VOID: nothing, its owner died
 */
enum ivs_slot_state {
	IVS_SLOT_CLAIMED = 1,
	IVS_SLOT_READY = 2,
	IVS_SLOT_VOID = 3,
};

#define IVS_SLOT_STATE_MASK	3u
#define IVS_SLOT_OWNER_SHIFT	2
#define IVS_SLOT_SIZE_MIN	64
#define IVS_OWNER_MAX		0x3fffffffu

/* The bits of waiters; numbers are owners modulo this. */
#define IVS_NUMBERS		64

/**
 * ivs_owner() - names a producer
 * @peer: its id
 * @generation: which holder of that id: what died must not have the name of who lives
 */
static inline uint32_t ivs_owner(uint16_t peer, uint32_t generation)
{
	return peer | (generation & 0x3fff) << 16;
}

/**
 * struct ivs_queue_map - where a queue is
 * @words: the consumer's
 * @claims: the producers'
 * @slots: the first one
 * @capacity: bytes of all slots
 * @slot_size: bytes of one
 * @count: slots, a power of two
 * @shift: its logarithm
 */
struct ivs_queue_map {
	struct ivs_words *words;
	struct ivs_queue_claims *claims;
	unsigned char *slots;
	uint64_t capacity;
	uint64_t slot_size;
	uint64_t count;
	unsigned int shift;
};

static inline int ivs_queue_map(struct ivs_queue_map *map, void *mem, uint64_t capacity,
				uint64_t slot_size)
{
	unsigned char *base = (unsigned char *)mem;

	if (!ivs_place_valid(mem, capacity) || slot_size < IVS_SLOT_SIZE_MIN ||
	    slot_size > UINT32_MAX || slot_size & (slot_size - 1) || slot_size > capacity / 2)
		return -EINVAL;
	map->words = (struct ivs_words *)(void *)(base + IVS_CONSUMER_OFFSET);
	map->claims = (struct ivs_queue_claims *)(void *)(base + IVS_PRODUCER_OFFSET);
	map->slots = base + IVS_DATA_OFFSET;
	map->capacity = capacity;
	map->slot_size = slot_size;
	map->count = capacity / slot_size;
	map->shift = (unsigned int)__builtin_ctzll(map->count);
	return 0;
}

static inline struct ivs_slot *ivs_queue_slot(const struct ivs_queue_map *map, uint64_t position)
{
	return (struct ivs_slot *)(void *)(map->slots +
					   (position & (map->count - 1)) * map->slot_size);
}

static inline uint32_t ivs_queue_lap(const struct ivs_queue_map *map, uint64_t position)
{
	return (uint32_t)(position >> map->shift) + 1;
}

/* The word of the slot at @position. */
static inline uint64_t ivs_slot_word(const struct ivs_queue_map *map, uint64_t position,
				     uint32_t owner, enum ivs_slot_state state)
{
	return (uint64_t)ivs_queue_lap(map, position) << 32 |
	       (uint64_t)owner << IVS_SLOT_OWNER_SHIFT | (uint64_t)state;
}

/* What became of @position, by the @word of its slot: a state, 0: not claimed yet, or -EPROTO. */
static inline int ivs_slot_state(const struct ivs_queue_map *map, uint64_t position, uint64_t word)
{
	uint32_t ahead = (uint32_t)(word >> 32) - ivs_queue_lap(map, position);

	if (ahead == UINT32_MAX)
		return 0;
	if (ahead || !(word & IVS_SLOT_STATE_MASK))
		return -EPROTO;
	return (int)(word & IVS_SLOT_STATE_MASK);
}

static inline bool ivs_slot_exchange(struct ivs_slot *slot, uint64_t old, uint64_t now)
{
	return __atomic_compare_exchange_n(&slot->word, &old, now, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/**
 * ivs_queue_record_max() - the length of the longest record
 * @map: a queue
 */
static inline uint64_t ivs_queue_record_max(const struct ivs_queue_map *map)
{
	return map->slot_size - sizeof(struct ivs_slot);
}

/*
 * The consumer
 */

/**
 * struct ivs_queue_consumer - who reads a queue, in memory of its own
 * @map: where it is
 * @next: position to be read next
 * @published: position before which slots may be claimed anew
 * @bell: the producers' doorbells, by their number
 */
struct ivs_queue_consumer {
	struct ivs_queue_map map;
	uint64_t next;
	uint64_t published;
	struct ivs_bell bell;
};

static inline void ivs_queue_wake(struct ivs_queue_consumer *c, uint64_t waiters)
{
	unsigned int n;

	for (n = 0; n < IVS_NUMBERS; n++)
		if (waiters >> n & 1)
			c->bell.ring(c->bell.opaque, n);
}

/**
 * ivs_queue_reset() - begin anew, all that was in the queue is lost
 * @c: the consumer
 *
 * For a consumer that got -EPROTO. Producers get -ECONNRESET once.
 */
static inline void ivs_queue_reset(struct ivs_queue_consumer *c)
{
	struct ivs_queue_map *map = &c->map;
	uint32_t epoch = ivs_epoch_next(ivs_load(&map->words->tie));
	uint64_t i;

	ivs_store_ordered(&map->words->tie, ivs_tie(epoch - 1, 0));
	ivs_store(&map->words->position, 0);
	ivs_store(&map->words->wake, 0);
	ivs_store(&map->claims->tail, 0);
	ivs_store(&map->claims->waiters, 0);
	for (i = 0; i < map->count; i++)
		ivs_store(&ivs_queue_slot(map, i)->word, 0);
	ivs_words_describe(map->words, IVS_QUEUE, map->capacity, map->slot_size);
	c->next = 0;
	c->published = 0;
	ivs_store_ordered(&map->words->tie, ivs_tie(epoch, 0));
	ivs_queue_wake(c, UINT64_MAX);
}

/**
 * ivs_queue_consumer_attach() - be the consumer, and read on where the last one published
 * @c: the consumer
 * @mem: where the shared memory is mapped, aligned to a cache line. What is no queue of these sizes
 *	is made one
 * @capacity: bytes of all slots, a power of two from IVS_CAPACITY_MIN; @mem has ivs_bytes() of it
 * @slot_size: bytes of a slot, a power of two from IVS_SLOT_SIZE_MIN to half of @capacity
 * @bell: rings the producers whose owner modulo IVS_NUMBERS is @number. Own ones must reach their
 *	waiter before this is called
 *
 * Returns 0, or -EINVAL.
 */
IVS_MUST_CHECK
static inline int ivs_queue_consumer_attach(struct ivs_queue_consumer *c, void *mem,
					    uint64_t capacity, uint64_t slot_size,
					    struct ivs_bell bell)
{
	int ret = ivs_queue_map(&c->map, mem, capacity, slot_size);

	if (ret)
		return ret;
	if (!bell.ring)
		return -EINVAL;
	c->bell = bell;
	if (!(ivs_load(&c->map.words->tie) >> 32 & 1) ||
	    !ivs_words_match(c->map.words, IVS_QUEUE, capacity, slot_size)) {
		ivs_queue_reset(c);
		return 0;
	}
	c->next = ivs_load(&c->map.words->position);
	c->published = c->next;
	/* who waited for the last one, and was forgotten by it */
	ivs_queue_wake(c, UINT64_MAX);
	return 0;
}

static inline void ivs_queue_wake_waiters(struct ivs_queue_consumer *c)
{
	if (ivs_load_ordered(&c->map.claims->waiters))
		ivs_queue_wake(c, __atomic_exchange_n(&c->map.claims->waiters, 0,
						      __ATOMIC_SEQ_CST));
}

/*
 * Nobody claimed the next position. A tail that is behind it nevertheless was written by who is
 * hostile, or late by a reset: it is taken back, which is never wrong.
 */
static inline void ivs_queue_mend(struct ivs_queue_consumer *c)
{
	uint64_t tail = ivs_load(&c->map.claims->tail);
	uint64_t word = ivs_load(&ivs_queue_slot(&c->map, c->next)->word);

	if ((int64_t)(tail - c->next) <= 0 || ivs_slot_state(&c->map, c->next, word))
		return;
	__atomic_compare_exchange_n(&c->map.claims->tail, &tail, c->next, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
	ivs_queue_wake_waiters(c);
}

/* Passes by what is void, and gives the state and the word of the next slot, or -EAGAIN. */
static inline int ivs_queue_look(struct ivs_queue_consumer *c, uint64_t *word)
{
	int state;

	for (; c->next - c->published < c->map.count; c->next++) {
		*word = ivs_load(&ivs_queue_slot(&c->map, c->next)->word);
		state = ivs_slot_state(&c->map, c->next, *word);
		if (state != IVS_SLOT_VOID)
			return state;
	}
	return -EAGAIN;
}

/**
 * ivs_queue_next() - the next record, to be read where it is
 * @c: the consumer
 * @data: where it is, aligned to 16, until the next ivs_queue_publish(). A hostile producer can
 *	alter it meanwhile: what decides anything is to be copied first
 * @len: bytes of it
 * @owner: whose it is, as it says
 *
 * As many as there are may be taken before ivs_queue_publish() gives all slots back. What was taken
 * and not given back when the consumer dies, the next one gets again.
 *
 * Returns 0; -EAGAIN there is none, or it is not complete; -EPROTO what is there can't be, to be
 * ended by ivs_queue_reset().
 */
static inline int ivs_queue_next(struct ivs_queue_consumer *c, const void **data, size_t *len,
				 uint32_t *owner)
{
	const struct ivs_slot *slot;
	uint32_t length;
	uint64_t word;
	int state = ivs_queue_look(c, &word);

	if (state == 0)
		ivs_queue_mend(c);
	if (state != IVS_SLOT_READY)
		return state < 0 ? state : -EAGAIN;
	slot = ivs_queue_slot(&c->map, c->next);
	length = __atomic_load_n(&slot->length, __ATOMIC_RELAXED);
	if (length > ivs_queue_record_max(&c->map))
		return -EPROTO;
	*data = slot + 1;
	*len = length;
	*owner = (uint32_t)word >> IVS_SLOT_OWNER_SHIFT;
	c->next++;
	return 0;
}

/**
 * ivs_queue_publish() - give back all slots that were taken since the last time
 * @c: the consumer
 *
 * One store, however many slots; and doorbells to those who sleep for room.
 */
static inline void ivs_queue_publish(struct ivs_queue_consumer *c)
{
	if (c->published == c->next)
		return;
	c->published = c->next;
	ivs_store_ordered(&c->map.words->position, c->next);
	ivs_queue_wake_waiters(c);
}

/**
 * ivs_queue_sleep() - ask for a doorbell, after ivs_queue_next() gave -EAGAIN
 * @c: the consumer; what it took is given back
 *
 * Returns whether to wait for a doorbell, or for news of a producer's death; false: try again at
 * once. A doorbell may come for nothing.
 */
static inline bool ivs_queue_sleep(struct ivs_queue_consumer *c)
{
	uint64_t word;
	int state;

	ivs_queue_publish(c);
	ivs_store_ordered(&c->map.words->wake, c->next + 1);
	word = ivs_load_ordered(&ivs_queue_slot(&c->map, c->next)->word);
	state = ivs_slot_state(&c->map, c->next, word);
	return state == 0 || state == IVS_SLOT_CLAIMED;
}

/**
 * ivs_queue_bury() - void the slots that a producer claimed and will not publish
 * @c: the consumer
 * @owner: who is known to be dead
 *
 * Returns how many there were.
 */
static inline uint64_t ivs_queue_bury(struct ivs_queue_consumer *c, uint32_t owner)
{
	uint64_t position, claimed, count = 0;

	for (position = c->next; position != c->published + c->map.count; position++) {
		claimed = ivs_slot_word(&c->map, position, owner, IVS_SLOT_CLAIMED);
		count += ivs_slot_exchange(ivs_queue_slot(&c->map, position), claimed,
					   ivs_slot_word(&c->map, position, owner, IVS_SLOT_VOID));
	}
	return count;
}

/*
 * Producers
 */

/**
 * struct ivs_queue_producer - one who writes to a queue, in memory of its own
 * @map: where it is
 * @position: of the slot that is claimed
 * @seen: the consumer's position when there was no room
 * @tie: the consumer's, 0: none met
 * @owner: what is written into slots
 * @claimed: whether one is
 * @bell: the consumer's doorbell
 */
struct ivs_queue_producer {
	struct ivs_queue_map map;
	uint64_t position;
	uint64_t seen;
	uint64_t tie;
	uint32_t owner;
	bool claimed;
	struct ivs_bell bell;
};

/**
 * ivs_queue_producer_attach() - be a producer of a queue
 * @p: the producer
 * @mem: as for ivs_queue_consumer_attach(); the consumer may come later
 * @capacity: as the consumer's
 * @slot_size: as the consumer's
 * @owner: up to IVS_OWNER_MAX, as ivs_owner() makes it; nobody else's, living or dead
 * @bell: the consumer's doorbell. Own ones must reach their waiter before this is called
 *
 * Returns 0, or -EINVAL.
 */
IVS_MUST_CHECK
static inline int ivs_queue_producer_attach(struct ivs_queue_producer *p, void *mem,
					    uint64_t capacity, uint64_t slot_size, uint32_t owner,
					    struct ivs_bell bell)
{
	int ret = ivs_queue_map(&p->map, mem, capacity, slot_size);

	if (ret)
		return ret;
	if (!bell.ring || owner > IVS_OWNER_MAX)
		return -EINVAL;
	p->position = 0;
	p->seen = 0;
	p->tie = 0;
	p->owner = owner;
	p->claimed = false;
	p->bell = bell;
	return 0;
}

/* Whether the consumer is the one that was met, or can be met now. */
static inline int ivs_queue_meet(struct ivs_queue_producer *p)
{
	uint64_t tie = ivs_load(&p->map.words->tie);

	if (tie == p->tie && tie)
		return 0;
	if (p->tie) {
		p->tie = 0;
		p->claimed = false;
		return -ECONNRESET;
	}
	if (!(tie >> 32 & 1))
		return -ENOTCONN;
	if (!ivs_words_match(p->map.words, IVS_QUEUE, p->map.capacity, p->map.slot_size))
		return -EPROTOTYPE;
	p->tie = tie;
	return 0;
}

/* Claims the slot at @position: true, and it is ours; false: it is another's. */
static inline bool ivs_queue_claim(struct ivs_queue_producer *p, uint64_t position, uint64_t word)
{
	uint64_t tail;

	if (!ivs_slot_exchange(ivs_queue_slot(&p->map, position), word,
			       ivs_slot_word(&p->map, position, p->owner, IVS_SLOT_CLAIMED)))
		return false;
	p->position = position;
	p->claimed = true;
	/* a hint for the others: they find out if it is late, or never comes */
	tail = ivs_load(&p->map.claims->tail);
	if ((int64_t)(position + 1 - tail) > 0)
		__atomic_compare_exchange_n(&p->map.claims->tail, &tail, position + 1, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	return true;
}

/**
 * ivs_queue_reserve() - the next slot, to be written where it is
 * @p: the producer, which has none reserved
 * @data: where to write ivs_queue_record_max() bytes, aligned to 16
 *
 * ivs_queue_commit() gives it to the consumer; until then all that is behind it waits.
 *
 * Returns 0; -EAGAIN no room; -EBUSY one is reserved; -ENOTCONN there never was a consumer;
 * -ECONNRESET once, when the consumer began anew and what it had not read is lost; -EPROTOTYPE its
 * queue is of other sizes.
 */
static inline int ivs_queue_reserve(struct ivs_queue_producer *p, void **data)
{
	int ret = ivs_queue_meet(p);
	uint64_t tail, at, word;
	int state;

	if (ret)
		return ret;
	if (p->claimed)
		return -EBUSY;
	/* the tail first: a true one is not more than all slots ahead of what is read later */
	tail = ivs_load(&p->map.claims->tail);
	p->seen = ivs_load(&p->map.words->position);
	at = tail - p->seen <= p->map.count ? tail : p->seen;
	for (; at - p->seen < p->map.count; at++) {
		word = ivs_load(&ivs_queue_slot(&p->map, at)->word);
		state = ivs_slot_state(&p->map, at, word);
		/* all positions are the past by now */
		if (state < 0)
			break;
		if (state == 0 && ivs_queue_claim(p, at, word)) {
			*data = ivs_queue_slot(&p->map, at) + 1;
			return 0;
		}
	}
	return -EAGAIN;
}

/**
 * ivs_queue_commit() - give the reserved slot to the consumer
 * @p: the producer
 * @len: bytes that were written
 *
 * Rings the consumer if it sleeps, and waits for this slot.
 *
 * Returns 0; -EMSGSIZE longer than ivs_queue_record_max(), it is still reserved; -EINVAL none is
 * reserved; -ECONNRESET the consumer began anew, or took this producer for dead.
 */
static inline int ivs_queue_commit(struct ivs_queue_producer *p, size_t len)
{
	struct ivs_slot *slot = ivs_queue_slot(&p->map, p->position);

	if (!p->claimed)
		return -EINVAL;
	if (len > ivs_queue_record_max(&p->map))
		return -EMSGSIZE;
	p->claimed = false;
	__atomic_store_n(&slot->length, (uint32_t)len, __ATOMIC_RELAXED);
	if (!ivs_slot_exchange(slot,
			       ivs_slot_word(&p->map, p->position, p->owner, IVS_SLOT_CLAIMED),
			       ivs_slot_word(&p->map, p->position, p->owner, IVS_SLOT_READY)))
		return -ECONNRESET;
	if (ivs_load_ordered(&p->map.words->wake) == p->position + 1)
		p->bell.ring(p->bell.opaque, 0);
	return 0;
}

/**
 * ivs_queue_put() - copy a record into the queue
 * @p: the producer
 * @data: what to copy
 * @len: bytes of it
 *
 * Returns what ivs_queue_reserve() and ivs_queue_commit() do, and nothing stays reserved.
 */
static inline int ivs_queue_put(struct ivs_queue_producer *p, const void *data, size_t len)
{
	void *to;
	int ret;

	if (len > ivs_queue_record_max(&p->map))
		return -EMSGSIZE;
	ret = ivs_queue_reserve(p, &to);
	if (ret)
		return ret;
	memcpy(to, data, len);
	return ivs_queue_commit(p, len);
}

/**
 * ivs_queue_sleep_for_room() - ask for a doorbell, after a call for whose result ivs_waits()
 * @p: the producer
 *
 * Returns whether to wait for a doorbell; false: try again at once. A doorbell may come for
 * nothing.
 */
static inline bool ivs_queue_sleep_for_room(struct ivs_queue_producer *p)
{
	/* a consumer that comes rings everybody */
	if (!p->tie)
		return true;
	__atomic_fetch_or(&p->map.claims->waiters, (uint64_t)1 << p->owner % IVS_NUMBERS,
			  __ATOMIC_SEQ_CST);
	if (ivs_load_ordered(&p->map.words->position) != p->seen ||
	    ivs_load(&p->map.words->tie) != p->tie)
		return false;
	/* no room, and the consumer sleeps: on a slow producer, or a wrong tail, which it mends */
	if (ivs_load_ordered(&p->map.words->wake) == p->seen + 1)
		p->bell.ring(p->bell.opaque, 0);
	return true;
}

#endif /* IVSHMEM_QUEUE_H */
