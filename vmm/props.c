// SPDX-License-Identifier: GPL-2.0-only
/* A "driver,key=value,…" text as properties. Which of them a driver has is its own business. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "props.h"
#include "size.h"
#include "util.h"

/*
 * Cut the first field off *@rest, in place: up to a comma; ",," stands for a comma within the
 * field. NULL when nothing is left.
 */
static char *field_cut(char **rest)
{
	char *start = *rest, *in = start, *out = start;

	if (!start)
		return NULL;
	while (*in && (in[0] != ',' || in[1] == ',')) {
		in += *in == ',';
		*out++ = *in++;
	}
	*rest = *in ? in + 1 : NULL;
	*out = '\0';
	return start;
}

static int props_add(struct props *o, char *field, struct error *err)
{
	struct prop *prop = &o->props[o->nr_props];
	char *eq = strchr(field, '=');

	if (o->nr_props == ARRAY_SIZE(o->props))
		return error_arg(err, -EINVAL, "%s %s: more than %zu properties", o->option,
				 o->text, ARRAY_SIZE(o->props));
	if (!*field || eq == field)
		return error_arg(err, -EINVAL, "%s %s: a property without a name; write KEY=VALUE",
				 o->option, o->text);
	if (eq)
		*eq = '\0';
	prop->key = field;
	prop->value = eq ? eq + 1 : "on";
	o->nr_props++;
	return 0;
}

/* The strings of @o point into its driver's, which is one copy of the text cut into pieces. */
int props_parse(struct props *o, const char *option, const char *value, struct error *err)
{
	char *rest, *field;
	int ret;

	o->option = option;
	o->text = strdup(value);
	o->driver = strdup(value);
	if (!o->text || !o->driver)
		return error_arg(err, -ENOMEM, "%s %s: out of memory", option, value);
	rest = o->driver;
	field = field_cut(&rest);
	if (!*field || strchr(field, '='))
		return error_arg(err, -EINVAL, "%s %s: must begin with a driver's name, as in %s",
				 option, value, strcmp(option, "-device") ?
				 "-object memory-backend-ram,id=m0,size=64M" :
				 "-device ivshmem,shm=NAME,size=64M");
	while ((field = field_cut(&rest))) {
		ret = props_add(o, field, err);
		if (ret)
			return ret;
	}
	return 0;
}

void props_fini(struct props *o)
{
	free(o->text);
	free(o->driver);
}

const char *props_get(const struct props *o, const char *key)
{
	for (unsigned int i = o->nr_props; i-- > 0; )
		if (!strcmp(o->props[i].key, key))
			return o->props[i].value;
	return NULL;
}

static bool key_known(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (!strcmp(*keys, key))
			return true;
	return false;
}

int props_check(const struct props *o, const char *const *keys, struct error *err)
{
	char known[256] = "";
	size_t len = 0;

	for (unsigned int k = 0; keys[k] && len < sizeof(known); k++)
		len += snprintf(known + len, sizeof(known) - len, "%s%s", k ? ", " : "", keys[k]);
	for (unsigned int i = 0; i < o->nr_props; i++)
		if (!key_known(o->props[i].key, keys))
			return error_arg(err, -EINVAL, "%s %s: unknown property %s=%s; it has %s",
					 o->option, o->driver, o->props[i].key, o->props[i].value,
					 known);
	return 0;
}

int props_size(const struct props *o, const char *key, uint64_t unit, uint64_t *value,
	       struct error *err)
{
	const char *text = props_get(o, key);
	int ret = text ? size_parse(text, unit, value) : 0;

	if (ret == -ERANGE)
		return error_arg(err, -EINVAL, "%s %s: %s=%s is too large", o->option, o->driver,
				 key, text);
	if (ret)
		return error_arg(err, -EINVAL, "%s %s: %s=%s is not a size; write a number with k, "
				 "M or G behind it", o->option, o->driver, key, text);
	return 0;
}

int props_number(const struct props *o, const char *key, unsigned int min, unsigned int max,
		 unsigned int *value, struct error *err)
{
	const char *text = props_get(o, key);
	unsigned long n;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || n < min || n > max)
		return error_arg(err, -EINVAL, "%s %s: %s=%s is not a whole number from %u to %u",
				 o->option, o->driver, key, text, min, max);
	*value = n;
	return 0;
}

int props_bool(const struct props *o, const char *key, bool *value, struct error *err)
{
	const char *text = props_get(o, key);

	if (!text)
		return 0;
	*value = !strcmp(text, "on");
	if (!*value && strcmp(text, "off"))
		return error_arg(err, -EINVAL, "%s %s: %s=%s is neither on nor off", o->option,
				 o->driver, key, text);
	return 0;
}
