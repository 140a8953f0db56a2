// SPDX-License-Identifier: GPL-2.0-only
/* -bios: files that can't be firmware, and where in a guest's memory those that can be are seen. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "machine.h"
#include "machine_parts.h"
#include "memory/access.h"
#include "unit.h"

#define KIB	1024u

struct fixture {
	char path[32];
	struct options opts;
	struct machine m;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/test_firmware.XXXXXX");
	close(mkstemp(f->path));
	f->opts = (struct options){ .ram_size = 16 << 20, .smp = 1, .bios = f->path };
	f->m.opts = &f->opts;
	assert_ok(machine_memory_up(&f->m, &f->err));
	assert_ok(machine_tree_up(&f->m, &f->err));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	machine_tree_down(&f->m);
	machine_memory_down(&f->m);
	unlink(f->path);
	free(f);
	return 0;
}

/* Each 64 KiB have a letter of their own, from 'a' on. */
static void file_make(struct fixture *f, unsigned int size)
{
	FILE *file = fopen(f->path, "w");

	for (unsigned int i = 0; i < size; i++)
		fputc('a' + i / (64 * KIB), file);
	fclose(file);
}

static void assert_refused(struct fixture *f, const char *why)
{
	assert_int_equal(machine_load_bios(&f->m, &f->err), -EINVAL);
	assert_int_equal(error_status(&f->err), ERROR_STATUS_USAGE);
	if (!strstr(f->err.text, why) || !strstr(f->err.text, f->opts.bios))
		fail_msg("\"%s\" is not about %s", f->err.text, why);
}

static void sizes_that_cannot_be(void **state)
{
	static const unsigned int sizes[] = { 0, 1, 64 * KIB - 1, 65 * KIB, 320 * KIB };

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		file_make(*state, sizes[i]);
		assert_refused(*state, " bytes; firmware is a multiple of 64K, and 256K at most");
	}
}

static void no_file(void **state)
{
	struct fixture *f = *state;

	f->opts.bios = "/nonexistent/bios";
	assert_refused(f, "can't be opened: No such file");
	f->opts.bios = "/tmp";
	assert_refused(f, "not a file");
}

static char letter(struct fixture *f, hwaddr addr)
{
	return address_space_ldub(&f->m.as_memory, addr, NULL);
}

/* All of it up to 4 GiB; below 1 MiB RAM is over it, until a bridge shows the bus there. */
static void a_rom_of_256k(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;

	file_make(f, 256 * KIB);
	assert_ok(machine_load_bios(&f->m, &f->err));
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(letter(f, 0xfffc0000 + 64 * KIB * i), 'a' + i);
		assert_int_equal(letter(f, 0xfffcffff + 64 * KIB * i), 'a' + i);
	}
	assert_int_equal(address_space_stb(&f->m.as_memory, 0xfffffff0, 'x'), MEMTX_ERROR);
	assert_int_equal(letter(f, 0xfffffff0), 'd');
	assert_int_equal(letter(f, 0xe0000), 0);
	assert_ok(memory_region_set_enabled(&f->m.ram_low, false));
	assert_int_equal(letter(f, 0xe0000), 'c');
	assert_int_equal(letter(f, 0xfffff), 'd');
	assert_int_equal(address_space_stb(&f->m.as_memory, 0xe0000, 'x'), MEMTX_ERROR);
	assert_false(memory_region_find(&f->m.system, 0xc0000, 0x20000, &sec));
}

static void a_rom_of_64k(void **state)
{
	struct fixture *f = *state;
	struct memory_region_section sec;

	file_make(f, 64 * KIB);
	assert_ok(machine_load_bios(&f->m, &f->err));
	assert_int_equal(letter(f, 0xffff0000), 'a');
	assert_false(memory_region_find(&f->m.system, 0xfffe0000, 0x10000, &sec));
	assert_ok(memory_region_set_enabled(&f->m.ram_low, false));
	assert_int_equal(letter(f, 0xf0000), 'a');
	assert_false(memory_region_find(&f->m.system, 0xe0000, 0x10000, &sec));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sizes_that_cannot_be),
		CASE(no_file),
		CASE(a_rom_of_256k),
		CASE(a_rom_of_64k),
	};

	return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
