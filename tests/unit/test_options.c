// SPDX-License-Identifier: GPL-2.0-only
/* The command line: what is taken as what, and each option wrong in one way at a time. */
#include <errno.h>

#include "machine.h"
#include "options.h"
#include "size.h"
#include "unit.h"

#define WORDS_MAX 80

/* A line cut at its blanks, as a shell would; the program's name goes before it. */
struct line {
	char text[4096];
	char *argv[WORDS_MAX];
	int argc;
};

static void line_cut(struct line *line, const char *text)
{
	static char program[] = "ivmm";
	char *save;

	assert_true(strlen(text) < sizeof(line->text));
	strcpy(line->text, text);
	line->argc = 0;
	line->argv[line->argc++] = program;
	for (char *word = strtok_r(line->text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		assert_true(line->argc < WORDS_MAX);
		/* a word that is empty can't be written otherwise */
		line->argv[line->argc++] = strcmp(word, "''") ? word : word + 2;
	}
}

/* What is done before anything is made. */
static int parse_and_check(struct options *opts, const struct line *line, struct error *err)
{
	int ret = options_parse(opts, line->argc, (char **)line->argv, err);

	return ret ? ret : machine_check(opts, err);
}

static void the_defaults(void **state)
{
	struct options opts;
	struct error err;
	struct line line;

	(void)state;
	line_cut(&line, "-kernel K");
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_int_equal(opts.action, OPTIONS_RUN);
	assert_int_equal(opts.ram_size, 128 << 20);
	assert_int_equal(opts.smp, 1);
	assert_string_equal(opts.serial[0], "stdio");
	assert_null(opts.serial[1]);
	assert_null(opts.monitor);
	assert_false(opts.paused);
	options_fini(&opts);
}

static void everything_once(void **state)
{
	struct options opts;
	struct error err;
	struct line line;

	(void)state;
	line_cut(&line, "-name alpha -m 2G -smp 8 -kernel K --initrd I -append console=ttyS0 "
		 "-serial file:a -serial unix:b -monitor unix:c -no-reboot -S "
		 "-accel kvm,dirty-ring-size=4096 "
		 "-object memory-backend-file,id=m0,mem-path=/tmp/a,,b,size=64M,share=on "
		 "-device ivshmem-plain,memdev=m0 -device ivshmem,shm=demo,size=4,id=d");
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_string_equal(opts.name, "alpha");
	assert_int_equal(opts.ram_size, 2ull << 30);
	assert_int_equal(opts.smp, 8);
	assert_string_equal(opts.kernel, "K");
	assert_string_equal(opts.initrd, "I");
	assert_string_equal(opts.append, "console=ttyS0");
	assert_string_equal(opts.serial[0], "file:a");
	assert_string_equal(opts.serial[1], "unix:b");
	assert_string_equal(opts.monitor, "unix:c");
	assert_true(opts.paused);
	assert_int_equal(opts.dirty_ring_size, 4096);
	assert_int_equal(opts.nr_objects, 1);
	assert_string_equal(props_get(&opts.objects[0], "mem-path"), "/tmp/a,b");
	assert_int_equal(opts.nr_devices, 2);
	assert_string_equal(opts.devices[1].driver, "ivshmem");
	assert_string_equal(props_get(&opts.devices[1], "id"), "d");
	assert_null(props_get(&opts.devices[1], "memdev"));
	options_fini(&opts);
}

static void help_ends_the_search(void **state)
{
	static const struct {
		const char *text;
		enum options_action action;
	} cases[] = {
		{ "-h -m nonsense", OPTIONS_HELP }, { "--help", OPTIONS_HELP },
		{ "-help", OPTIONS_HELP }, { "-m 64 -version -smp 0", OPTIONS_VERSION },
	};
	struct options opts;
	struct error err;
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		line_cut(&line, cases[i].text);
		assert_ok(options_parse(&opts, line.argc, line.argv, &err));
		assert_int_equal(opts.action, cases[i].action);
		options_fini(&opts);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t unit, bytes;
		int ret;
	} cases[] = {
		{ "0", 1, 0, 0 }, { "1", 1, 1, 0 }, { "64", 1 << 20, 64 << 20, 0 },
		{ "7b", 1 << 20, 7, 0 }, { "4k", 1, 4096, 0 }, { "4096K", 1 << 20, 4 << 20, 0 },
		{ "3M", 1, 3 << 20, 0 }, { "2G", 1, 2ull << 30, 0 }, { "1T", 1, 1ull << 40, 0 },
		{ "1P", 1, 1ull << 50, 0 }, { "15E", 1, 15ull << 60, 0 },
		{ "18446744073709551615", 1, UINT64_MAX, 0 },
		{ "18446744073709551616", 1, 0, -ERANGE }, { "16E", 1, 0, -ERANGE },
		{ "18446744073709551615", 1 << 20, 0, -ERANGE },
		{ "", 1, 0, -EINVAL }, { "M", 1, 0, -EINVAL }, { "-1", 1, 0, -EINVAL },
		{ "+1", 1, 0, -EINVAL }, { " 1", 1, 0, -EINVAL }, { "1 ", 1, 0, -EINVAL },
		{ "1MB", 1, 0, -EINVAL }, { "1X", 1, 0, -EINVAL }, { "0x10", 1, 0, -EINVAL },
		{ "1.5G", 1, 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 0;

		assert_int_equal(size_parse(cases[i].text, cases[i].unit, &bytes),
				 cases[i].ret);
		if (!cases[i].ret)
			assert_int_equal(bytes, cases[i].bytes);
	}
	assert_string_equal(size_text(64 << 20).text, "64M");
	assert_string_equal(size_text(4095).text, "4095");
	assert_string_equal(size_text(0).text, "0");
}

/* What is wrong in one way behind "-kernel K", and words that its message must have. */
static const struct {
	const char *text, *names;
} wrong[] = {
	{ "-nonsense", "-nonsense" },
	{ "-", "-" },
	{ "bzImage", "'bzImage'" },
	{ "-name", "-name" },
	{ "-name ''", "-name" },
	{ "-m", "-m" },
	{ "-m 1Q", "-m: '1Q'" },
	{ "-m ''", "-m: ''" },
	{ "-m -5", "-m: '-5'" },
	{ "-m 15", "-m: 15" },
	{ "-m 65G", "-m: 65G" },
	{ "-m 99999999999999999999", "-m: 99999999999999999999" },
	{ "-m 16777217b", "-m: 16777217b" },
	{ "-smp", "-smp" },
	{ "-smp 0", "-smp: '0'" },
	{ "-smp 9", "-smp: '9'" },
	{ "-smp two", "-smp: 'two'" },
	{ "-smp 2,cores=2", "-smp: '2,cores=2'" },
	{ "-kernel", "-kernel" },
	{ "-kernel ''", "-kernel" },
	{ "-kernel K -initrd", "-initrd" },
	{ "-kernel K -initrd ''", "-initrd" },
	{ "-serial tcp:1", "-serial: 'tcp:1'" },
	{ "-serial file:", "-serial: 'file:'" },
	{ "-serial unix:", "-serial: 'unix:'" },
	{ "-serial none -serial none -serial none", "-serial none" },
	{ "-serial stdio -serial stdio", "-serial stdio" },
	{ "-bios", "-bios" },
	{ "-bios ''", "-bios: the file name is empty" },
	{ "-bios B", "-bios B: firmware can't get at a -kernel" },
	{ "-restore", "-restore" },
	{ "-restore ''", "-restore: the file name is empty" },
	{ "-debugcon pty", "-debugcon: 'pty'" },
	{ "-debugcon stdio", "-debugcon stdio: given to a serial port too" },
	{ "-debugcon file:/nonexistent/x", "-debugcon: file:/nonexistent/x: can't be written" },
	{ "-monitor stdio", "-monitor: 'stdio'" },
	{ "-monitor unix:", "-monitor: 'unix:'" },
	{ "-serial file:/nonexistent/x",
	  "-serial: file:/nonexistent/x: can't be written: No such file" },
	{ "-serial file:/", "-serial: file:/: can't be written: Is a directory" },
	{ "-serial unix:/nonexistent/s",
	  "-serial: unix:/nonexistent/s: can't be made: No such file" },
	{ "-monitor unix:/nonexistent/s",
	  "-monitor: unix:/nonexistent/s: can't be made: No such file" },
	{ "-accel tcg", "-accel: 'tcg'" },
	{ "-accel kvm,dirty-ring-size=4095", "dirty-ring-size=4095" },
	{ "-accel kvm,dirty-ring-size=512", "dirty-ring-size=512" },
	{ "-accel kvm,dirty-ring-size=131072", "dirty-ring-size=131072" },
	{ "-accel kvm,dirty-ring-size=4096x", "dirty-ring-size=4096x" },
	{ "-accel kvm,dirty-ring-size=", "dirty-ring-size=" },
	{ "-accel kvm,kernel-irqchip=on", "kernel-irqchip" },
	{ "-object", "-object" },
	{ "-object ''", "-object" },
	{ "-object id=m0", "-object id=m0" },
	{ "-object memory-backend-epc,id=m0,size=1M", "-object memory-backend-epc" },
	{ "-object memory-backend-ram,size=1M", "id= is missing" },
	{ "-object memory-backend-ram,id=m0", "size= is missing" },
	{ "-object memory-backend-ram,id=,size=1M", "id= is not" },
	{ "-object memory-backend-ram,id=m0,size=1Q", "size=1Q" },
	{ "-object memory-backend-ram,id=m0,size=0", "size=0" },
	{ "-object memory-backend-ram,id=m0,size=64", "size=64" },
	{ "-object memory-backend-ram,id=m0,size=16E", "size=16E" },
	{ "-object memory-backend-ram,id=m0,size=1M,share=maybe", "share=maybe" },
	{ "-object memory-backend-ram,id=m0,size=1M,reserve=off", "reserve=off" },
	{ "-object memory-backend-ram,id=m0,size=1M,merge=yes", "merge=yes" },
	{ "-object memory-backend-ram,id=m0,size=1M,dump=0", "dump=0" },
	{ "-object memory-backend-ram,id=m0,size=1M,prealloc=1", "prealloc=1" },
	{ "-object memory-backend-ram,id=m0,size=1M,prealloc-threads=0", "prealloc-threads=0" },
	{ "-object memory-backend-ram,id=m0,size=1M,prealloc-threads=257", "from 1 to 256" },
	{ "-object memory-backend-ram,id=m0,size=1M,prealloc-threads=2x", "prealloc-threads=2x" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=local", "policy=local" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind", "policy=bind goes with host-" },
	{ "-object memory-backend-ram,id=m0,size=1M,host-nodes=0", "default goes without host-" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind,host-nodes=64", "host-nodes=64" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind,host-nodes=1-0", "host-nodes=1-0" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind,host-nodes=0-", "host-nodes=0-" },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind,host-nodes=0,,", "host-nodes=0," },
	{ "-object memory-backend-ram,id=m0,size=1M,policy=bind,host-nodes=0,host-nodes=a",
	  "host-nodes=a" },
	{ "-object memory-backend-ram,id=m0,size=1M,offset=4k", "offset=4k" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,offset=1k",
	  "offset=1k is not a multiple of 4K" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,offset=4k,align=8k",
	  "offset=4k is not a multiple of 8K" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,offset=8E",
	  "offset=8E" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,align=1k", "align=1k" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,align=4M", "align=4M" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/tmp/f,align=12k", "align=12k" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/dev/ivshmem/a,offset=4k",
	  "leave offset= out" },
	{ "-object memory-backend-ram,id=m0,size=1M,=x", "KEY=VALUE" },
	{ "-object memory-backend-file,id=m0,size=1M", "mem-path= is missing" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/dev/ivshmem/a,share=off",
	  "mem-path=/dev/ivshmem/a" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/nonexistent/f",
	  "can't make mem-path=/nonexistent/f" },
	{ "-object memory-backend-file,id=m0,size=1M,mem-path=/dev/nonexistent",
	  "mem-path=/dev/nonexistent does not exist" },
	{ "-object memory-backend-ivshmem,id=m0,size=1M", "shm= is missing" },
	{ "-object memory-backend-ram,id=a,size=1M -object memory-backend-ram,id=a,size=1M",
	  "id=a" },
	{ "-device", "-device" },
	{ "-device e1000", "-device e1000" },
	{ "-device ivshmem-doorbell,vectors=1", "shm= is missing" },
	{ "-device ivshmem-doorbell,shm=a", "size= is missing" },
	{ "-device ivshmem-doorbell,chardev=c,vectors=1", "chardev=c: no server is needed" },
	{ "-device ivshmem-doorbell,shm=a,size=1M,memdev=m0", "exclude each other" },
	{ "-device ivshmem-doorbell,memdev=m0,size=1M", "exclude each other" },
	{ "-device ivshmem-doorbell,shm=a,size=1M,vectors=0", "vectors=0" },
	{ "-device ivshmem-doorbell,shm=a,size=1M,vectors=2049", "from 1 to 2048" },
	{ "-device ivshmem-doorbell,shm=a,size=1M,master=on", "master=on" },
	{ "-device ivshmem,shm=a,size=1M,vectors=2049", "from 0 to 2048" },
	{ "-device ivshmem,shm=a,size=1M,vectors=", "vectors=" },
	{ "-device ivshmem,shm=a,size=1M,vectors=1k", "vectors=1k" },
	{ "-device ivshmem,shm=a,size=1M,vectors=-1", "vectors=-1" },
	{ "-device ivshmem,shm=a,size=1M,vectors=99999999999999999999", "vectors=9999" },
	{ "-device ivshmem,shm=a,size=1M,vectors=1,peer=65536", "from 0 to 65535" },
	{ "-device ivshmem,shm=a,size=1M,vectors=1,peer=any", "peer=any" },
	{ "-device ivshmem,shm=a,size=1M,peer=3", "peer=3 is for a device with interrupts" },
	{ "-device ivshmem,shm=a,size=1M,vectors=0,peer=3", "peer=3 is for a device with" },
	{ "-device ivshmem,memdev=m0,vectors=1", "memdev=m0" },
	{ "-device ivshmem-plain,memdev=m0,vectors=1", "vectors=1" },
	{ "-device ivshmem,size=1M", "shm= is missing" },
	{ "-device ivshmem,shm=a", "size= is missing" },
	{ "-device ivshmem,shm=,size=1M", "shm= is missing" },
	{ "-device ivshmem,shm=a/b,size=1M", "a/b" },
	{ "-device ivshmem,shm=.a,size=1M", "'.a'" },
	{ "-device ivshmem,shm=control,size=1M", "'control'" },
	{ "-device ivshmem,shm=a,size=3M", "size 3M" },
	{ "-device ivshmem,shm=a,size=2k", "size 2k" },
	{ "-device ivshmem,shm=a,size=0", "size 0" },
	{ "-device ivshmem,shm=a,size=x", "size=x" },
	{ "-device ivshmem,shm=a,size=1M,vectorz=1", "vectorz=1" },
	{ "-device ivshmem-plain", "memdev= is missing" },
	{ "-device ivshmem-plain,memdev=", "memdev= is missing" },
	{ "-device ivshmem-plain,memdev=m0,size=1M", "size=1M" },
	{ "-device ivshmem,shm=a,size=1M,a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,"
	  "n=1,o=1",
	  "16 properties" },
};

/* @text is refused with one line that holds @names, and status 2. */
static void assert_refused(const char *text, const char *names)
{
	struct error err = { .text = "" };
	struct options opts;
	struct line line;
	int ret;

	line_cut(&line, text);
	ret = parse_and_check(&opts, &line, &err);
	if (!ret || error_status(&err) != ERROR_STATUS_USAGE || !strstr(err.text, names) ||
	    strchr(err.text, '\n'))
		fail_msg("ivmm %s: %d, status %d, \"%s\", expected: status 2, \"%s\"", text, ret,
			 error_status(&err), err.text, names);
	options_fini(&opts);
}

static void wrong_in_one_way_is_one_clear_line(void **state)
{
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "-kernel K %s", wrong[i].text);
		assert_refused(text, wrong[i].names);
	}
}

