// SPDX-License-Identifier: GPL-2.0-only
/* MMIO: an access becomes calls of a device's two functions, of sizes that these take. */
#include "memory/mmio.h"

#include <endian.h>
#include <string.h>

#include "memory/attachments.h"
#include "memory/copy.h"
#include "memory/internal.h"

/* Who this thread is in the middle of calling: a chain through the stack. */
struct mmio_frame {
	const void *key;
	struct mmio_frame *up;
};

static __thread struct mmio_frame *mmio_frames;

static bool mmio_is_inside(const void *key)
{
	for (const struct mmio_frame *f = mmio_frames; f; f = f->up) {
		if (f->key == key)
			return true;
	}
	return false;
}

static void mmio_enter(struct mmio_frame *frame, const void *key)
{
	frame->key = key;
	frame->up = mmio_frames;
	mmio_frames = frame;
}

static void mmio_leave(struct mmio_frame *frame)
{
	mmio_frames = frame->up;
}

/* What is one device as to its own accesses coming back to it. */
static const void *mmio_device(const struct memory_region *mr)
{
	if (mr->owner)
		return mr->owner;
	return mr->opaque ? mr->opaque : mr;
}

/* Those that are delivered by it ask for no more of them. */
static void mmio_flush(struct memory *mem)
{
	struct mmio_frame frame;

	if (!mem->flush_coalesced || mmio_is_inside(&mem->flush_coalesced))
		return;
	mmio_enter(&frame, &mem->flush_coalesced);
	mem->flush_coalesced(mem->flush_opaque);
	mmio_leave(&frame);
}

static bool mmio_fits(hwaddr offset, unsigned int size, unsigned int min, unsigned int max,
		      bool unaligned)
{
	return size >= min && size <= (max ? max : 8) && (unaligned || !(offset & (size - 1)));
}

static bool mmio_is_valid(const struct memory_region_ops *ops, hwaddr offset, unsigned int size)
{
	return mmio_fits(offset, size, ops->valid.min, ops->valid.max, ops->valid.unaligned);
}

static bool mmio_is_implemented(const struct memory_region_ops *ops, hwaddr offset,
				unsigned int size)
{
	return mmio_fits(offset, size, ops->impl.min, ops->impl.max, ops->impl.unaligned);
}

static bool mmio_accepts(struct memory_region *mr, hwaddr offset, unsigned int size, bool is_write)
{
	const struct memory_region_ops *ops = mr->ops;

	return mmio_is_valid(ops, offset, size) &&
	       (!ops->valid.accepts || ops->valid.accepts(mr->opaque, offset, size, is_write));
}

bool mmio_valid(struct memory_region *mr, hwaddr offset, unsigned int size, bool is_write)
{
	return (is_write ? !!mr->ops->write : !!mr->ops->read) &&
	       mmio_accepts(mr, offset, size, is_write);
}

unsigned int mmio_width(const struct memory_region *mr, hwaddr offset, unsigned int size)
{
	while (size > 1 && !mmio_is_valid(mr->ops, offset, size))
		size /= 2;
	return size;
}

/* The low @size bytes of @v, as they lie in memory. */
static void mmio_spread(const struct memory_region_ops *ops, void *buf, uint64_t v,
			unsigned int size)
{
	if (ops->endianness == MEMORY_BIG_ENDIAN)
		v = htobe64(v << (64 - 8 * size));
	else
		v = htole64(v);
	copy_width(buf, &v, size);
}

static uint64_t mmio_gather(const struct memory_region_ops *ops, const void *buf, unsigned int size)
{
	uint64_t v = 0;

	copy_width(&v, buf, size);
	if (ops->endianness == MEMORY_BIG_ENDIAN)
		return be64toh(v) >> (64 - 8 * size);
	return le64toh(v);
}

/*
 * One call of the device, of @size bytes at @base, which has @take bytes from @at on of an access.
 */
struct mmio_piece {
	hwaddr base, at;
	unsigned int size, take;
};

/*
 * What is next of @left bytes at @at: the widest that is implemented and no more than that, or
 * where all that is too narrow, the narrowest around @at.
 */
static struct mmio_piece mmio_piece(const struct memory_region_ops *ops, hwaddr at,
				    unsigned int left)
{
	unsigned int min = ops->impl.min, skip;
	struct mmio_piece p = { .base = at, .at = at, .size = 8 };

	while (p.size > 1 && (p.size > left || !mmio_is_implemented(ops, at, p.size)))
		p.size /= 2;
	p.take = p.size;
	if (p.size >= min)
		return p;
	skip = at & (min - 1);
	p.base = at - skip;
	p.size = min;
	p.take = left < min - skip ? left : min - skip;
	return p;
}

