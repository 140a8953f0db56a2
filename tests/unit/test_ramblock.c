// SPDX-License-Identifier: GPL-2.0-only
/* RAM blocks: what they are made of, where they are in the ram_addr_t space, what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define MIB (1ull << 20)

static int setup(void **state)
{
	struct memory *mem;

	assert_ok(memory_create(&mem));
	memory_thread_register();
	*state = mem;
	return 0;
}

static int teardown(void **state)
{
	memory_thread_unregister();
	memory_destroy(*state);
	return 0;
}

static int file_of(uint64_t size)
{
	int fd = memfd_create("ramblock", 0);

	assert_true(fd >= 0);
	assert_ok(ftruncate(fd, size));
	return fd;
}

static void anonymous_memory_is_zero_and_aligned(void **state)
{
	struct memory_region mr;
	uint8_t *p;

	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", 3 * MIB + 5));
	assert_true(memory_region_is_ram(&mr));
	p = memory_region_get_ram_ptr(&mr);
	assert_int_equal((uintptr_t)p % (2 * MIB), 0);
	assert_int_equal(p[0] | p[3 * MIB + 4], 0);
	p[3 * MIB + 4] = 1;
	memory_region_fini(&mr);
	memory_region_fini(&mr);
}

static void a_file_is_shared_from_an_offset(void **state)
{
	int fd = file_of(4 * MIB);
	struct memory_region mr;
	char *p, got[4];

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", 2 * MIB, fd, MIB,
					    RAM_SHARED));
	p = memory_region_get_ram_ptr(&mr);
	/* huge pages need the same alignment in memory as in the file */
	assert_int_equal((uintptr_t)p % (2 * MIB), MIB);
	assert_int_equal(pwrite(fd, "here", 4, MIB), 4);
	assert_memory_equal(p, "here", 4);
	memcpy(p + 2 * MIB - 4, "back", 4);
	assert_int_equal(pread(fd, got, 4, 3 * MIB - 4), 4);
	assert_memory_equal(got, "back", 4);
	memory_region_fini(&mr);
	close(fd);
}

static void a_private_file_keeps_writes_to_itself(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr;
	char got = 1;

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, fd, 0, 0));
	*(char *)memory_region_get_ram_ptr(&mr) = 'x';
	assert_int_equal(pread(fd, &got, 1, 0), 1);
	assert_int_equal(got, 0);
	memory_region_fini(&mr);
	close(fd);
}

/* As that of a region that one may only read: the kernel refuses to map it writable. */
static void a_file_that_may_only_be_read(void **state)
{
	int fd = file_of(MIB), ro;
	struct memory_region mr;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	assert_true(ro >= 0);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, ro, 0,
						   RAM_SHARED), -EACCES);
	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, ro, 0,
					    RAM_SHARED | RAM_READONLY));
	memory_region_fini(&mr);
	close(ro);
	close(fd);
}

/* Whatever is set on the region: a mapping that can't be written is never written. */
static void a_readonly_file_is_never_written(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr;
	struct address_space as;
	uint32_t v = 7;

	assert_ok(memory_region_init_ram_fd(&mr, *state, NULL, "file", MIB, fd, 0,
					    RAM_SHARED | RAM_READONLY));
	assert_ok(address_space_init(&as, *state, &mr, "memory"));
	assert_ok(memory_region_set_readonly(&mr, false));
	assert_int_equal(address_space_write(&as, 0, &v, 4), MEMTX_ERROR);
	assert_int_equal(address_space_write_rom(&as, 0, &v, 4), MEMTX_ERROR);
	assert_int_equal(address_space_read(&as, 0, &v, 4), MEMTX_OK);
	assert_int_equal(v, 0);
	address_space_fini(&as);
	memory_region_fini(&mr);
	close(fd);
}

static void a_pointer_stays_the_callers(void **state)
{
	static char mine[100];
	struct memory_region mr;

	assert_ok(memory_region_init_ram_ptr(&mr, *state, NULL, "mine", 100, mine));
	assert_ptr_equal(memory_region_get_ram_ptr(&mr), mine);
	memory_region_fini(&mr);
	mine[99] = 1;
}

