/* SPDX-License-Identifier: GPL-2.0-only */
/* Properties: what "driver,key=value,…" behind -object or -device says. */
#ifndef VMM_PROPS_H
#define VMM_PROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct props {
	const char *option;	/* "-object" or "-device", for messages */
	char *text;		/* as given, for messages */
	char *driver;		/* the first word */
	struct prop {
		char *key;
		const char *value;	/* "on" for a bare key, as QEMU has it */
	} props[16];
	unsigned int nr_props;
};

/**
 * props_parse() - cut a text into its properties
 * @option: "-object" or "-device", for messages
 * @value: "driver,key=value,…"; a comma within a value is written ",,"
 *
 * Return: 0, -EINVAL or -ENOMEM with @err filled; props_fini() in any case gives back
 * what @o holds.
 */
int props_parse(struct props *o, const char *option, const char *value, struct error *err);
void props_fini(struct props *o);

/* The value of @key in @o (the last one, if given twice), or NULL. */
const char *props_get(const struct props *o, const char *key);

/**
 * props_check() - refuse a key that a driver does not know
 * @keys: the known ones, ending with NULL
 *
 * Return: 0, or -EINVAL with @err naming the key and the known ones.
 */
int props_check(const struct props *o, const char *const *keys, struct error *err);

/*
 * @key as a size in @unit bytes, a whole number from @min to @max, or a switch (on, off); unset:
 * @value stays. -EINVAL.
 */
int props_size(const struct props *o, const char *key, uint64_t unit, uint64_t *value,
	       struct error *err);
int props_number(const struct props *o, const char *key, unsigned int min, unsigned int max,
		 unsigned int *value, struct error *err);
int props_bool(const struct props *o, const char *key, bool *value, struct error *err);

#endif /* VMM_PROPS_H */
