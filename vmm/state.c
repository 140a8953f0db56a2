// SPDX-License-Identifier: GPL-2.0-only
/* Named values of a machine's parts: each part is one piece of memory with field after field. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define FIELD_ALIGN	8u

/* Before each value; the value is filled up with zeros to a multiple of FIELD_ALIGN. */
struct field_head {
	uint32_t size;
	uint32_t zero;
	char name[STATE_FIELD_SIZE];
};

struct state {
	TAILQ_ENTRY(state) link;
	struct state_set *set;
	char name[STATE_NAME_SIZE];
	uint32_t instance, version;
	bool taken;
	uint8_t *data;
	size_t size, room;
};

void state_set_init(struct state_set *set)
{
	*set = (struct state_set){ 0 };
	TAILQ_INIT(&set->states);
}

void state_set_fini(struct state_set *set)
{
	struct state *s;

	while ((s = TAILQ_FIRST(&set->states))) {
		TAILQ_REMOVE(&set->states, s, link);
		free(s->data);
		free(s);
	}
}

/* --- putting in --- */

struct state *state_add(struct state_set *set, const char *name, uint32_t instance,
			uint32_t version)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s) {
		set->error = -ENOMEM;
		return NULL;
	}
	s->set = set;
	memccpy(s->name, name, 0, sizeof(s->name) - 1);
	s->instance = instance;
	s->version = version;
	TAILQ_INSERT_TAIL(&set->states, s, link);
	set->nr++;
	return s;
}

/* @size more bytes at the end, all zero; NULL without memory. */
static void *state_grow(struct state *s, size_t size)
{
	size_t room = s->room ? s->room : 256;
	uint8_t *data;

	while (room - s->size < size)
		room *= 2;
	if (room != s->room) {
		data = realloc(s->data, room);
		if (!data)
			return NULL;
		s->data = data;
		s->room = room;
	}
	data = s->data + s->size;
	s->size += size;
	return memset(data, 0, size);
}

static size_t field_room(size_t size)
{
	return (size + (FIELD_ALIGN - 1)) & ~(size_t)(FIELD_ALIGN - 1);
}

void state_put(struct state *s, const char *field, const void *value, size_t size)
{
	struct field_head *head = s ? state_grow(s, sizeof(*head) + field_room(size)) : NULL;

	if (head) {
		head->size = size;
		memccpy(head->name, field, 0, sizeof(head->name) - 1);
		memcpy(head + 1, value, size);
	} else if (s) {
		s->set->error = -ENOMEM;
	}
}

void state_put_fields(struct state *s, const struct state_field *fields, unsigned int nr,
		      const void *obj)
{
	for (unsigned int i = 0; i < nr; i++)
		state_put(s, fields[i].name, (const char *)obj + fields[i].offset, fields[i].size);
}

/* --- taking out --- */

static struct state *state_lookup(const struct state_set *set, const char *name,
				  uint32_t instance)
{
	struct state *s;

	TAILQ_FOREACH(s, &set->states, link)
		if (s->instance == instance && !strcmp(s->name, name))
			return s;
	return NULL;
}

int state_take(struct state_set *set, const char *name, uint32_t instance, uint32_t version,
	       struct state **out, struct error *err)
{
	struct state *s = state_lookup(set, name, instance);

	if (!s || s->taken)
		return error_set(err, -ENOENT, "there is no state of %s %u", name, instance);
	if (s->version > version)
		return error_set(err, -ENOTSUP,
				 "the state of %s %u has version %u, newer than the %u known here",
				 name, instance, s->version, version);
	s->taken = true;
	*out = s;
	return 0;
}

const struct state *state_left(const struct state_set *set)
{
	const struct state *s;

	TAILQ_FOREACH(s, &set->states, link)
		if (!s->taken)
			return s;
	return NULL;
}

static const struct field_head *field_at(const struct state *s, size_t offset)
{
	return (const struct field_head *)(s->data + offset);
}

static size_t field_end(const struct state *s, size_t offset)
{
	return offset + sizeof(struct field_head) + field_room(field_at(s, offset)->size);
}

