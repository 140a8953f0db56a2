// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses: an address is looked up in the published view, and whoever is there answers. No lock.
 */
#include "memory/access.h"

#include <string.h>

#define _LGPL_SOURCE		/* read-side sections inline */
#include <urcu/urcu-memb.h>

#include "memory/access_internal.h"
#include "memory/copy.h"
#include "memory/dirty.h"
#include "memory/mmio.h"
#include "memory/place.h"
#include "memory/ramblock.h"

enum access_kind {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_LOAD,		/* a write that reaches ROM, and no device */
};

/**
 * struct access - an access as a whole
 * @kind: what it is
 * @transfer: no load or store of a CPU's: its parts have the widths that a device takes
 */
struct access {
	enum access_kind kind;
	bool transfer;
};

/*
 * What a kind of region does with the bytes that arrive at a place in it; @done: how many it took.
 */
typedef enum memtx_result access_fn(const struct place *p, char *buf, struct access a,
				    uint64_t *done);

static enum memtx_result access_nobody(const struct place *p, char *buf, struct access a,
				       uint64_t *done)
{
	*done = p->len;
	if (a.kind == ACCESS_READ)
		memset(buf, 0xff, p->len);
	return MEMTX_DECODE_ERROR;
}

static enum memtx_result access_refused(const struct place *p, char *buf, struct access a,
					uint64_t *done)
{
	access_nobody(p, buf, a, done);
	return MEMTX_ERROR;
}

static bool access_is_held_back(const struct place *p, enum access_kind kind)
{
	if (kind == ACCESS_LOAD)
		return ram_block_readonly(p->fr->mr->ram_block);
	return kind == ACCESS_WRITE && (p->fr->flags & FLAT_READONLY);
}

/* @done bytes of memory at once. */
static enum memtx_result access_memory(const struct place *p, char *buf, struct access a,
				       uint64_t *done)
{
	if (a.kind == ACCESS_READ) {
		copy_from_ram(buf, place_host(p), *done);
		return MEMTX_OK;
	}
	if (access_is_held_back(p, a.kind))
		return MEMTX_ERROR;
	copy_to_ram(place_host(p), buf, *done);
	memory_region_set_dirty(p->fr->mr, p->offset, *done);
	return MEMTX_OK;
}

/* The largest access of a CPU that is no more than @len bytes. */
static unsigned int access_width(uint64_t len)
{
	return len >= 8 ? 8 : len >= 4 ? 4 : len >= 2 ? 2 : 1;
}

/* Registers behind a host pointer: never more than one load or store, never a loader's. */
static enum memtx_result access_ram_device(const struct place *p, char *buf, struct access a,
					   uint64_t *done)
{
	*done = access_width(p->len);
	while (!copy_is_single(place_host(p), *done))
		*done /= 2;
	return a.kind == ACCESS_LOAD ? MEMTX_ERROR : access_memory(p, buf, a, done);
}

static enum memtx_result access_ram(const struct place *p, char *buf, struct access a,
				    uint64_t *done)
{
	if (p->fr->mr->ram_device)
		return access_ram_device(p, buf, a, done);
	*done = p->len;
	return access_memory(p, buf, a, done);
}

/*
 * A device decodes the address of an access and then takes all of it that fits into its registers,
 * whatever hides some of them: port 0xcf9 does not cut the word at 0xcf8 into pieces.
 */
static unsigned int device_width(const struct place *p, bool transfer)
{
	unsigned int width = access_width(place_cut(p->reach, p->fr->mr->last - p->offset));

	return transfer ? mmio_width(p->fr->mr, p->offset, width) : width;
}

static enum memtx_result access_device(const struct place *p, char *buf, struct access a,
				       uint64_t *done)
{
	*done = device_width(p, a.transfer);
	if (a.kind == ACCESS_READ)
		return mmio_read(p->fr->mr, p->offset, buf, *done);
	if (a.kind == ACCESS_WRITE && !(p->fr->flags & FLAT_READONLY))
		return mmio_write(p->fr->mr, p->offset, buf, *done);
	return MEMTX_ERROR;
}

