/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of the kernel's that user space lacks. */
#ifndef VMM_UTIL_H
#define VMM_UTIL_H

#include <stddef.h>

#ifndef container_of
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif /* VMM_UTIL_H */
