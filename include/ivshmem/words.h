/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two sides of a ring or a queue tell each other: each side's words, which nobody else
 * writes, and how they are read and written. Documentation/ring.rst has the layout.
 */
#ifndef IVSHMEM_WORDS_H
#define IVSHMEM_WORDS_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the words are little-endian, and nothing here swaps bytes"
#endif

static_assert(__GCC_ATOMIC_LLONG_LOCK_FREE == 2, "64-bit words are read and written at once");

#define IVS_MAGIC	0x676e69722e737669ull	/* "ivs.ring" */
#define IVS_VERSION	1

#define IVS_MUST_CHECK	__attribute__((warn_unused_result))

/* Where things are in the shared memory; each part begins a page, to be mapped alone. */
#define IVS_CONSUMER_OFFSET	0x0000
#define IVS_PRODUCER_OFFSET	0x1000
#define IVS_DATA_OFFSET		0x2000

/* Bytes of data: a power of two from here on. */
#define IVS_CAPACITY_MIN	0x1000

/**
 * enum ivs_kind - what is in the data
 * @IVS_RECORDS: records of any length, from one producer
 * @IVS_BYTES: a stream of bytes, from one producer
 * @IVS_QUEUE: slots of a fixed size, from many producers
 */
enum ivs_kind {
	IVS_RECORDS = 1,
	IVS_BYTES = 2,
	IVS_QUEUE = 3,
};

/**
 * struct ivs_words - what one side says; the other reads it, and believes none of it
 * @magic: IVS_MAGIC
 * @version: IVS_VERSION
 * @kind: of enum ivs_kind
 * @capacity: bytes of data
 * @unit: what data is aligned to, bytes: 8 for records, 1 for a stream, the slots' size of a queue
 * @tie: own epoch in the upper half, odd while attached, another with each attach; the peer's epoch
 *	that own words are meant for in the lower half
 * @wake: position of the peer's that wants a doorbell as it is reached; 0: none
 * @reserved: 0
 * @apart: 0; what is written with each batch has cache lines of its own
 * @position: how far own work is, in bytes (a queue: slots) since the two sides met
 */
struct ivs_words {
	uint64_t magic;
	uint32_t version;
	uint32_t kind;
	uint64_t capacity;
	uint64_t unit;
	uint64_t tie;
	uint64_t wake;
	uint64_t reserved[2];
	uint64_t apart[8];
	uint64_t position;
};

static_assert(offsetof(struct ivs_words, tie) == 32, "layout");
static_assert(offsetof(struct ivs_words, wake) == 40, "layout");
static_assert(offsetof(struct ivs_words, position) == 128, "layout");
static_assert(sizeof(struct ivs_words) == 136, "layout");

/**
 * struct ivs_bell - how the peer is woken
 * @ring: its doorbell: an ioctl, a store to the registers, a write to an eventfd. What is rung
 *	while nobody waits must end the next wait. @number is 0, but for the consumer of a queue
 * @opaque: for @ring
 */
struct ivs_bell {
	void (*ring)(void *opaque, unsigned int number);
	void *opaque;
};

/* Pairs with ivs_store(): what was written before the store is seen behind the load. */
static inline uint64_t ivs_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void ivs_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/*
 * The same in one order for all: of two sides that each store a word and then load the other's, at
 * least one sees what the other stored. That is why no doorbell gets lost.
 */
static inline uint64_t ivs_load_ordered(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void ivs_store_ordered(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Whether a position that went from @old to @now reached @wake. */
static inline bool ivs_reached(uint64_t wake, uint64_t old, uint64_t now)
{
	return wake - old - 1 < now - old;
}

/* The epoch of who attaches when the last one's was @tie: odd, and another one. */
static inline uint32_t ivs_epoch_next(uint64_t tie)
{
	return ((uint32_t)(tie >> 32) + 1) | 1;
}

static inline uint64_t ivs_tie(uint32_t own, uint32_t peer)
{
	return (uint64_t)own << 32 | peer;
}

static inline void ivs_words_describe(struct ivs_words *words, enum ivs_kind kind,
				      uint64_t capacity, uint64_t unit)
{
	__atomic_store_n(&words->magic, IVS_MAGIC, __ATOMIC_RELAXED);
	__atomic_store_n(&words->version, IVS_VERSION, __ATOMIC_RELAXED);
	__atomic_store_n(&words->kind, kind, __ATOMIC_RELAXED);
	__atomic_store_n(&words->capacity, capacity, __ATOMIC_RELAXED);
	__atomic_store_n(&words->unit, unit, __ATOMIC_RELAXED);
}

static inline bool ivs_words_match(const struct ivs_words *words, enum ivs_kind kind,
				   uint64_t capacity, uint64_t unit)
{
	return __atomic_load_n(&words->magic, __ATOMIC_RELAXED) == IVS_MAGIC &&
	       __atomic_load_n(&words->version, __ATOMIC_RELAXED) == IVS_VERSION &&
	       __atomic_load_n(&words->kind, __ATOMIC_RELAXED) == (uint32_t)kind &&
	       __atomic_load_n(&words->capacity, __ATOMIC_RELAXED) == capacity &&
	       __atomic_load_n(&words->unit, __ATOMIC_RELAXED) == unit;
}

/* Whether data of @capacity bytes can be at @mem. */
static inline bool ivs_place_valid(const void *mem, uint64_t capacity)
{
	return mem && !((uintptr_t)mem & 63) && capacity >= IVS_CAPACITY_MIN &&
	       !(capacity & (capacity - 1)) && capacity <= (uint64_t)1 << 62 &&
	       capacity <= SIZE_MAX - IVS_DATA_OFFSET;
}

/**
 * ivs_bytes() - how much shared memory a ring or queue takes
 * @capacity: bytes of data
 */
static inline uint64_t ivs_bytes(uint64_t capacity)
{
	return IVS_DATA_OFFSET + capacity;
}

/**
 * ivs_waits() - whether a doorbell may change what a call returned
 * @ret: -EAGAIN; -ENOTCONN; -EPROTOTYPE too, since it may be of one who is long dead
 */
static inline bool ivs_waits(int ret)
{
	return ret == -EAGAIN || ret == -ENOTCONN || ret == -EPROTOTYPE;
}

#endif /* IVSHMEM_WORDS_H */