static enum memtx_result mmio_read_piece(struct memory_region *mr, struct mmio_piece p, char *buf)
{
	uint64_t data = 0;
	char lanes[8];
	enum memtx_result res = mr->ops->read(mr->opaque, p.base, &data, p.size);

	mmio_spread(mr->ops, lanes, data, p.size);
	memcpy(buf, lanes + (p.at - p.base), p.take);
	return res;
}

static enum memtx_result mmio_write_piece(struct memory_region *mr, struct mmio_piece p,
					  const char *buf)
{
	char lanes[8] = { 0 };

	memcpy(lanes + (p.at - p.base), buf, p.take);
	return mr->ops->write(mr->opaque, p.base, mmio_gather(mr->ops, lanes, p.size), p.size);
}

static enum memtx_result mmio_read_pieces(struct memory_region *mr, hwaddr offset, char *buf,
					  unsigned int size)
{
	enum memtx_result res = MEMTX_OK, part;
	struct mmio_piece p;

	for (unsigned int done = 0; done < size; done += p.take) {
		p = mmio_piece(mr->ops, offset + done, size - done);
		part = mmio_read_piece(mr, p, buf + done);
		res = res ? res : part;
	}
	return res;
}

static enum memtx_result mmio_write_pieces(struct memory_region *mr, hwaddr offset,
					   const char *buf, unsigned int size)
{
	enum memtx_result res = MEMTX_OK, part;
	struct mmio_piece p;

	for (unsigned int done = 0; done < size; done += p.take) {
		p = mmio_piece(mr->ops, offset + done, size - done);
		part = mmio_write_piece(mr, p, buf + done);
		res = res ? res : part;
	}
	return res;
}

static enum memtx_result mmio_do_read(struct memory_region *mr, hwaddr offset, void *buf,
				      unsigned int size)
{
	uint64_t data = 0;
	enum memtx_result res;

	if (!mmio_is_implemented(mr->ops, offset, size))
		return mmio_read_pieces(mr, offset, buf, size);
	res = mr->ops->read(mr->opaque, offset, &data, size);
	mmio_spread(mr->ops, buf, data, size);
	return res;
}

static enum memtx_result mmio_do_write(struct memory_region *mr, hwaddr offset, const void *buf,
				       unsigned int size)
{
	if (!mmio_is_implemented(mr->ops, offset, size))
		return mmio_write_pieces(mr, offset, buf, size);
	return mr->ops->write(mr->opaque, offset, mmio_gather(mr->ops, buf, size), size);
}

/* Whether the device is to be called: then @frame was entered. */
static enum memtx_result mmio_begin(struct memory_region *mr, hwaddr offset, unsigned int size,
				    bool is_write, struct mmio_frame *frame)
{
	const void *device = mmio_device(mr);

	if (__atomic_load_n(&mr->flush_coalesced, __ATOMIC_RELAXED))
		mmio_flush(mr->mem);
	if (!mr->reentrant && mmio_is_inside(device))
		return MEMTX_ERROR;
	if (!mmio_valid(mr, offset, size, is_write))
		return MEMTX_DECODE_ERROR;
	mmio_enter(frame, device);
	return MEMTX_OK;
}

enum memtx_result mmio_read(struct memory_region *mr, hwaddr offset, void *buf, unsigned int size)
{
	struct mmio_frame frame;
	enum memtx_result res = mmio_begin(mr, offset, size, false, &frame);

	if (res == MEMTX_OK) {
		res = mmio_do_read(mr, offset, buf, size);
		mmio_leave(&frame);
	}
	if (res != MEMTX_OK)
		memset(buf, 0xff, size);
	return res;
}

/* A store that the kernel did not take for an eventfd that it is meant for, maybe could not. */
static bool mmio_signal(const struct memory_region *mr, hwaddr offset, const void *buf,
			unsigned int size)
{
	uint64_t v = 0;

	copy_width(&v, buf, size);
	return attachments_signal(mr, offset, size, le64toh(v));
}

enum memtx_result mmio_write(struct memory_region *mr, hwaddr offset, const void *buf,
			     unsigned int size)
{
	struct mmio_frame frame;
	enum memtx_result res;

	if (__atomic_load_n(&mr->attachments, __ATOMIC_RELAXED) &&
	    mmio_signal(mr, offset, buf, size))
		return MEMTX_OK;
	res = mmio_begin(mr, offset, size, true, &frame);
	if (res == MEMTX_OK) {
		res = mmio_do_write(mr, offset, buf, size);
		mmio_leave(&frame);
	}
	return res;
}
