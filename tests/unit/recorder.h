/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A listener that writes down what it hears, an event a word: "+ram:0-fff" added, "-…" deleted,
 * "=…" as it was; with "@1000" where the section starts in its region if that is not 0, "!" for
 * readonly, and "[" and "]" for begin and commit.
 */
#ifndef TESTS_UNIT_RECORDER_H
#define TESTS_UNIT_RECORDER_H

#include "memory/listener.h"

struct recorder {
	struct memory_listener listener;
	const char *prefix;		/* before each word, to tell recorders of one log apart */
	char *log;			/* own_log, or that of another recorder */
	char own_log[4096];
	const char *refuse;		/* region_add of a region of this name fails with -ENOSPC */
	int commit_result;
};

/* A recorder that is ready to be registered. */
void recorder_init(struct recorder *rec, unsigned int priority);

/* What was heard since the last call; valid until the next event. */
const char *recorder_take(struct recorder *rec);

/* What @as shows, as a recorder would hear it. */
void assert_space_shows(struct address_space *as, const char *expected);

#endif /* TESTS_UNIT_RECORDER_H */
