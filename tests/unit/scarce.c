// SPDX-License-Identifier: GPL-2.0-only
/* The linker sends here what calls malloc() and its kin. */
#include <stdbool.h>
#include <stddef.h>

#include "scarce.h"

static _Thread_local struct {
	unsigned int good, bad, failed;
} left;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void scarce_begin(unsigned int good, unsigned int bad)
{
	left.good = good;
	left.bad = bad;
	left.failed = 0;
}

unsigned int scarce_end(void)
{
	left.good = 0;
	left.bad = 0;
	return left.failed;
}

static bool fails(void)
{
	if (left.good) {
		left.good--;
		return false;
	}
	if (!left.bad)
		return false;
	left.bad--;
	left.failed++;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}
