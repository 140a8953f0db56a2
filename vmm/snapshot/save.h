/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a snapshot of a machine that runs: RAM is written over and over, each time what has
 * changed, until the rest is little; then the guest is stopped for that and for the devices. All of
 * it is done by a thread of its own.
 */
#ifndef VMM_SNAPSHOT_SAVE_H
#define VMM_SNAPSHOT_SAVE_H

#include <stdio.h>

#include "io/terminal.h"
#include "memory/memory.h"
#include "state.h"

#define SNAPSHOT_ROUNDS_MAX	30
#define SNAPSHOT_DOWNTIME_MS	50	/* what is left must be written in this */

struct snapshot_save;

/**
 * struct snapshot_source - the machine, as far as a snapshot has to know it
 * @mem: its memory
 * @terminal: restored when the thread faults
 * @joined: whether what is behind a RAM region outlives the machine
 * @describe: adds what must be the same in a machine that goes on: part "machine"
 * @pause: stops the guest, so that neither a vCPU nor a device stores to RAM; 0, or -errno with the
 *	reason, and nothing is stopped
 * @save: adds the state of all devices
 * @resume: the guest goes on, if it did before @pause
 *
 * All but @describe are called in the snapshot's thread.
 */
struct snapshot_source {
	struct memory *mem;
	struct terminal *terminal;
	bool (*joined)(const struct memory_region *mr);
	void (*describe)(void *opaque, struct state_set *set);
	int (*pause)(void *opaque, struct error *err);
	int (*save)(void *opaque, struct state_set *set, struct error *err);
	void (*resume)(void *opaque);
	void *opaque;
};

enum snapshot_phase {
	SNAPSHOT_COPYING,
	SNAPSHOT_STOPPED,		/* the guest is */
	SNAPSHOT_FINISHING,		/* the guest runs, the file is being completed */
	SNAPSHOT_DONE,
	SNAPSHOT_CANCELLED,
	SNAPSHOT_FAILED,
};

struct snapshot_progress {
	enum snapshot_phase phase;
	unsigned int round;		/* from 1 on */
	uint64_t pages, pages_left;	/* in all, and of this round */
	uint64_t rate;			/* bytes a second */
	uint64_t expected_us;		/* how long the guest would be stopped now */
	uint64_t stopped_us;		/* how long it was, from SNAPSHOT_FINISHING on */
	struct error why;		/* of SNAPSHOT_FAILED */
};

/**
 * snapshot_save_start() - begin
 * @source: copied
 * @path: the file that there will be
 *
 * Nobody else may take dirty bits of MIGRATION until it has ended. Return: 0, or -errno with @err
 * filled and nothing begun.
 */
int snapshot_save_start(struct snapshot_save **out, const struct snapshot_source *source,
			const char *path, struct error *err);

/* It ends soon, and leaves no file; too late if it is done. */
void snapshot_save_cancel(struct snapshot_save *s);
/* Cancels it, and waits for its end. */
void snapshot_save_destroy(struct snapshot_save *s);

void snapshot_save_progress(struct snapshot_save *s, struct snapshot_progress *p);
bool snapshot_save_running(struct snapshot_save *s);

/* Print how far it is, for people or as JSON. @s may be NULL: there is none. */
void snapshot_save_info(struct snapshot_save *s, FILE *out, bool json);

#endif /* VMM_SNAPSHOT_SAVE_H */
