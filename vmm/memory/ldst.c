// SPDX-License-Identifier: GPL-2.0-only
/* Loads and stores of a fixed width and byte order. */
#include <endian.h>
#include <string.h>

#include "memory/access.h"

/* @size bytes as they lie in memory, all-ones if they can't be had. */
static void load(struct address_space *as, hwaddr addr, void *buf, unsigned int size,
		 enum memtx_result *res)
{
	enum memtx_result got = address_space_rw(as, addr, buf, size, false);

	if (got != MEMTX_OK)
		memset(buf, 0xff, size);
	if (res)
		*res = got;
}

uint8_t address_space_ldub(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint8_t v;

	load(as, addr, &v, sizeof(v), res);
	return v;
}

uint16_t address_space_lduw_le(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint16_t v;

	load(as, addr, &v, sizeof(v), res);
	return le16toh(v);
}

uint16_t address_space_lduw_be(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint16_t v;

	load(as, addr, &v, sizeof(v), res);
	return be16toh(v);
}

uint32_t address_space_ldl_le(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint32_t v;

	load(as, addr, &v, sizeof(v), res);
	return le32toh(v);
}

uint32_t address_space_ldl_be(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint32_t v;

	load(as, addr, &v, sizeof(v), res);
	return be32toh(v);
}

uint64_t address_space_ldq_le(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint64_t v;

	load(as, addr, &v, sizeof(v), res);
	return le64toh(v);
}

uint64_t address_space_ldq_be(struct address_space *as, hwaddr addr, enum memtx_result *res)
{
	uint64_t v;

	load(as, addr, &v, sizeof(v), res);
	return be64toh(v);
}

enum memtx_result address_space_stb(struct address_space *as, hwaddr addr, uint8_t v)
{
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stw_le(struct address_space *as, hwaddr addr, uint16_t v)
{
	v = htole16(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stw_be(struct address_space *as, hwaddr addr, uint16_t v)
{
	v = htobe16(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stl_le(struct address_space *as, hwaddr addr, uint32_t v)
{
	v = htole32(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stl_be(struct address_space *as, hwaddr addr, uint32_t v)
{
	v = htobe32(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stq_le(struct address_space *as, hwaddr addr, uint64_t v)
{
	v = htole64(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}

enum memtx_result address_space_stq_be(struct address_space *as, hwaddr addr, uint64_t v)
{
	v = htobe64(v);
	return address_space_rw(as, addr, &v, sizeof(v), true);
}
