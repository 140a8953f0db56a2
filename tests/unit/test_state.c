// SPDX-License-Identifier: GPL-2.0-only
/* Named values: what goes in comes out, and what anybody may have written is refused. */
#include <errno.h>

#include "state.h"
#include "unit.h"
#include "util.h"

struct thing {
	uint8_t small;
	uint32_t words[3];
	bool flag;
	uint64_t late;
};

static const struct state_field fields[] = {
	STATE_FIELD_MAX(struct thing, small, 9),
	STATE_FIELD(struct thing, words),
	STATE_FIELD_MAX(struct thing, flag, 1),
	{ "late", offsetof(struct thing, late), sizeof(uint64_t), 2, 0 },
};

static const struct thing example = { 9, { 1, 2, 0xffffffff }, true, 77 };

static struct state *put_example(struct state_set *set, uint32_t version,
				 const struct thing *thing)
{
	struct state *s = state_add(set, "thing", 3, version);

	state_put_fields(s, fields, ARRAY_SIZE(fields), thing);
	return s;
}

/* Another set with what was kept of the first one. */
static int keep(struct state_set *to, const struct state *s)
{
	size_t size;
	const void *data = state_data(s, &size);

	return state_parse(to, state_name(s), state_instance(s), state_version(s), data, size);
}

static void round_trip(void **state)
{
	struct state_set from, to;
	struct thing thing = { 0 };
	struct error err;
	struct state *s;

	(void)state;
	state_set_init(&from);
	state_set_init(&to);
	assert_ok(keep(&to, put_example(&from, 2, &example)));
	assert_ok(from.error);
	assert_non_null(state_left(&to));
	assert_ok(state_take(&to, "thing", 3, 2, &s, &err));
	assert_null(state_left(&to));
	assert_ok(state_get_fields(s, fields, ARRAY_SIZE(fields), &thing, &err));
	assert_memory_equal(thing.words, example.words, sizeof(thing.words));
	assert_int_equal(thing.small, 9);
	assert_true(thing.flag);
	assert_int_equal(thing.late, 77);
	assert_int_equal(state_take(&to, "thing", 3, 2, &s, &err), -ENOENT);
	state_set_fini(&from);
	state_set_fini(&to);
}

static void versions(void **state)
{
	struct state_set set;
	struct thing thing = { .late = 5 };
	struct error err;
	struct state *s;

	(void)state;
	state_set_init(&set);
	put_example(&set, 1, &example);
	assert_int_equal(state_take(&set, "thing", 3, 0, &s, &err), -ENOTSUP);
	assert_ok(state_take(&set, "thing", 3, 1, &s, &err));
	assert_ok(state_get_fields(s, fields, ARRAY_SIZE(fields), &thing, &err));
	assert_int_equal(thing.small, 9);
	assert_int_equal(thing.late, 5);
	state_set_fini(&set);
}

static void assert_refused(const struct thing *thing, const char *field)
{
	struct thing out = { 0 };
	struct state_set set;
	struct error err;

	state_set_init(&set);
	assert_int_equal(state_get_fields(put_example(&set, 2, thing), fields,
					  ARRAY_SIZE(fields), &out, &err), -EINVAL);
	assert_non_null(strstr(err.text, field));
	state_set_fini(&set);
}

static void limits(void **state)
{
	struct thing thing = example;
	uint8_t byte = 2;

	(void)state;
	thing.small = 10;
	assert_refused(&thing, "small is out of range");
	thing = example;
	memcpy(&thing.flag, &byte, 1);
	assert_refused(&thing, "flag is out of range");
}

static void sizes(void **state)
{
	struct state_set set;
	struct error err;
	struct state *s;
	uint32_t value;
	size_t size;

	(void)state;
	state_set_init(&set);
	s = state_add(&set, "x", 0, 1);
	state_put(s, "five", "12345", 5);
	assert_int_equal(state_get(s, "five", &value, 4, &err), -EINVAL);
	assert_int_equal(state_get(s, "six", &value, 4, &err), -EINVAL);
	assert_memory_equal(state_find(s, "five", &size), "12345", 5);
	assert_int_equal(size, 5);
	assert_null(state_find(s, "fiv", &size));
	state_set_fini(&set);
}