static void without_a_kernel_there_is_nothing_to_boot(void **state)
{
	(void)state;
	assert_refused("", "give -kernel FILE");
	assert_refused("", "-restore FILE");
	assert_refused("-m 64 -initrd I -append A", "give -kernel FILE");
	assert_refused("-object memory-backend-ram,id=m0,size=1M", "give -kernel FILE");
}

static void firmware_instead_of_a_kernel(void **state)
{
	struct options opts;
	struct error err;
	struct line line;

	(void)state;
	line_cut(&line, "-bios B -serial none -debugcon stdio");
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_string_equal(opts.bios, "B");
	assert_string_equal(opts.debugcon, "stdio");
	assert_null(opts.kernel);
	options_fini(&opts);
	line_cut(&line, "-bios B -debugcon stdio -debugcon none");
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_null(opts.debugcon);
	options_fini(&opts);
	assert_refused("-bios B -initrd I", "-initrd: goes with -kernel");
	assert_refused("-bios B -append A", "-append: goes with -kernel");
}

static void a_snapshot_instead_of_a_kernel(void **state)
{
	struct options opts;
	struct error err;
	struct line line;

	(void)state;
	line_cut(&line, "-restore S -serial none");
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_string_equal(opts.restore, "S");
	options_fini(&opts);
	line_cut(&line, "-kernel K -serial none -append A -restore S");
	assert_ok(parse_and_check(&opts, &line, &err));
	options_fini(&opts);
}

