// SPDX-License-Identifier: GPL-2.0-only
/* Text as strings of JSON. */
#include "json.h"
#include "unit.h"

static void assert_json(const char *text, const char *expected)
{
	char *got;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	json_string(out, text);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void text(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("/dev/ivshmem/frames 0", "\"/dev/ivshmem/frames 0\"");
}

static void what_ends_a_string(void **state)
{
	(void)state;
	assert_json("say \"x\"", "\"say \\\"x\\\"\"");
	assert_json("C:\\", "\"C:\\\\\"");
}

static void control_characters(void **state)
{
	(void)state;
	assert_json("a\tb\nc", "\"a\\u0009b\\u000ac\"");
	assert_json("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
}

static void bytes_of_utf8_stay(void **state)
{
	(void)state;
	assert_json("M\xc3\xa4rz", "\"M\xc3\xa4rz\"");
}

static void no_text_is_null(void **state)
{
	(void)state;
	assert_json(NULL, "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(what_ends_a_string),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(bytes_of_utf8_stay),
		cmocka_unit_test(no_text_is_null),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
