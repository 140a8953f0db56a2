// SPDX-License-Identifier: GPL-2.0-only
/* Lines of the monitor that make no sense, and those that need no machine. */
#include "monitor/command.h"
#include "unit.h"

static void assert_answer(const char *line, bool too_long, const char *expected)
{
	char copy[COMMAND_LINE_MAX + 1], *got;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	snprintf(copy, sizeof(copy), "%s", line);
	command_run(NULL, copy, too_long, out);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void no_word_no_answer(void **state)
{
	(void)state;
	assert_answer("", false, "");
	assert_answer("   ", false, "");
}

static void version(void **state)
{
	(void)state;
	assert_answer("info version", false, "ivmm " IVSHMEM_VERSION "\n");
	assert_answer(" info  version -j", false, "{\"version\": \"" IVSHMEM_VERSION "\"}\n");
}

static void no_such_command(void **state)
{
	(void)state;
	assert_answer("frob", false, "error: there is no 'frob'; help lists the commands\n");
	assert_answer("info", false, "error: there is no 'info'; help lists the commands\n");
	assert_answer("info \"x\" -j", false,
		      "{\"error\": \"there is no 'info \\\"x\\\"'; help lists the commands\"}\n");
}

static void no_such_flag(void **state)
{
	(void)state;
	assert_answer("info version -f", false,
		      "error: '-f' does not go with version; help lists what does\n");
	assert_answer("info version -", false,
		      "error: '-' does not go with version; help lists what does\n");
	assert_answer("info version -fj", false,
		      "{\"error\": \"'-fj' does not go with version; help lists what does\"}\n");
	assert_answer("info version all -j", false,
		      "{\"error\": \"'all' does not go with version; help lists what does\"}\n");
}

static void words_that_are_missing_or_wrong(void **state)
{
	(void)state;
	assert_answer("explain", false, "error: explain takes ADDR [SPACE]\n");
	assert_answer("explain -j", false, "{\"error\": \"explain takes ADDR [SPACE]\"}\n");
	assert_answer("explain 1 I/O 3", false,
		      "error: '3' does not go with explain; help lists what does\n");
	assert_answer("explain -f 1", false,
		      "error: '-f' does not go with explain; help lists what does\n");
	assert_answer("explain 0x", false,
		      "error: '0x' is not an address; write 0x1000, or 4096\n");
	assert_answer("explain +1", false,
		      "error: '+1' is not an address; write 0x1000, or 4096\n");
	assert_answer("explain -j 0x10000000000000000", false, "{\"error\": "
		      "\"'0x10000000000000000' is not an address; write 0x1000, or 4096\"}\n");
	assert_answer("snapshot-live", false, "error: snapshot-live takes PATH\n");
	assert_answer("dirty-rate -j", false, "{\"error\": \"dirty-rate takes SECONDS\"}\n");
	assert_answer("dirty-rate 0", false,
		      "error: '0' is not a number of seconds from 1 to 60\n");
	assert_answer("dirty-rate 61", false,
		      "error: '61' is not a number of seconds from 1 to 60\n");
	assert_answer("dirty-rate 1s", false,
		      "error: '1s' is not a number of seconds from 1 to 60\n");
}

static void too_much(void **state)
{
	(void)state;
	assert_answer("1 2 3 4 5 6 7 8 9", false,
		      "error: more than 8 words; help lists the commands\n");
	assert_answer("info version", true, "error: a line has at most 255 characters\n");
	assert_answer("info version -j", true,
		      "{\"error\": \"a line has at most 255 characters\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_word_no_answer),
		cmocka_unit_test(version),
		cmocka_unit_test(no_such_command),
		cmocka_unit_test(no_such_flag),
		cmocka_unit_test(words_that_are_missing_or_wrong),
		cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
