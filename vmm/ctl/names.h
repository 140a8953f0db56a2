/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of users, groups and processes as people know them. */
#ifndef VMM_CTL_NAMES_H
#define VMM_CTL_NAMES_H

#include <stdint.h>

struct name_text {
	char text[32];
};

/* The number itself where the machine has no name for it. */
struct name_text name_of_user(uint32_t uid);
struct name_text name_of_group(uint32_t gid);

/* The program that a process runs, in printable characters; empty where nobody knows, or for 0. */
struct name_text name_of_process(uint32_t pid);

#endif /* VMM_CTL_NAMES_H */
