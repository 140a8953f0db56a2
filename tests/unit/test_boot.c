// SPDX-License-Identifier: GPL-2.0-only
/* What a boot loader takes and refuses, the map of memory it hands over, and the ACPI tables. */
#include <asm/bootparam.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "boot/boot.h"
#include "layout.h"
#include "unit.h"

#define MIB		0x100000ull
#define GIB		(1024 * MIB)
#define PARAMS		0x2000		/* where the zero page is */
#define KERNEL		(16 * MIB)
#define CODE_OFFSET	1024		/* one sector of setup behind the boot sector */
#define CODE_SIZE	4096
#define FILE_SIZE	(CODE_OFFSET + CODE_SIZE)
#define CODE_BYTE	0x90

/* Files that last as long as a test, and a machine that boots from them. */
struct bench {
	uint8_t image[FILE_SIZE];
	struct setup_header *header;	/* in the image */
	size_t file_size;		/* how much of the image is written */
	uint64_t initrd_size;
	char kernel[32], initrd[32];	/* paths */
	struct boot_config config;
	struct vcpu_entry entry;
	struct error err;
};

/* A file of @size bytes that begins with @len bytes from @data; nothing else is stored of it. */
static void file_make(char *path, const void *data, size_t len, uint64_t size)
{
	int fd;

	strcpy(path, "/tmp/test_boot.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_ok(ftruncate(fd, size));
	close(fd);
}

/* A kernel that is all right; a test then breaks one thing. */
static void bench_init(struct bench *b, uint64_t ram)
{
	memset(b, 0, sizeof(*b));
	memset(b->image + CODE_OFFSET, CODE_BYTE, CODE_SIZE);
	b->header = (struct setup_header *)(b->image + 0x1f1);
	*b->header = (struct setup_header){
		.setup_sects = CODE_OFFSET / 512 - 1,
		.syssize = CODE_SIZE / 16,
		.boot_flag = 0xaa55,
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.xloadflags = XLF_KERNEL_64,
		.initrd_addr_max = 0x7fffffff,
		.cmdline_size = 64,
		.pref_address = KERNEL,
		.init_size = MIB,
	};
	b->file_size = FILE_SIZE;
	b->config.ram_low = ram < LAYOUT_LOW_RAM_END ? ram : LAYOUT_LOW_RAM_END;
	b->config.ram_high = ram - b->config.ram_low;
}

/* What is not touched costs nothing. */
static int bench_load(struct bench *b)
{
	int ret;

	file_make(b->kernel, b->image, b->file_size, b->file_size);
	b->config.kernel = b->kernel;
	if (b->initrd_size) {
		file_make(b->initrd, "initrd", 6, b->initrd_size);
		b->config.initrd = b->initrd;
	}
	b->config.ram = mmap(NULL, b->config.ram_low, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(b->config.ram != MAP_FAILED);
	ret = boot_load(&b->config, &b->entry, &b->err);
	unlink(b->kernel);
	if (b->initrd_size)
		unlink(b->initrd);
	return ret;
}

static void bench_fini(struct bench *b)
{
	munmap(b->config.ram, b->config.ram_low);
}

static void bench_refuses(struct bench *b, const char *says)
{
	if (!bench_load(b) || error_status(&b->err) != ERROR_STATUS_USAGE ||
	    !strstr(b->err.text, says))
		fail_msg("\"%s\" (status %d), expected \"%s\" and 2", b->err.text,
			 error_status(&b->err), says);
	bench_fini(b);
}

static void a_kernel_is_loaded(void **state)
{
	struct boot_params *params;
	struct bench b;

	(void)state;
	bench_init(&b, 128 * MIB);
	b.config.append = "console=ttyS0";
	b.initrd_size = 5000;
	assert_ok(bench_load(&b));
	params = (struct boot_params *)(b.config.ram + PARAMS);
	assert_int_equal(b.entry.rip, KERNEL + 0x200);
	assert_int_equal(b.entry.rsi, PARAMS);
	assert_int_equal(b.config.ram[KERNEL], CODE_BYTE);
	assert_int_equal(b.config.ram[KERNEL + CODE_SIZE - 1], CODE_BYTE);
	assert_int_equal(b.config.ram[KERNEL + CODE_SIZE], 0);
	assert_string_equal((char *)b.config.ram + params->hdr.cmd_line_ptr, "console=ttyS0");
	assert_int_equal(params->hdr.ramdisk_size, 5000);
	assert_int_equal(params->hdr.ramdisk_image, 128 * MIB - 8192);
	assert_memory_equal(b.config.ram + params->hdr.ramdisk_image, "initrd", 7);
	assert_int_equal(params->acpi_rsdp_addr, LAYOUT_ROM);
	bench_fini(&b);
}

static void what_is_no_kernel_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 128 * MIB);
	b.header->header++;
	bench_refuses(&b, "no bzImage");
	bench_init(&b, 128 * MIB);
	b.header->boot_flag = 0;
	bench_refuses(&b, "no bzImage");
	bench_init(&b, 128 * MIB);
	b.file_size = 0;
	bench_refuses(&b, "no bzImage");
	bench_init(&b, 128 * MIB);
	b.header->version = 0x020b;
	bench_refuses(&b, "speaks boot protocol 2.11");
	bench_init(&b, 128 * MIB);
	b.header->xloadflags = 0;
	bench_refuses(&b, "no 64-bit entry");
	bench_init(&b, 128 * MIB);
	b.header->loadflags = 0;
	bench_refuses(&b, "no 64-bit entry");
}

