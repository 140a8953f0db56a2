/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a machine are in the middle of, as named values: each part puts its own in and
 * takes them out again in another machine. Where they are kept meanwhile is snapshot/'s business.
 *
 * What is taken out may come from a file that anybody has written: it is checked here for form, and
 * by the fields' limits; a part checks the rest.
 */
#ifndef VMM_STATE_H
#define VMM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"

#define STATE_NAME_SIZE		16	/* bytes of a part's name, its end included */
#define STATE_FIELD_SIZE	24	/* bytes of a field's name, the same */
#define STATE_LEN_MAX		0x100000u /* bytes of one part's values */
#define STATE_FIELDS_MAX	256	/* of one part, when it is parsed */
#define STATE_NR_MAX		1024	/* parts of a machine */

struct state;

/* Of a whole machine. Fields are this file's. */
struct state_set {
	TAILQ_HEAD(states, state) states;
	unsigned int nr;
	int error;			/* -ENOMEM: something that was put is not there */
};

/**
 * struct state_field - a value that lies in an object as it is
 * @name: what it is called for ever
 * @offset: bytes from the start of the object
 * @size: bytes
 * @since: the version of the part's state that first had it; what is older leaves it alone
 * @max: what the number may be at most, of 1, 2, 4 or 8 bytes; 0: anything. 1 for a bool
 */
struct state_field {
	const char *name;
	size_t offset, size;
	uint32_t since;
	uint64_t max;
};

#define STATE_FIELD_MAX(type, member, max) \
	{ #member, offsetof(type, member), sizeof(((type *)0)->member), 1, max }
#define STATE_FIELD(type, member)	STATE_FIELD_MAX(type, member, 0)

void state_set_init(struct state_set *set);
void state_set_fini(struct state_set *set);

/**
 * state_add() - begin with a part
 * @name: shorter than STATE_NAME_SIZE
 * @instance: which of several
 * @version: of the fields that follow
 *
 * Return: what to put the fields in; NULL without memory. Putting into that is ignored, and
 * @set->error tells in the end.
 */
struct state *state_add(struct state_set *set, const char *name, uint32_t instance,
			uint32_t version);
void state_put(struct state *s, const char *field, const void *value, size_t size);
void state_put_fields(struct state *s, const struct state_field *fields, unsigned int nr,
		      const void *obj);

/**
 * state_take() - look for the state of a part
 * @version: the newest that the caller understands
 *
 * Each can be taken once. Return: 0; -ENOENT if there is none, -ENOTSUP if it is newer; @err
 * filled.
 */
int state_take(struct state_set *set, const char *name, uint32_t instance, uint32_t version,
	       struct state **out, struct error *err);

/* Any that nobody has taken, or NULL. */
const struct state *state_left(const struct state_set *set);

/* A field of any size, NULL if there is none. */
const void *state_find(const struct state *s, const char *field, size_t *size);

/* 0, or -EINVAL with @err filled: it is missing, or not of @size bytes. */
int state_get(const struct state *s, const char *field, void *value, size_t size,
	      struct error *err);
/* The same for each that @s is new enough for; also if one exceeds its max. */
int state_get_fields(const struct state *s, const struct state_field *fields, unsigned int nr,
		     void *obj, struct error *err);

/* -EINVAL with @err filled: what is wrong with field @field of @s. */
int state_refuse(const struct state *s, const char *field, const char *why, struct error *err);

/* How it is kept: bytes that state_parse() takes. */
const char *state_name(const struct state *s);
uint32_t state_instance(const struct state *s);
uint32_t state_version(const struct state *s);
const void *state_data(const struct state *s, size_t *size);
struct state *state_first(const struct state_set *set);
struct state *state_next(const struct state *s);

/**
 * state_parse() - add a part from what was kept of it
 * @name: STATE_NAME_SIZE bytes
 * @data: copied
 *
 * Return: 0; -EINVAL if it has not the form, or too many fields, -EEXIST if the part is there,
 * -E2BIG if it or their number is too large, -ENOMEM.
 */
int state_parse(struct state_set *set, const char *name, uint32_t instance, uint32_t version,
		const void *data, size_t size);

#endif /* VMM_STATE_H */