static enum memtx_result access_rom_device(const struct place *p, char *buf, struct access a,
					   uint64_t *done)
{
	if (a.kind != ACCESS_LOAD && !place_is_direct(p, a.kind == ACCESS_WRITE))
		return access_device(p, buf, a, done);
	*done = p->len;
	return access_memory(p, buf, a, done);
}

static access_fn *const access_kinds[] = {
	[MEMORY_RAM] = access_ram,
	[MEMORY_ROM_DEVICE] = access_rom_device,
	[MEMORY_IO] = access_device,
	[MEMORY_RESERVATION] = access_nobody,
	[MEMORY_IOMMU] = access_refused,
};

static enum memtx_result access_place(const struct place *p, char *buf, struct access a,
				      uint64_t *done)
{
	return (p->fr ? access_kinds[p->fr->mr->kind] : access_nobody)(p, buf, a, done);
}

static enum memtx_result access_run(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				    struct access a)
{
	enum memtx_result res = MEMTX_OK, part;
	const struct flatview *view;
	struct place place;
	uint64_t done;
	char *at = buf;

	urcu_memb_read_lock();
	view = place_view(as);
	for (; len; addr += done, at += done, len -= done) {
		place_find(&place, view, addr, len, a.kind != ACCESS_READ);
		part = access_place(&place, at, a, &done);
		res = res ? res : part;
	}
	urcu_memb_read_unlock();
	return res;
}

enum memtx_result address_space_rw(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				   bool is_write)
{
	struct access a = { is_write ? ACCESS_WRITE : ACCESS_READ, !copy_is_width(len) };

	return access_run(as, addr, buf, len, a);
}

enum memtx_result address_space_read(struct address_space *as, hwaddr addr, void *buf,
				     uint64_t len)
{
	return address_space_rw(as, addr, buf, len, false);
}

enum memtx_result address_space_write(struct address_space *as, hwaddr addr, const void *buf,
				      uint64_t len)
{
	return address_space_rw(as, addr, (void *)buf, len, true);
}

enum memtx_result address_space_write_rom(struct address_space *as, hwaddr addr, const void *buf,
					  uint64_t len)
{
	struct access a = { ACCESS_LOAD, true };

	return access_run(as, addr, (void *)buf, len, a);
}

enum memtx_result access_transfer(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				  bool is_write)
{
	struct access a = { is_write ? ACCESS_WRITE : ACCESS_READ, true };

	return access_run(as, addr, buf, len, a);
}

enum memtx_result address_space_set(struct address_space *as, hwaddr addr, uint8_t c, uint64_t len)
{
	struct access a = { ACCESS_WRITE, !copy_is_width(len) };
	enum memtx_result res = MEMTX_OK, part;
	char fill[512];
	uint64_t n;

	memset(fill, c, sizeof(fill));
	for (; len; addr += n, len -= n) {
		n = len < sizeof(fill) ? len : sizeof(fill);
		part = access_run(as, addr, fill, n, a);
		res = res ? res : part;
	}
	return res;
}

/* How many bytes from @p on are taken in one go; 0: not all of them. */
static uint64_t access_taken(const struct place *p, bool transfer, bool is_write)
{
	unsigned int width;

	if (!p->fr)
		return 0;
	if (place_is_direct(p, is_write))
		return p->len;
	if (is_write && (p->fr->flags & FLAT_READONLY))
		return 0;
	if (p->fr->mr->ram_device)
		return p->len;
	if (!p->fr->mr->ops)
		return 0;
	width = device_width(p, transfer);
	return mmio_valid(p->fr->mr, p->offset, width, is_write) ? width : 0;
}

bool address_space_access_valid(struct address_space *as, hwaddr addr, uint64_t len, bool is_write)
{
	bool transfer = !copy_is_width(len);
	const struct flatview *view;
	struct place place;
	uint64_t taken = 1;

	urcu_memb_read_lock();
	view = place_view(as);
	for (; len && taken; addr += taken, len -= taken) {
		place_find(&place, view, addr, len, is_write);
		taken = access_taken(&place, transfer, is_write);
	}
	urcu_memb_read_unlock();
	return !len;
}
