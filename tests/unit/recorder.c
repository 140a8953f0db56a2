// SPDX-License-Identifier: GPL-2.0-only
/* The listener that writes down what it hears. */
#include <errno.h>
#include <inttypes.h>

#include "recorder.h"
#include "unit.h"
#include "util.h"

static void note(struct recorder *rec, const char *what)
{
	size_t used = strlen(rec->log), room = sizeof(rec->own_log) - used;
	int len = snprintf(rec->log + used, room, "%s%s%s", used ? " " : "", rec->prefix, what);

	assert_true((size_t)len < room);
}

static void note_section(struct recorder *rec, char sign, const struct memory_region_section *sec)
{
	hwaddr first = sec->offset_within_address_space;
	char word[128], offset[24] = "";

	if (sec->offset_within_region)
		snprintf(offset, sizeof(offset), "@%" PRIx64, sec->offset_within_region);
	snprintf(word, sizeof(word), "%c%s:%" PRIx64 "-%" PRIx64 "%s%s", sign,
		 memory_region_name(sec->mr), first, first + (sec->size - 1), offset,
		 sec->readonly ? "!" : "");
	note(rec, word);
}

static void recorder_begin(struct memory_listener *l)
{
	note(container_of(l, struct recorder, listener), "[");
}

static int recorder_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct recorder *rec = container_of(l, struct recorder, listener);

	note_section(rec, '+', sec);
	return rec->refuse && !strcmp(rec->refuse, memory_region_name(sec->mr)) ? -ENOSPC : 0;
}

static void recorder_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	note_section(container_of(l, struct recorder, listener), '-', sec);
}

static void recorder_nop(struct memory_listener *l, const struct memory_region_section *sec)
{
	note_section(container_of(l, struct recorder, listener), '=', sec);
}

static int recorder_commit(struct memory_listener *l)
{
	struct recorder *rec = container_of(l, struct recorder, listener);

	note(rec, "]");
	return rec->commit_result;
}

void recorder_init(struct recorder *rec, unsigned int priority)
{
	memset(rec, 0, sizeof(*rec));
	rec->listener = (struct memory_listener){
		.name = "recorder", .priority = priority, .begin = recorder_begin,
		.region_add = recorder_add, .region_del = recorder_del,
		.region_nop = recorder_nop, .commit = recorder_commit,
	};
	rec->prefix = "";
	rec->log = rec->own_log;
}

const char *recorder_take(struct recorder *rec)
{
	static char taken[sizeof(rec->own_log)];

	memcpy(taken, rec->log, sizeof(taken));
	rec->log[0] = '\0';
	return taken;
}

void assert_space_shows(struct address_space *as, const char *expected)
{
	struct recorder rec;

	recorder_init(&rec, 0);
	rec.listener.begin = NULL;
	rec.listener.commit = NULL;
	assert_ok(memory_listener_register(&rec.listener, as));
	assert_string_equal(recorder_take(&rec), expected);
	memory_listener_unregister(&rec.listener);
}
