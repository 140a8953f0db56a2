// SPDX-License-Identifier: GPL-2.0-only
/* Accesses: an address is looked up in the published view, and RAM or a device answers. No lock. */
#include <string.h>

#include "memory/flatview.h"
#include "memory/ramblock.h"

enum access_kind {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_LOAD,		/* a write that reaches ROM, and no device */
};

/* Guest memory has any type. */
typedef uint16_t __attribute__((may_alias)) ram_u16;
typedef uint32_t __attribute__((may_alias)) ram_u32;
typedef uint64_t __attribute__((may_alias)) ram_u64;

/* Whether @len bytes at @ram are one load or store, of which nobody sees half. */
static bool is_single(const void *ram, uint64_t len)
{
	return (len == 1 || len == 2 || len == 4 || len == 8) && !((uintptr_t)ram & (len - 1));
}

static void ram_read(void *buf, const void *ram, uint64_t len)
{
	uint64_t v;

	if (!is_single(ram, len)) {
		memcpy(buf, ram, len);
		return;
	}
	if (len == 8)
		v = __atomic_load_n((const ram_u64 *)ram, __ATOMIC_RELAXED);
	else if (len == 4)
		v = __atomic_load_n((const ram_u32 *)ram, __ATOMIC_RELAXED);
	else if (len == 2)
		v = __atomic_load_n((const ram_u16 *)ram, __ATOMIC_RELAXED);
	else
		v = __atomic_load_n((const uint8_t *)ram, __ATOMIC_RELAXED);
	memcpy(buf, &v, len);
}

static void ram_write(void *ram, const void *buf, uint64_t len)
{
	uint64_t v = 0;

	if (!is_single(ram, len)) {
		memcpy(ram, buf, len);
		return;
	}
	memcpy(&v, buf, len);
	if (len == 8)
		__atomic_store_n((ram_u64 *)ram, v, __ATOMIC_RELAXED);
	else if (len == 4)
		__atomic_store_n((ram_u32 *)ram, v, __ATOMIC_RELAXED);
	else if (len == 2)
		__atomic_store_n((ram_u16 *)ram, v, __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint8_t *)ram, v, __ATOMIC_RELAXED);
}

/* @len bytes of @fr from its address @addr on. */
static enum memtx_result access_ram(const struct flat_range *fr, hwaddr addr, void *buf,
				    uint64_t len, enum access_kind kind)
{
	const struct ram_block *block = fr->mr->ram_block;
	char *ram = (char *)ram_block_host(block) + fr->offset + (addr - fr->addr.first);

	if (kind == ACCESS_READ) {
		ram_read(buf, ram, len);
		return MEMTX_OK;
	}
	if (kind == ACCESS_LOAD ? ram_block_readonly(block) : fr->readonly)
		return MEMTX_ERROR;
	ram_write(ram, buf, len);
	return MEMTX_OK;
}

static bool access_valid(const struct memory_region_ops *ops, hwaddr offset, unsigned int size)
{
	unsigned int min = ops->valid_min ? ops->valid_min : 1;
	unsigned int max = ops->valid_max ? ops->valid_max : 8;

	return size >= min && size <= max && (ops->valid_unaligned || !(offset & (size - 1)));
}

static enum memtx_result mmio_read(struct memory_region *mr, hwaddr offset, void *buf,
				   unsigned int size)
{
	enum memtx_result res = MEMTX_DECODE_ERROR;
	uint64_t data = 0;

	if (mr->ops->read && access_valid(mr->ops, offset, size))
		res = mr->ops->read(mr->opaque, offset, &data, size);
	if (res != MEMTX_OK)
		data = UINT64_MAX;
	memcpy(buf, &data, size);
	return res;
}

static enum memtx_result mmio_write(struct memory_region *mr, hwaddr offset, const void *buf,
				    unsigned int size)
{
	uint64_t data = 0;

	if (!mr->ops->write || !access_valid(mr->ops, offset, size))
		return MEMTX_DECODE_ERROR;
	memcpy(&data, buf, size);
	return mr->ops->write(mr->opaque, offset, data, size);
}

