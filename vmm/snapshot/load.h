/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a snapshot: what it says of its machine first, so that another one is refused before
 * anything is made; then RAM and the state of devices. Anybody may have written the file.
 */
#ifndef VMM_SNAPSHOT_LOAD_H
#define VMM_SNAPSHOT_LOAD_H

#include "memory/memory.h"
#include "state.h"

struct snapshot_load;

/* Who is told how many bytes of all are read; @progress says whether to go on. */
struct snapshot_watcher {
	bool (*progress)(void *opaque, uint64_t done, uint64_t all);
	void *opaque;
};

/**
 * snapshot_load_open() - open a snapshot and read its part "machine"
 * @path: outlives it
 *
 * Return: 0, or -errno with @err filled.
 */
int snapshot_load_open(struct snapshot_load **out, const char *path, struct error *err);
void snapshot_load_close(struct snapshot_load *l);

/**
 * snapshot_load_read() - fill RAM, and read the state of all devices
 * @joined: as in struct snapshot_source
 * @watcher: is told of RAM, and can end it
 *
 * Return: 0, or -errno with @err filled: the machine is of no use then, some RAM has been filled.
 */
int snapshot_load_read(struct snapshot_load *l, struct memory *mem,
		       bool (*joined)(const struct memory_region *mr),
		       const struct snapshot_watcher *watcher, struct error *err);

/* What was read so far, to be taken out by the parts. */
struct state_set *snapshot_load_states(struct snapshot_load *l);

#endif /* VMM_SNAPSHOT_LOAD_H */