/* KVM's errno says nothing of the command line, and memory that is not there is nobody's typing. */
static void whose_fault_it_is_is_said(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, -EINVAL, "KVM"), -EINVAL);
	assert_int_equal(error_status(&err), EXIT_FAILURE);
	assert_int_equal(error_arg(&err, -ENOENT, "no %s", "file"), -ENOENT);
	assert_int_equal(error_status(&err), ERROR_STATUS_USAGE);
	assert_int_equal(error_prefix(&err, -ENOENT, "-serial"), -ENOENT);
	assert_int_equal(error_status(&err), ERROR_STATUS_USAGE);
	assert_string_equal(err.text, "-serial: no file");
	error_arg(&err, -ENOMEM, "memory");
	assert_int_equal(error_status(&err), EXIT_FAILURE);
}

static void as_many_as_there_is_room_for(void **state)
{
	struct options opts;
	struct error err;
	struct line line;
	char text[4096] = "-kernel K ";

	(void)state;
	for (int i = 0; i < OPTIONS_LIST_MAX; i++)
		strcat(text, "-device ivshmem,shm=a,size=1M ");
	line_cut(&line, text);
	assert_ok(parse_and_check(&opts, &line, &err));
	assert_int_equal(opts.nr_devices, OPTIONS_LIST_MAX);
	options_fini(&opts);
	strcat(text, "-device ivshmem,shm=a,size=1M");
	line_cut(&line, text);
	assert_int_equal(options_parse(&opts, line.argc, line.argv, &err), -EINVAL);
	options_fini(&opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults),
		cmocka_unit_test(everything_once),
		cmocka_unit_test(help_ends_the_search),
		cmocka_unit_test(sizes),
		cmocka_unit_test(wrong_in_one_way_is_one_clear_line),
		cmocka_unit_test(without_a_kernel_there_is_nothing_to_boot),
		cmocka_unit_test(firmware_instead_of_a_kernel),
		cmocka_unit_test(a_snapshot_instead_of_a_kernel),
		cmocka_unit_test(whose_fault_it_is_is_said),
		cmocka_unit_test(as_many_as_there_is_room_for),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
