// SPDX-License-Identifier: GPL-2.0-only
/* Sizes as people write them: a number, and a suffix for a power of 1024. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"

/* The power of 1024 that a suffix stands for, or -EINVAL; "" is @unit's business. */
static int size_shift(const char *suffix)
{
	static const char letters[] = "bkmgtpe";
	const char *at = suffix[0] ? strchr(letters, tolower((unsigned char)suffix[0])) : NULL;

	if (!at || suffix[1])
		return -EINVAL;
	return 10 * (int)(at - letters);
}

int size_parse(const char *text, uint64_t unit, uint64_t *bytes)
{
	unsigned long long n;
	char *end;
	int shift;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	if (*end) {
		shift = size_shift(end);
		if (shift < 0)
			return shift;
		unit = 1ULL << shift;
	}
	return __builtin_mul_overflow(n, unit, bytes) ? -ERANGE : 0;
}

struct size_text size_text(uint64_t bytes)
{
	struct size_text t;
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	snprintf(t.text, sizeof(t.text), "%llu%.1s", (unsigned long long)bytes, &"\0KMGTPE"[unit]);
	return t;
}