/* The field of that name in the first @end bytes, or NULL. */
static const struct field_head *field_lookup(const struct state *s, size_t end, const char *name)
{
	for (size_t at = 0; at < end; at = field_end(s, at))
		if (!strcmp(field_at(s, at)->name, name))
			return field_at(s, at);
	return NULL;
}

const void *state_find(const struct state *s, const char *field, size_t *size)
{
	const struct field_head *head = field_lookup(s, s->size, field);

	if (!head)
		return NULL;
	*size = head->size;
	return head + 1;
}

int state_refuse(const struct state *s, const char *field, const char *why, struct error *err)
{
	return error_set(err, -EINVAL, "the state of %s %u: %s %s", s->name, s->instance, field,
			 why);
}

static int field_find(const struct state *s, const char *field, size_t size, const void **value,
		      struct error *err)
{
	size_t have;

	*value = state_find(s, field, &have);
	if (!*value)
		return state_refuse(s, field, "is missing", err);
	return have == size ? 0 : state_refuse(s, field, "has another size", err);
}

int state_get(const struct state *s, const char *field, void *value, size_t size,
	      struct error *err)
{
	const void *from;
	int ret = field_find(s, field, size, &from, err);

	if (!ret)
		memcpy(value, from, size);
	return ret;
}

static bool field_in_limit(const struct state_field *field, const void *value)
{
	uint64_t number = 0;

	if (!field->max)
		return true;
	memcpy(&number, value, field->size);
	return number <= field->max;
}

int state_get_fields(const struct state *s, const struct state_field *fields, unsigned int nr,
		     void *obj, struct error *err)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct state_field *f = &fields[i];
		const void *value;
		int ret;

		if (f->since > s->version)
			continue;
		ret = field_find(s, f->name, f->size, &value, err);
		if (ret)
			return ret;
		if (!field_in_limit(f, value))
			return state_refuse(s, f->name, "is out of range", err);
		memcpy((char *)obj + f->offset, value, f->size);
	}
	return 0;
}

/* --- keeping --- */

const char *state_name(const struct state *s)
{
	return s->name;
}

uint32_t state_instance(const struct state *s)
{
	return s->instance;
}

uint32_t state_version(const struct state *s)
{
	return s->version;
}

const void *state_data(const struct state *s, size_t *size)
{
	*size = s->size;
	return s->data;
}

struct state *state_first(const struct state_set *set)
{
	return TAILQ_FIRST(&set->states);
}

struct state *state_next(const struct state *s)
{
	return TAILQ_NEXT(s, link);
}

/* A name ends within its @size bytes, is not empty, and can go into a message. */
static bool name_ok(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return len && len < size;
}

/* Whether a field that all those before are fine fits in at @at, under a name of its own. */
static bool field_ok(const struct state *s, size_t at)
{
	const struct field_head *head = field_at(s, at);
	size_t left = s->size - at;

	if (left < sizeof(*head) || !name_ok(head->name, sizeof(head->name)))
		return false;
	left -= sizeof(*head);
	return head->size <= left && field_room(head->size) <= left &&
	       !field_lookup(s, at, head->name);
}

/* Each looks through those before it: their number has a limit. */
static bool state_ok(const struct state *s)
{
	unsigned int nr = 0;

	for (size_t at = 0; at < s->size; at = field_end(s, at))
		if (nr++ == STATE_FIELDS_MAX || !field_ok(s, at))
			return false;
	return true;
}

/* It is last in its set. */
static void state_drop(struct state *s)
{
	s->set->nr--;
	TAILQ_REMOVE(&s->set->states, s, link);
	free(s->data);
	free(s);
}

int state_parse(struct state_set *set, const char *name, uint32_t instance, uint32_t version,
		const void *data, size_t size)
{
	struct state *s;
	void *copy;

	if (size > STATE_LEN_MAX || set->nr >= STATE_NR_MAX)
		return -E2BIG;
	if (!name_ok(name, STATE_NAME_SIZE))
		return -EINVAL;
	if (state_lookup(set, name, instance))
		return -EEXIST;
	s = state_add(set, name, instance, version);
	if (!s)
		return -ENOMEM;
	copy = state_grow(s, size);
	if (!copy) {
		state_drop(s);
		return -ENOMEM;
	}
	memcpy(copy, data, size);
	if (state_ok(s))
		return 0;
	state_drop(s);
	return -EINVAL;
}
