/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies to and from guest memory: 1, 2, 4 or 8 bytes that are aligned are one load or one store,
 * of which nobody sees half.
 */
#ifndef VMM_MEMORY_COPY_H
#define VMM_MEMORY_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Guest memory has any type. */
typedef uint16_t __attribute__((may_alias)) copy_u16;
typedef uint32_t __attribute__((may_alias)) copy_u32;
typedef uint64_t __attribute__((may_alias)) copy_u64;

/* Whether a CPU has an access of @len bytes. */
static inline bool copy_is_width(uint64_t len)
{
	return len == 1 || len == 2 || len == 4 || len == 8;
}

/* @len bytes, 1, 2, 4 or 8, that nobody else looks at. */
static inline void copy_width(void *to, const void *from, unsigned int len)
{
	if (len == 4)
		memcpy(to, from, 4);
	else if (len == 1)
		memcpy(to, from, 1);
	else if (len == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, 2);
}

static inline bool copy_is_single(const void *ram, uint64_t len)
{
	return copy_is_width(len) && !((uintptr_t)ram & (len - 1));
}

static inline void copy_from_ram(void *buf, const void *ram, uint64_t len)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	if (!copy_is_single(ram, len)) {
		memcpy(buf, ram, len);
	} else if (len == 8) {
		v8 = __atomic_load_n((const copy_u64 *)ram, __ATOMIC_RELAXED);
		memcpy(buf, &v8, 8);
	} else if (len == 4) {
		v4 = __atomic_load_n((const copy_u32 *)ram, __ATOMIC_RELAXED);
		memcpy(buf, &v4, 4);
	} else if (len == 2) {
		v2 = __atomic_load_n((const copy_u16 *)ram, __ATOMIC_RELAXED);
		memcpy(buf, &v2, 2);
	} else {
		*(uint8_t *)buf = __atomic_load_n((const uint8_t *)ram, __ATOMIC_RELAXED);
	}
}

static inline void copy_to_ram(void *ram, const void *buf, uint64_t len)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	if (!copy_is_single(ram, len)) {
		memcpy(ram, buf, len);
	} else if (len == 8) {
		memcpy(&v8, buf, 8);
		__atomic_store_n((copy_u64 *)ram, v8, __ATOMIC_RELAXED);
	} else if (len == 4) {
		memcpy(&v4, buf, 4);
		__atomic_store_n((copy_u32 *)ram, v4, __ATOMIC_RELAXED);
	} else if (len == 2) {
		memcpy(&v2, buf, 2);
		__atomic_store_n((copy_u16 *)ram, v2, __ATOMIC_RELAXED);
	} else {
		__atomic_store_n((uint8_t *)ram, *(const uint8_t *)buf, __ATOMIC_RELAXED);
	}
}

#endif /* VMM_MEMORY_COPY_H */
