/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes as people write them: "64M", "4096k", a bare number of some unit. */
#ifndef VMM_SIZE_H
#define VMM_SIZE_H

#include <stdint.h>

/**
 * size_parse() - read a size
 * @unit: what a number without a suffix counts, in bytes
 *
 * Return: 0, -EINVAL for what is no size, or -ERANGE for one of more than 64 bits.
 */
int size_parse(const char *text, uint64_t unit, uint64_t *bytes);

/* @bytes as size_parse() takes it, in the largest unit that divides it: "64M", "4096k". */
struct size_text {
	char text[24];
};
struct size_text size_text(uint64_t bytes);

#endif /* VMM_SIZE_H */