static void names(void **state)
{
	static const struct {
		char name[STATE_NAME_SIZE];
		int ret;
	} cases[] = {
		{ "thing", 0 },
		{ "thing", -EEXIST },
		{ "", -EINVAL },
		{ "a b", -EINVAL },
		{ "a\033b", -EINVAL },
		{ { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e',
		    'f' }, -EINVAL },
	};
	struct state_set set;

	(void)state;
	state_set_init(&set);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(state_parse(&set, cases[i].name, 0, 1, "", 0), cases[i].ret);
	assert_ok(state_parse(&set, "thing\0\0\0\0\0\0\0\0\0\0", 1, 1, "", 0));
	assert_int_equal(set.nr, 2);
	state_set_fini(&set);
}

/* Too large and too many: of a file's numbers, memory must not be made without end. */
static void amounts(void **state)
{
	static char data[STATE_LEN_MAX + 1];
	struct state_set set;

	(void)state;
	state_set_init(&set);
	assert_int_equal(state_parse(&set, "large\0\0\0\0\0\0\0\0\0\0", 0, 1, data, sizeof(data)),
			 -E2BIG);
	for (unsigned int i = 0; i < STATE_NR_MAX; i++)
		assert_ok(state_parse(&set, "small\0\0\0\0\0\0\0\0\0\0", i, 1, "", 0));
	assert_int_equal(state_parse(&set, "small\0\0\0\0\0\0\0\0\0\0", STATE_NR_MAX, 1, "", 0),
			 -E2BIG);
	state_set_fini(&set);
}

/* Each name is compared with those before it: of many there would be no end. */
static void many_fields(void **state)
{
	struct state_set set, to;
	struct state *s;
	char name[16];

	(void)state;
	state_set_init(&set);
	state_set_init(&to);
	s = state_add(&set, "x", 0, 1);
	for (unsigned int i = 0; i < STATE_FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "field%u", i);
		state_put(s, name, "", 0);
	}
	assert_ok(keep(&to, s));
	state_put(s, "one-more", "", 0);
	state_set_fini(&to);
	assert_int_equal(keep(&to, s), -EINVAL);
	assert_null(state_first(&to));
	state_set_fini(&set);
	state_set_fini(&to);
}

/* How many fields @data is taken for: -1, it is refused. Each is looked at to its last byte. */
static int fields_taken(const void *data, size_t size)
{
	char *copy = malloc(size ? size : 1);	/* so that a sanitizer sees its end */
	struct thing thing = { 0 };
	struct state_set set;
	struct error err;
	int n = -1;

	memcpy(copy, data, size);
	state_set_init(&set);
	if (!state_parse(&set, "thing\0\0\0\0\0\0\0\0\0\0", 3, 2, copy, size)) {
		n = 0;
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			n += !state_get_fields(state_first(&set), &fields[i], 1, &thing, &err);
	}
	state_set_fini(&set);
	free(copy);
	return n;
}

static void cut_short(void **state)
{
	unsigned int whole = 0;
	struct state_set set;
	const uint8_t *data;
	size_t size;
	int n;

	(void)state;
	state_set_init(&set);
	data = state_data(put_example(&set, 2, &example), &size);
	for (size_t len = 0; len < size; len++) {
		n = fields_taken(data, len);
		assert_true(n < (int)ARRAY_SIZE(fields));
		whole += n >= 0;
	}
	assert_int_equal(whole, ARRAY_SIZE(fields));	/* it ended between two fields */
	assert_int_equal(fields_taken(data, size), ARRAY_SIZE(fields));
	state_set_fini(&set);
}

/* Any bit may be another: it is refused, or fields are missing or have other values. */
static void flipped(void **state)
{
	struct state_set set;
	uint8_t copy[1024];
	const void *data;
	size_t size;

	(void)state;
	state_set_init(&set);
	data = state_data(put_example(&set, 2, &example), &size);
	assert_true(size <= sizeof(copy));
	for (size_t i = 0; i < size * 8; i++) {
		memcpy(copy, data, size);
		copy[i / 8] ^= 1u << i % 8;
		assert_true(fields_taken(copy, size) <= (int)ARRAY_SIZE(fields));
	}
	state_set_fini(&set);
}

static void doubled(void **state)
{
	struct state_set set, to;
	struct state *s;

	(void)state;
	state_set_init(&set);
	state_set_init(&to);
	s = state_add(&set, "x", 0, 1);
	state_put(s, "one", "1", 1);
	state_put(s, "one", "2", 1);
	assert_int_equal(keep(&to, s), -EINVAL);
	assert_null(state_first(&to));
	state_set_fini(&set);
	state_set_fini(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(versions),
		cmocka_unit_test(limits),
		cmocka_unit_test(sizes),
		cmocka_unit_test(names),
		cmocka_unit_test(amounts),
		cmocka_unit_test(many_fields),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(flipped),
		cmocka_unit_test(doubled),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