static enum memtx_result access_mmio(const struct flat_range *fr, hwaddr addr, void *buf,
				     unsigned int size, enum access_kind kind)
{
	hwaddr offset = fr->offset + (addr - fr->addr.first);

	if (kind == ACCESS_READ)
		return mmio_read(fr->mr, offset, buf, size);
	if (kind == ACCESS_WRITE && !fr->readonly)
		return mmio_write(fr->mr, offset, buf, size);
	return MEMTX_ERROR;
}

static enum memtx_result access_nobody(void *buf, uint64_t len, enum access_kind kind)
{
	if (kind == ACCESS_READ)
		memset(buf, 0xff, len);
	return MEMTX_DECODE_ERROR;
}

/* The largest access of a CPU that is no more than @len bytes. */
static unsigned int access_width(uint64_t len)
{
	return len >= 8 ? 8 : len >= 4 ? 4 : len >= 2 ? 2 : 1;
}

/*
 * A device decodes the address of an access and then takes all of it that fits into its registers,
 * whatever hides some of them: port 0xcf9 does not cut the word at 0xcf8 into pieces.
 */
static enum memtx_result access_device(const struct flat_range *fr, hwaddr addr, void *buf,
				       uint64_t len, enum access_kind kind, uint64_t *done)
{
	hwaddr left = fr->mr->last - (fr->offset + (addr - fr->addr.first));

	if (len - 1 > left)
		len = left + 1;
	if (len - 1 > RANGE_MAX - addr)
		len = RANGE_MAX - addr + 1;
	*done = access_width(len);
	return access_mmio(fr, addr, buf, *done, kind);
}

/* As much of @len bytes from @addr on as one answers; @done says how much that was. */
static enum memtx_result access_part(const struct flatview *view, hwaddr addr, void *buf,
				     uint64_t len, enum access_kind kind, uint64_t *done)
{
	size_t i = flatview_search(view, addr);
	const struct flat_range *fr = i < view->nr ? &view->ranges[i] : NULL;
	bool hit = fr && fr->addr.first <= addr;
	hwaddr last = hit ? fr->addr.last : fr ? fr->addr.first - 1 : RANGE_MAX;

	if (hit && !fr->mr->ram_block)
		return access_device(fr, addr, buf, len, kind, done);
	if (len - 1 > last - addr)
		len = last - addr + 1;
	*done = len;
	if (!hit)
		return access_nobody(buf, len, kind);
	return access_ram(fr, addr, buf, len, kind);
}

static enum memtx_result access(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				enum access_kind kind)
{
	enum memtx_result res = MEMTX_OK, part;
	const struct flatview *view;
	uint64_t done;
	char *p = buf;

	urcu_memb_read_lock();
	view = __atomic_load_n(&as->view, __ATOMIC_ACQUIRE);
	for (; len; addr += done, p += done, len -= done) {
		part = access_part(view, addr, p, len, kind, &done);
		res = res ? res : part;
	}
	urcu_memb_read_unlock();
	return res;
}

enum memtx_result address_space_rw(struct address_space *as, hwaddr addr, void *buf, uint64_t len,
				   bool is_write)
{
	return access(as, addr, buf, len, is_write ? ACCESS_WRITE : ACCESS_READ);
}

enum memtx_result address_space_read(struct address_space *as, hwaddr addr, void *buf,
				     uint64_t len)
{
	return access(as, addr, buf, len, ACCESS_READ);
}

enum memtx_result address_space_write(struct address_space *as, hwaddr addr, const void *buf,
				      uint64_t len)
{
	return access(as, addr, (void *)buf, len, ACCESS_WRITE);
}

enum memtx_result address_space_write_rom(struct address_space *as, hwaddr addr, const void *buf,
					  uint64_t len)
{
	return access(as, addr, (void *)buf, len, ACCESS_LOAD);
}
