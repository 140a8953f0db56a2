/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring between one producer and one consumer that share memory, and no more: processes of a host
 * over /dev/ivshmem/NAME, of guests over /dev/ivshmem0. It makes no system call, takes no lock, and
 * rings the peer's doorbell only when the peer sleeps. Documentation/ring.rst explains it.
 *
 * The peer may be hostile: it can garble data, but what it says is bounded before it is used, read
 * once, and costs a bounded amount of work. It may die at any moment and come back.
 */
#ifndef IVSHMEM_RING_H
#define IVSHMEM_RING_H

#include <string.h>

#include <ivshmem/words.h>

/* Which side one is. */
enum ivs_role {
	IVS_CONSUMER = 0,
	IVS_PRODUCER = 1,
};

/* Before each record: its length in the lower half, what it is in the upper one. */
#define IVS_RECORD_HEADER	8
#define IVS_RECORD_DATA		0
#define IVS_RECORD_SKIP		1	/* nothing, up to the data's end */

/**
 * struct ivs_ring - one side of a ring, in memory of its own
 * @own: own words
 * @peer: the other side's, to be read only
 * @data: the shared data
 * @capacity: bytes of it
 * @lead: by how many bytes own positions may be before the peer's: @capacity or 0
 * @next: position of what is written or read next
 * @published: position that the peer was told of
 * @limit: position up to which @next may go, as far as is known; all are 0 until the two meet
 * @need: bytes that the last call lacked
 * @kind: of the data
 * @role: producer or consumer
 * @epoch: own one
 * @peer_epoch: the peer's, 0: none
 * @state: 0: the two have met; or why not: -ENOTCONN, -ECONNRESET, -EPROTO, -ESTALE
 * @bell: the peer's doorbell
 */
struct ivs_ring {
	struct ivs_words *own;
	const struct ivs_words *peer;
	unsigned char *data;
	uint64_t capacity;
	uint64_t lead;
	uint64_t next;
	uint64_t published;
	uint64_t limit;
	uint64_t need;
	enum ivs_kind kind;
	enum ivs_role role;
	uint32_t epoch;
	uint32_t peer_epoch;
	int state;
	struct ivs_bell bell;
};

static inline uint64_t ivs_ring_unit(enum ivs_kind kind)
{
	return kind == IVS_RECORDS ? IVS_RECORD_HEADER : 1;
}

/**
 * ivs_ring_attach() - be one side of a ring
 * @r: that side
 * @role: which one; there is one of each, and whoever attaches replaces who was there before
 * @kind: IVS_RECORDS or IVS_BYTES, the same on both sides
 * @mem: where the shared memory is mapped, aligned to a cache line; of any content. Of a producer
 *	all behind IVS_PRODUCER_OFFSET must be writable, of a consumer all before
 * @capacity: bytes of data, a power of two from IVS_CAPACITY_MIN, the same on both sides; @mem has
 *	ivs_bytes() of it
 * @bell: the peer's doorbell. Own ones must reach their waiter before this is called
 *
 * Returns 0, or -EINVAL.
 */
IVS_MUST_CHECK
static inline int ivs_ring_attach(struct ivs_ring *r, enum ivs_role role, enum ivs_kind kind,
				  void *mem, uint64_t capacity, struct ivs_bell bell)
{
	unsigned char *base = (unsigned char *)mem;
	struct ivs_words *consumer, *producer;

	if (!ivs_place_valid(mem, capacity) || (kind != IVS_RECORDS && kind != IVS_BYTES) ||
	    !bell.ring)
		return -EINVAL;
	consumer = (struct ivs_words *)(void *)(base + IVS_CONSUMER_OFFSET);
	producer = (struct ivs_words *)(void *)(base + IVS_PRODUCER_OFFSET);
	memset(r, 0, sizeof(*r));
	r->own = role == IVS_PRODUCER ? producer : consumer;
	r->peer = role == IVS_PRODUCER ? consumer : producer;
	r->data = base + IVS_DATA_OFFSET;
	r->capacity = capacity;
	r->lead = role == IVS_PRODUCER ? capacity : 0;
	r->kind = kind;
	r->role = role;
	r->epoch = ivs_epoch_next(ivs_load(&r->own->tie));
	r->state = -ENOTCONN;
	r->bell = bell;

	/*
	 * First nobody is here, then somebody is who means nobody yet. A producer's position is
	 * still that of the one before: the consumer may have to read up to there.
	 */
	ivs_store_ordered(&r->own->tie, ivs_tie(r->epoch - 1, 0));
	ivs_words_describe(r->own, kind, capacity, ivs_ring_unit(kind));
	ivs_store(&r->own->wake, 0);
	ivs_store_ordered(&r->own->tie, ivs_tie(r->epoch, 0));
	bell.ring(bell.opaque, 0);
	return 0;
}