static void what_cannot_be_is_refused(void **state)
{
	int fd = file_of(MIB);
	struct memory_region mr = { 0 };

	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", 0), -EINVAL);
	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", MEMORY_SIZE_ALL),
			 -EINVAL);
	assert_int_equal(memory_region_init_ram(&mr, *state, NULL, "ram", 1ull << 60), -ENOMEM);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, 1, 0), -EINVAL);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, -4096, 0),
			 -EINVAL);
	close(fd);
	assert_int_equal(memory_region_init_ram_fd(&mr, *state, NULL, "x", MIB, fd, 0, 0), -EBADF);
	assert_ok(memory_region_init_ram(&mr, *state, NULL, "ram", MIB));
	assert_int_equal(memory_region_set_size(&mr, 2 * MIB), -EINVAL);
	memory_region_fini(&mr);
}

/* The column of `info ramblock` that says where the block @name is. */
static uint64_t offset_of(struct memory *mem, const char *name)
{
	char *text = NULL, *line;
	unsigned long long offset = UINT64_MAX, page;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ramblock_info(mem, out, 0);
	fclose(out);
	line = strstr(text, name);
	assert_non_null(line);
	assert_int_equal(sscanf(line + strlen(name), " %llu KiB %llx", &page, &offset), 2);
	assert_int_equal(page, 4);
	free(text);
	return offset;
}

static void the_smallest_gap_that_fits_is_taken(void **state)
{
	static const unsigned int sizes[] = { 8, 2, 6, 2, 8, 2 };
	struct memory_region mr[6], more;
	char name[24];

	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "block%d", i);
		assert_ok(memory_region_init_ram(&mr[i], *state, NULL, name, sizes[i] * MIB));
	}
	assert_int_equal(offset_of(*state, "block5"), 26 * MIB);
	memory_region_fini(&mr[0]);
	memory_region_fini(&mr[2]);
	memory_region_fini(&mr[4]);
	/* gaps of 8, 6 and 8 MiB at 0, 10 and 18 */
	assert_ok(memory_region_init_ram(&mr[0], *state, NULL, "fits6", 5 * MIB));
	assert_ok(memory_region_init_ram(&mr[2], *state, NULL, "first8", 8 * MIB));
	assert_ok(memory_region_init_ram(&mr[4], *state, NULL, "last8", 7 * MIB));
	assert_ok(memory_region_init_ram(&more, *state, NULL, "behind", 3 * MIB));
	assert_int_equal(offset_of(*state, "fits6"), 10 * MIB);
	assert_int_equal(offset_of(*state, "first8"), 0);
	assert_int_equal(offset_of(*state, "last8"), 18 * MIB);
	assert_int_equal(offset_of(*state, "behind"), 28 * MIB);
	memory_region_fini(&more);
	for (int i = 0; i < 6; i++)
		memory_region_fini(&mr[i]);
}

static void json_has_every_block(void **state)
{
	struct memory_region a, b;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_ok(memory_region_init_ram(&a, *state, NULL, "a\"b", MIB));
	assert_ok(memory_region_init_ram(&b, *state, NULL, "c", MIB));
	ramblock_info(*state, out, MTREE_JSON);
	fclose(out);
	assert_string_equal(text, "[{\"name\": \"a\\\"b\", \"page_size\": 4096, \"offset\": 0, "
			    "\"size\": 1048576, \"shared\": false, \"readonly\": false}, "
			    "{\"name\": \"c\", \"page_size\": 4096, \"offset\": 2097152, "
			    "\"size\": 1048576, \"shared\": false, \"readonly\": false}]\n");
	free(text);
	memory_region_fini(&a);
	memory_region_fini(&b);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(anonymous_memory_is_zero_and_aligned),
		CASE(a_file_is_shared_from_an_offset),
		CASE(a_private_file_keeps_writes_to_itself),
		CASE(a_file_that_may_only_be_read),
		CASE(a_readonly_file_is_never_written),
		CASE(a_pointer_stays_the_callers),
		CASE(what_cannot_be_is_refused),
		CASE(the_smallest_gap_that_fits_is_taken),
		CASE(json_has_every_block),
	};

	return cmocka_run_group_tests_name("ramblock", tests, NULL, NULL);
}