static void a_truncated_kernel_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 128 * MIB);
	b.file_size = FILE_SIZE - 16;
	bench_refuses(&b, "is truncated: its header tells of 5120 bytes, it has 5104");
	bench_init(&b, 128 * MIB);
	b.file_size = CODE_OFFSET - 1;
	bench_refuses(&b, "is truncated");
	bench_init(&b, 128 * MIB);
	b.header->setup_sects = 0;	/* means 4 */
	bench_refuses(&b, "is truncated");
	bench_init(&b, 128 * MIB);
	b.file_size = FILE_SIZE - 15;	/* the last paragraph need not be full */
	assert_ok(bench_load(&b));
	bench_fini(&b);
}

static void a_kernel_has_its_place(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 17 * MIB);
	assert_ok(bench_load(&b));
	bench_fini(&b);
	bench_init(&b, 17 * MIB);
	b.header->init_size += 4096;
	bench_refuses(&b, "-m 17M: too little for kernel and its work space, which need 18 MiB");
	bench_init(&b, 128 * MIB);
	b.header->pref_address = MIB - 4096;
	bench_refuses(&b, "wants to be at 0xff000");
	bench_init(&b, 128 * MIB);
	b.header->pref_address = UINT64_MAX - 4095;
	bench_refuses(&b, "wants to be at 0xfffffffffffff000");
	bench_init(&b, 5 * GIB);
	b.header->init_size = 0xfffff000;
	bench_refuses(&b, "no machine has RAM");
}

static void a_command_line_has_its_length(void **state)
{
	char text[0x10001];
	struct bench b;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	bench_init(&b, 128 * MIB);
	b.config.append = text;
	assert_ok(bench_load(&b));
	bench_fini(&b);
	bench_init(&b, 128 * MIB);
	b.config.append = text;
	b.header->cmdline_size = 63;
	bench_refuses(&b, "has 64 bytes, this kernel takes 63");
	bench_init(&b, 128 * MIB);
	b.config.append = text;
	text[64] = 'x';
	text[0x10000] = '\0';
	b.header->cmdline_size = UINT32_MAX;
	bench_refuses(&b, "has 65536 bytes, this kernel takes 65535");
}

/* Each limit by itself: the RAM there is, what the kernel takes, and where low RAM ends at most. */
static void an_initrd_has_its_place(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 128 * MIB);
	b.initrd_size = 111 * MIB;
	assert_ok(bench_load(&b));
	bench_fini(&b);
	bench_init(&b, 128 * MIB);
	b.initrd_size = 111 * MIB + 1;
	bench_refuses(&b, "-m 128M: too little for kernel and initrd, which need 129 MiB");
	bench_init(&b, 4 * GIB);
	b.header->initrd_addr_max = 64 * MIB - 1;
	b.initrd_size = 47 * MIB + 1;
	bench_refuses(&b, "has 47 MiB, more than this kernel and machine take with any -m");
	bench_init(&b, 4 * GIB);
	b.header->initrd_addr_max = UINT32_MAX;
	b.initrd_size = 3056 * MIB;
	bench_refuses(&b, "has 3056 MiB, more than");
	bench_init(&b, 128 * MIB);
	b.header->initrd_addr_max = 64 * MIB - 1;
	b.initrd_size = 47 * MIB;
	assert_ok(bench_load(&b));
	assert_int_equal(((struct boot_params *)(b.config.ram + PARAMS))->hdr.ramdisk_image,
			 17 * MIB);
	bench_fini(&b);
}

static void files_that_are_none_are_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 128 * MIB);
	b.config.initrd = "/nonexistent";
	bench_refuses(&b, "-initrd /nonexistent: can't be opened: No such file");
	bench_init(&b, 128 * MIB);
	b.config.initrd = "/tmp";
	bench_refuses(&b, "-initrd /tmp: not a file");
}

struct range {
	uint64_t start, end;
	uint32_t type;
};

static void assert_e820(uint64_t ram, const struct range *ranges, unsigned int nr)
{
	struct boot_params *params;
	struct bench b;

	bench_init(&b, ram);
	assert_ok(bench_load(&b));
	params = (struct boot_params *)(b.config.ram + PARAMS);
	assert_int_equal(params->e820_entries, nr);
	for (unsigned int i = 0; i < nr; i++) {
		struct boot_e820_entry *e = &params->e820_table[i];

		assert_int_equal(e->addr, ranges[i].start);
		assert_int_equal(e->addr + e->size, ranges[i].end);
		assert_int_equal(e->type, ranges[i].type);
	}
	bench_fini(&b);
}