/*
 * From here on there is no session: nothing more can be read or written, and @why is told. The next
 * one begins at 0, maybe in the middle of a call that has looked at @next already.
 */
static inline int ivs_ring_close(struct ivs_ring *r, int why)
{
	r->next = 0;
	r->published = 0;
	r->limit = 0;
	r->peer_epoch = 0;
	r->state = why;
	return why;
}

/**
 * ivs_ring_detach() - leave; the peer may read what was published
 * @r: side of a ring, of no more use
 */
static inline void ivs_ring_detach(struct ivs_ring *r)
{
	if (ivs_load(&r->own->tie) >> 32 == r->epoch)
		ivs_store_ordered(&r->own->tie, ivs_tie(r->epoch + 1, 0));
	ivs_ring_close(r, -ESTALE);
	r->bell.ring(r->bell.opaque, 0);
}

/* Own words begin anew, for the peer of @epoch, which is told. */
static inline void ivs_ring_begin(struct ivs_ring *r, uint32_t epoch)
{
	r->next = 0;
	r->published = 0;
	r->limit = r->lead;
	r->peer_epoch = epoch;
	ivs_store(&r->own->position, 0);
	ivs_store(&r->own->wake, 0);
	ivs_store_ordered(&r->own->tie, ivs_tie(r->epoch, epoch));
	r->bell.ring(r->bell.opaque, 0);
}

/*
 * Meets the peer: the consumer asks, having read all that the last producer left; the producer
 * answers, and only then the data is its own to write.
 */
static inline int ivs_ring_meet(struct ivs_ring *r)
{
	uint64_t tie = ivs_load(&r->peer->tie);
	uint32_t epoch = (uint32_t)(tie >> 32);
	bool meant = (uint32_t)tie == r->epoch;

	if (!(epoch & 1))
		return -ENOTCONN;
	if (!ivs_words_match(r->peer, r->kind, r->capacity, ivs_ring_unit(r->kind)))
		return -EPROTOTYPE;
	if (r->role == IVS_PRODUCER && !meant)
		return -ENOTCONN;
	if (r->peer_epoch != epoch)
		ivs_ring_begin(r, epoch);
	if (!meant)
		return -ENOTCONN;
	r->state = 0;
	return 0;
}

/* Looks how far the peer is by now. */
static inline int ivs_ring_refresh(struct ivs_ring *r)
{
	/* The tie first: then all is in the position that this peer published. */
	uint64_t tie = ivs_load(&r->peer->tie);
	uint64_t limit = ivs_load(&r->peer->position) + r->lead;
	bool sane = limit - r->limit <= r->published + r->capacity - r->limit;

	if (sane)
		r->limit = limit;
	else
		tie = ivs_load(&r->peer->tie);
	if (r->limit - r->next >= r->need)
		return 0;
	if (tie >> 32 != r->peer_epoch)
		return ivs_ring_close(r, -ECONNRESET);
	if (!sane)
		return ivs_ring_close(r, -EPROTO);
	if (ivs_load(&r->own->tie) != ivs_tie(r->epoch, r->peer_epoch))
		return ivs_ring_close(r, -ESTALE);
	return -EAGAIN;
}

