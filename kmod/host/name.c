// SPDX-License-Identifier: GPL-2.0-only
/* Names of regions: which are allowed, and why others are not. */
#include <linux/ctype.h>
#include <linux/string.h>

#include "host.h"

static bool name_char(unsigned char c)
{
	return isascii(c) && (isalnum(c) || c == '.' || c == '_' || c == '-');
}

/**
 * name_fault() - what is wrong with the name of a region
 * @name: NUL-terminated, of at most IVSHMEM_NAME_SIZE bytes with the NUL
 *
 * Return: the reason as the end of a sentence, NULL for a good name.
 */
const char *name_fault(const char *name)
{
	const char *p;

	if (!*name)
		return "the name is empty";
	if (*name == '.')
		return "the name begins with a dot";
	if (!strcmp(name, "control"))
		return "the name is that of the control device";
	for (p = name; *p; p++)
		if (!name_char(*p))
			return "the name has other characters than A-Z a-z 0-9 . _ -";
	return NULL;
}

/* Whether a name from user space ends within its array, and has only zeros from there on. */
bool name_padded(const char name[IVSHMEM_NAME_SIZE])
{
	size_t len = strnlen(name, IVSHMEM_NAME_SIZE);

	return len < IVSHMEM_NAME_SIZE && !memchr_inv(name + len, 0, IVSHMEM_NAME_SIZE - len);
}