static void the_map_of_memory(void **state)
{
	static const struct range small[] = {
		{ 0, 0x9fc00, 1 }, { 0xe0000, 0x100000, 2 }, { 0x100000, 0x8000000, 1 },
		{ 0xfeb00000, 0xfec00000, 2 }, { 0xfffbc000, 0xfffc0000, 2 },
	};
	static const struct range large[] = {
		{ 0, 0x9fc00, 1 }, { 0xe0000, 0x100000, 2 }, { 0x100000, 0xc0000000, 1 },
		{ 0xfeb00000, 0xfec00000, 2 }, { 0xfffbc000, 0xfffc0000, 2 },
		{ 0x100000000, 0x180000000, 1 },
	};

	(void)state;
	assert_e820(128 * MIB, small, 5);
	assert_e820(5 * GIB, large, 6);
}

/* ACPI, read as a guest does: from the root pointer on. */

static uint8_t sum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint8_t total = 0;

	while (len--)
		total += *byte++;
	return total;
}

static uint64_t field(const uint8_t *table, unsigned int offset, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, table + offset, size);
	return value;
}

/* The table at a guest-physical address: in the ROM, of the signature, its sum zero. */
static const uint8_t *table_at(const uint8_t *rom, uint64_t address, const char *signature)
{
	const uint8_t *table = rom + (address - LAYOUT_ROM);
	uint64_t length;

	assert_in_range(address, LAYOUT_ROM, LAYOUT_RESET_VECTOR - 36);
	assert_memory_equal(table, signature, 4);
	length = field(table, 4, 4);
	assert_in_range(length, 36, LAYOUT_RESET_VECTOR - address);
	assert_int_equal(sum(table, length), 0);
	return table;
}

static void root_check(const uint8_t *rom)
{
	assert_memory_equal(rom, "RSD PTR ", 8);
	assert_int_equal(sum(rom, 20), 0);
	assert_int_equal(field(rom, 20, 4), 36);
	assert_int_equal(sum(rom, 36), 0);
	assert_int_equal(rom[15], 2);
}

/* Processors by their local APIC: each there is has its own id, and so many are enabled. */
static void madt_check(const uint8_t *madt, unsigned int nr_cpus)
{
	unsigned int seen = 0, enabled = 0, ioapics = 0;

	for (const uint8_t *e = madt + 44; e < madt + field(madt, 4, 4); e += e[1]) {
		assert_true(e[1] >= 2);
		ioapics += e[0] == 1 && field(e, 4, 4) == LAYOUT_IOAPIC;
		if (e[0] != 0)
			continue;
		assert_int_equal(e[3], seen);
		assert_int_equal(e[4] & 1, seen < nr_cpus);
		enabled += e[4] & 1;
		seen++;
	}
	assert_int_equal(enabled, nr_cpus);
	assert_int_equal(ioapics, 1);
	assert_int_equal(field(madt, 36, 4), LAYOUT_LAPIC);
}

static void tables_check(unsigned int nr_cpus)
{
	uint8_t *rom = calloc(1, LAYOUT_ROM_SIZE);
	const uint8_t *xsdt, *fadt, *mcfg;

	assert_non_null(rom);
	acpi_build(rom, nr_cpus);
	root_check(rom);
	xsdt = table_at(rom, field(rom, 24, 8), "XSDT");
	assert_int_equal(field(xsdt, 4, 4), 36 + 3 * 8);
	fadt = table_at(rom, field(xsdt, 36, 8), "FACP");
	table_at(rom, field(fadt, 140, 8), "DSDT");
	madt_check(table_at(rom, field(xsdt, 44, 8), "APIC"), nr_cpus);
	mcfg = table_at(rom, field(xsdt, 52, 8), "MCFG");
	assert_int_equal(field(mcfg, 44, 8), LAYOUT_ECAM);
	for (unsigned int i = 0; i < LAYOUT_RESET_VECTOR_SIZE; i++)
		assert_int_equal(rom[LAYOUT_RESET_VECTOR - LAYOUT_ROM + i], 0);
	free(rom);
}

static void the_tables_of_acpi(void **state)
{
	(void)state;
	tables_check(1);
	tables_check(LAYOUT_CPUS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_is_loaded),
		cmocka_unit_test(what_is_no_kernel_is_refused),
		cmocka_unit_test(a_truncated_kernel_is_refused),
		cmocka_unit_test(a_kernel_has_its_place),
		cmocka_unit_test(a_command_line_has_its_length),
		cmocka_unit_test(an_initrd_has_its_place),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(the_map_of_memory),
		cmocka_unit_test(the_tables_of_acpi),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