/* Waits for nothing: whether @bytes can be written or read at the next position. */
static inline int ivs_ring_look(struct ivs_ring *r, uint64_t bytes)
{
	int ret = r->state;

	r->need = bytes;
	if (ret == -ENOTCONN)
		ret = ivs_ring_meet(r);
	if (!ret)
		ret = ivs_ring_refresh(r);
	/* told once; from now on there is just nobody */
	if (ret == -ECONNRESET)
		r->state = -ENOTCONN;
	return ret;
}

static inline int ivs_ring_want(struct ivs_ring *r, uint64_t bytes)
{
	return __builtin_expect(r->limit - r->next >= bytes, 1) ? 0 : ivs_ring_look(r, bytes);
}

/**
 * ivs_ring_publish() - give the peer all that was written, or read, since the last time
 * @r: side of a ring
 *
 * One store, however many records; and a doorbell if the peer sleeps and waits for one of them.
 * What goes wrong here is told by the next call that writes.
 */
static inline void ivs_ring_publish(struct ivs_ring *r)
{
	uint64_t old = r->published;
	uint64_t now = r->next;

	if (now == old)
		return;
	r->published = now;
	ivs_store_ordered(&r->own->position, now);
	if (ivs_reached(ivs_load_ordered(&r->peer->wake), old, now))
		r->bell.ring(r->bell.opaque, 0);
	/* the same cache line; a consumer has what is published to read first */
	if (r->role == IVS_PRODUCER && ivs_load(&r->peer->tie) >> 32 != r->peer_epoch)
		ivs_ring_close(r, -ECONNRESET);
}

/**
 * ivs_ring_sleep() - ask for a doorbell, after a call for whose result ivs_waits()
 * @r: side of a ring; what it did is published
 * @bytes: how much room or data, headers counted, is worth waking up for; 0: what the call lacked.
 *	For a consumer that can't know that as much will come: 0
 *
 * Returns whether to wait for a doorbell; false: try again at once. A doorbell may come for
 * nothing.
 */
static inline bool ivs_ring_sleep(struct ivs_ring *r, uint64_t bytes)
{
	uint64_t need = bytes > r->need ? bytes : r->need;

	if (need > r->capacity)
		need = r->capacity;
	ivs_ring_publish(r);
	/* whoever comes or goes rings in any case */
	if (r->state)
		return r->state == -ENOTCONN;
	ivs_store_ordered(&r->own->wake, r->next + need - r->lead);
	return ivs_load_ordered(&r->peer->position) + r->lead - r->next < need;
}

/*
 * Records
 */

static inline uint64_t ivs_record_size(uint64_t len)
{
	return (IVS_RECORD_HEADER + len + 7) & ~(uint64_t)7;
}

/**
 * ivs_ring_record_max() - the length of the longest record, of which two fit
 * @r: side of a ring
 */
static inline uint64_t ivs_ring_record_max(const struct ivs_ring *r)
{
	uint64_t max = r->capacity / 2 - IVS_RECORD_HEADER;

	return max < UINT32_MAX ? max : UINT32_MAX - 7;
}

static inline uint64_t *ivs_ring_header(const struct ivs_ring *r)
{
	return (uint64_t *)(void *)(r->data + (r->next & (r->capacity - 1)));
}

/* Bytes from the next position to the end of the data. */
static inline uint64_t ivs_ring_to_end(const struct ivs_ring *r)
{
	return r->capacity - (r->next & (r->capacity - 1));
}

static inline void ivs_ring_header_set(struct ivs_ring *r, uint64_t what, uint64_t len)
{
	__atomic_store_n(ivs_ring_header(r), what << 32 | len, __ATOMIC_RELAXED);
}

