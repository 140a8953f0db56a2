// SPDX-License-Identifier: GPL-2.0-only
/* debugfs has a folder a machine, named for its process and a descriptor. */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>

#include "exits.h"

static int exits_add(const char *path, uint64_t *exits)
{
	FILE *file = fopen(path, "re");
	uint64_t count;
	int ret = 0;

	if (!file)
		return -errno;
	if (fscanf(file, "%" SCNu64, &count) == 1)
		*exits += count;
	else
		ret = -EIO;
	fclose(file);
	return ret;
}

static int exits_of_process(uint32_t pid, uint64_t *exits)
{
	char pattern[64];
	glob_t found;
	size_t i;
	int ret = 0;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/kvm/%" PRIu32 "-*/exits", pid);
	if (glob(pattern, 0, NULL, &found))
		return -ENOENT;
	for (i = 0; i < found.gl_pathc && !ret; i++)
		ret = exits_add(found.gl_pathv[i], exits);
	globfree(&found);
	return ret;
}

int exits_read(const struct exits *e, uint64_t *exits)
{
	unsigned int i;
	int ret = 0;

	*exits = 0;
	for (i = 0; i < e->count && !ret; i++)
		ret = exits_of_process(e->pids[i], exits);
	return ret;
}
