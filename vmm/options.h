/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line as data: QEMU's option words, parsed and checked for form. What an option means
 * is decided by whom it is for (machine, hostmem, devices).
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "props.h"

#define OPTIONS_SERIAL_MAX	2	/* COM1, COM2 */
#define OPTIONS_LIST_MAX	32	/* -object, -device: of each */

enum options_action {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_action action;
	const char *name;	/* NULL: none given */
	uint64_t ram_size;	/* bytes */
	unsigned int smp;
	const char *kernel, *initrd, *append;
	const char *bios;	/* firmware instead of a kernel, or NULL */
	const char *restore;	/* a snapshot to go on from; NULL: none */
	const char *serial[OPTIONS_SERIAL_MAX];	/* chardev specifications, NULL: none */
	const char *debugcon;	/* chardev specification, NULL: none */
	const char *monitor;	/* the same */
	bool paused;		/* -S */
	bool prealloc;		/* -mem-prealloc */
	unsigned int dirty_ring_size;	/* entries; 0: KVM's dirty logs are bitmaps */
	struct props *objects, *devices;	/* OPTIONS_LIST_MAX at most */
	unsigned int nr_objects, nr_devices;
};

/**
 * options_parse() - parse and check the command line
 * @opts: filled; options_fini() gives back what it holds, also after a failure
 * @err: the one-line message, without the program's name
 *
 * Strings in @opts point into @argv where they can. An option given twice: the last one counts, but
 * -serial, -object and -device add up. After --help or --version the rest is not looked at.
 *
 * Return: 0, -EINVAL with @err filled (it names the option, the value and the fix), or -ENOMEM.
 */
int options_parse(struct options *opts, int argc, char **argv, struct error *err);
void options_fini(struct options *opts);

/* What --help prints: every option with its argument and a line of explanation. */
void options_help(FILE *out);

#endif /* VMM_OPTIONS_H */