/**
 * ivs_ring_reserve() - the next record, to be written where it is
 * @r: the producer
 * @len: bytes of it
 * @data: where to write them, aligned to 8
 *
 * As many as fit may be reserved before ivs_ring_publish() gives all of them to the consumer.
 *
 * Returns 0; -EAGAIN no room, what is reserved should be published; -EMSGSIZE longer than
 * ivs_ring_record_max(); -ENOTCONN no consumer yet; -ECONNRESET once, when the consumer left or was
 * replaced and what it had not read is lost; -EPROTOTYPE the consumer attached for another kind or
 * capacity; -EPROTO what the consumer says can't be, -ESTALE another producer attached: to be ended
 * by ivs_ring_attach().
 */
static inline int ivs_ring_reserve(struct ivs_ring *r, size_t len, void **data)
{
	uint64_t size = ivs_record_size(len);
	uint64_t to_end = ivs_ring_to_end(r);
	uint64_t skip = to_end < size ? to_end : 0;
	int ret;

	if (len > ivs_ring_record_max(r))
		return -EMSGSIZE;
	ret = ivs_ring_want(r, skip + size);
	if (ret)
		return ret;
	if (skip) {
		ivs_ring_header_set(r, IVS_RECORD_SKIP, skip - IVS_RECORD_HEADER);
		r->next += skip;
	}
	ivs_ring_header_set(r, IVS_RECORD_DATA, len);
	*data = (unsigned char *)ivs_ring_header(r) + IVS_RECORD_HEADER;
	r->next += size;
	return 0;
}

/**
 * ivs_ring_put() - reserve a record and copy it there
 * @r: the producer
 * @data: what to copy
 * @len: bytes of it
 *
 * Returns what ivs_ring_reserve() does; ivs_ring_publish() is still to come.
 */
static inline int ivs_ring_put(struct ivs_ring *r, const void *data, size_t len)
{
	void *to;
	int ret = ivs_ring_reserve(r, len, &to);

	if (!ret)
		memcpy(to, data, len);
	return ret;
}

/* Takes the record of @header at the next position, if that can be. */
static inline int ivs_ring_take(struct ivs_ring *r, uint64_t header, uint64_t *len)
{
	uint64_t size = ivs_record_size((uint32_t)header);
	uint64_t to_end = ivs_ring_to_end(r);

	if (size > to_end || size > r->limit - r->next)
		return ivs_ring_close(r, -EPROTO);
	if (header >> 32 == IVS_RECORD_SKIP ? size != to_end : header >> 32 != IVS_RECORD_DATA)
		return ivs_ring_close(r, -EPROTO);
	*len = (uint32_t)header;
	r->next += size;
	return 0;
}

/**
 * ivs_ring_next() - the next record, to be read where it is
 * @r: the consumer
 * @data: where it is, aligned to 8, until the next ivs_ring_publish(). A hostile producer can alter
 *	it meanwhile: what decides anything is to be copied first
 * @len: bytes of it
 *
 * As many as there are may be taken before ivs_ring_publish() gives all of them back.
 *
 * Returns 0; -EAGAIN there is none; -ENOTCONN no producer yet; -ECONNRESET once, when the producer
 * left or was replaced and all that it published was read; -EPROTOTYPE the producer attached for
 * another kind or capacity; -EPROTO what the producer says can't be, -ESTALE another consumer
 * attached: to be ended by ivs_ring_attach().
 */
static inline int ivs_ring_next(struct ivs_ring *r, const void **data, size_t *len)
{
	uint64_t header, length = 0;
	int ret, i;

	/* twice: before a record may be what skips the data's end */
	for (i = 0; i < 2; i++) {
		ret = ivs_ring_want(r, IVS_RECORD_HEADER);
		if (ret)
			return ret;
		*data = (const unsigned char *)ivs_ring_header(r) + IVS_RECORD_HEADER;
		header = __atomic_load_n(ivs_ring_header(r), __ATOMIC_RELAXED);
		ret = ivs_ring_take(r, header, &length);
		if (ret)
			return ret;
		*len = (size_t)length;
		if (header >> 32 == IVS_RECORD_DATA)
			return 0;
	}
	return ivs_ring_close(r, -EPROTO);
}

/**
 * ivs_ring_get() - copy the next record
 * @r: the consumer
 * @data: where to
 * @size: bytes that fit there
 * @len: bytes of the record
 *
 * Returns what ivs_ring_next() does, or -EMSGSIZE: the record is longer than @size, and still the
 * next one. ivs_ring_publish() is still to come.
 */
static inline int ivs_ring_get(struct ivs_ring *r, void *data, size_t size, size_t *len)
{
	uint64_t next = r->next;
	const void *from;
	int ret = ivs_ring_next(r, &from, len);

	if (ret)
		return ret;
	if (*len > size) {
		r->next = next;
		return -EMSGSIZE;
	}
	memcpy(data, from, *len);
	return 0;
}

/*
 * Streams of bytes
 */

/**
 * ivs_ring_span() - the bytes at the next position that can be written, or read, where they are
 * @r: producer or consumer of IVS_BYTES
 * @data: where they are; up to the end of the data, what follows is another span
 * @len: how many
 *
 * Returns 0, or what ivs_ring_reserve() or ivs_ring_next() do.
 */
static inline int ivs_ring_span(struct ivs_ring *r, void **data, size_t *len)
{
	uint64_t to_end = ivs_ring_to_end(r);
	uint64_t most = r->limit - r->next;
	int ret;

	if (most < to_end) {
		ret = ivs_ring_look(r, 1);
		if (ret)
			return ret;
		most = r->limit - r->next;
	}
	*data = r->data + (r->next & (r->capacity - 1));
	*len = (size_t)(most < to_end ? most : to_end);
	return 0;
}

/**
 * ivs_ring_advance() - have written, or read, of a span
 * @r: producer or consumer of IVS_BYTES
 * @len: how many bytes, at most what ivs_ring_span() said
 */
static inline void ivs_ring_advance(struct ivs_ring *r, size_t len)
{
	r->next += len;
}

/**
 * ivs_ring_write() - copy bytes into the ring, as many as fit
 * @r: producer of IVS_BYTES
 * @data: what to copy
 * @len: bytes of it
 * @done: how many were copied
 *
 * Returns 0 if that was one at least, or what ivs_ring_reserve() does. ivs_ring_publish() is still
 * to come.
 */
static inline int ivs_ring_write(struct ivs_ring *r, const void *data, size_t len, size_t *done)
{
	const unsigned char *from = (const unsigned char *)data;
	void *to;
	size_t n;
	int ret = 0, i;

	/* two spans: before and behind the data's end */
	for (i = 0, *done = 0; i < 2 && *done < len && !ret; i++) {
		ret = ivs_ring_span(r, &to, &n);
		if (ret)
			break;
		n = n < len - *done ? n : len - *done;
		memcpy(to, from + *done, n);
		ivs_ring_advance(r, n);
		*done += n;
	}
	return ret == -EAGAIN && *done ? 0 : ret;
}

/**
 * ivs_ring_read() - copy bytes out of the ring, as many as there are
 * @r: consumer of IVS_BYTES
 * @data: where to
 * @len: bytes that fit there
 * @done: how many were copied
 *
 * Returns 0 if that was one at least, or what ivs_ring_next() does. ivs_ring_publish() is still to
 * come.
 */
static inline int ivs_ring_read(struct ivs_ring *r, void *data, size_t len, size_t *done)
{
	unsigned char *to = (unsigned char *)data;
	void *from;
	size_t n;
	int ret = 0, i;

	for (i = 0, *done = 0; i < 2 && *done < len && !ret; i++) {
		ret = ivs_ring_span(r, &from, &n);
		if (ret)
			break;
		n = n < len - *done ? n : len - *done;
		memcpy(to + *done, from, n);
		ivs_ring_advance(r, n);
		*done += n;
	}
	return ret == -EAGAIN && *done ? 0 : ret;
}

#endif /* IVSHMEM_RING_H */
