// SPDX-License-Identifier: GPL-2.0-only
/* What a boot loader does: places everything in RAM, and describes it in the zero page. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/bzimage.h"
#include "layout.h"

/* Guest-physical addresses of what the loader itself needs; all below the 640 KiB of low memory. */
#define BOOT_GDT		0x00001000
#define BOOT_PARAMS		0x00002000
#define BOOT_PML4		0x00003000
#define BOOT_PDPT		0x00004000
#define BOOT_PD			0x00005000	/* BOOT_PD_PAGES of them */
#define BOOT_PD_PAGES		4		/* 1 GiB each */
#define BOOT_CMDLINE		0x00010000
#define BOOT_CMDLINE_MAX	0x00010000	/* bytes, with the zero at the end */
#define BOOT_LOW_END		0x0009fc00
#define BOOT_HIGH		0x00100000

#define BOOT_ENTRY_64		0x200		/* from the start of the code */
#define BOOT_LOADER_UNKNOWN	0xff
#define BOOT_PAGE		4096ull
#define BOOT_LARGE_PAGE		0x200000ull

#define PTE_PRESENT		0x01
#define PTE_WRITE		0x02
#define PTE_LARGE		0x80

#define E820_USABLE		1
#define E820_RESERVED		2

struct boot {
	const struct boot_config *config;
	struct bzimage image;
	struct boot_params *params;	/* in guest RAM */
	uint64_t kernel;		/* guest-physical */
	uint64_t kernel_end;
};

/* The loader's only way from a guest-physical address to a host's; NULL if it isn't all low RAM. */
static void *boot_ram(const struct boot *b, uint64_t gpa, uint64_t len)
{
	if (gpa > b->config->ram_low || len > b->config->ram_low - gpa)
		return NULL;
	return b->config->ram + gpa;
}

static int boot_too_small(const struct boot *b, const char *what, uint64_t need, struct error *err)
{
	return error_arg(err, -EINVAL,
			 "-m %" PRIu64 "M: too little for %s, which need %" PRIu64
			 " MiB: give more", (b->config->ram_low + b->config->ram_high) >> 20, what,
			 (need >> 20) + 1);
}

static int boot_load_kernel(struct boot *b, struct error *err)
{
	const struct setup_header *h = &b->image.header;
	uint64_t size = h->init_size;
	void *to;

	if (size < b->image.code_size)
		size = b->image.code_size;
	b->kernel = h->pref_address;
	b->kernel_end = b->kernel + size;
	if (b->kernel < BOOT_HIGH || b->kernel > LAYOUT_LOW_RAM_END ||
	    size > LAYOUT_LOW_RAM_END - b->kernel)
		return error_arg(err, -EINVAL,
				 "-kernel %s: wants to be at %#" PRIx64 " with %#" PRIx64
				 " bytes: no machine has RAM for that there",
				 b->config->kernel, b->kernel, size);
	to = boot_ram(b, b->kernel, size);
	if (!to)
		return boot_too_small(b, "kernel and its work space", b->kernel_end, err);
	return bzimage_read(&b->image, to, err);
}

static void boot_init_params(struct boot *b)
{
	b->params->hdr = b->image.header;
	b->params->hdr.type_of_loader = BOOT_LOADER_UNKNOWN;
	b->params->hdr.cmd_line_ptr = BOOT_CMDLINE;
	b->params->acpi_rsdp_addr = LAYOUT_ROM;
}

/* Where an initrd of @size begins that ends before @end; 0: not behind the kernel. */
static uint64_t boot_initrd_start(const struct boot *b, uint64_t end, uint64_t size)
{
	uint64_t start = size < end ? (end - size) & ~(BOOT_PAGE - 1) : 0;

	return start < b->kernel_end ? 0 : start;
}

/* As high as the kernel allows, out of its way. */
static int boot_place_initrd(struct boot *b, int fd, uint64_t size, struct error *err)
{
	uint64_t limit = (uint64_t)b->image.header.initrd_addr_max + 1;
	uint64_t start;
	int ret;

	if (limit > LAYOUT_LOW_RAM_END)
		limit = LAYOUT_LOW_RAM_END;
	if (!boot_initrd_start(b, limit, size))
		return error_arg(err, -EINVAL,
				 "-initrd %s: has %" PRIu64 " MiB, more than this kernel and "
				 "machine take with any -m: make it smaller", b->config->initrd,
				 size >> 20);
	start = boot_initrd_start(b, limit < b->config->ram_low ? limit : b->config->ram_low, size);
	if (!start)
		return boot_too_small(b, "kernel and initrd", b->kernel_end + size + BOOT_PAGE,
				      err);
	ret = file_read(fd, b->config->ram + start, size, 0);
	if (ret)
		return error_arg(err, ret, "-initrd %s: can't be read: %s", b->config->initrd,
				 strerror(-ret));
	b->params->hdr.ramdisk_image = start;
	b->params->hdr.ramdisk_size = size;
	return 0;
}

static int boot_load_initrd(struct boot *b, struct error *err)
{
	const char *path = b->config->initrd;
	struct stat st;
	int ret, fd;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_arg(err, -EINVAL, "-initrd %s: can't be opened: %s", path,
				 strerror(errno));
	if (fstat(fd, &st) < 0)
		ret = error_arg(err, -errno, "-initrd %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = error_arg(err, -EINVAL, "-initrd %s: not a file", path);
	else
		ret = boot_place_initrd(b, fd, st.st_size, err);
	close(fd);
	return ret;
}

static int boot_put_cmdline(struct boot *b, struct error *err)
{
	const char *text = b->config->append ? b->config->append : "";
	size_t len = strlen(text);
	size_t max = b->image.header.cmdline_size;

	if (max > BOOT_CMDLINE_MAX - 1)
		max = BOOT_CMDLINE_MAX - 1;
	if (len > max)
		return error_arg(err, -EINVAL, "-append: the command line has %zu bytes, this "
				 "kernel takes %zu at most", len, max);
	memcpy(b->config->ram + BOOT_CMDLINE, text, len + 1);
	return 0;
}

static void boot_add_e820(struct boot *b, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end)
		b->params->e820_table[b->params->e820_entries++] = (struct boot_e820_entry){
			.addr = start,
			.size = end - start,
			.type = type,
		};
}

static void boot_put_e820(struct boot *b)
{
	boot_add_e820(b, 0, BOOT_LOW_END, E820_USABLE);
	boot_add_e820(b, LAYOUT_ROM, LAYOUT_ROM + LAYOUT_ROM_SIZE, E820_RESERVED);
	boot_add_e820(b, BOOT_HIGH, b->config->ram_low, E820_USABLE);
	boot_add_e820(b, LAYOUT_ECAM, LAYOUT_ECAM + (uint64_t)LAYOUT_ECAM_SIZE, E820_RESERVED);
	boot_add_e820(b, LAYOUT_KVM_IDENTITY, LAYOUT_KVM_IDENTITY + (uint64_t)LAYOUT_KVM_SIZE,
		      E820_RESERVED);
	boot_add_e820(b, LAYOUT_HIGH_RAM, LAYOUT_HIGH_RAM + b->config->ram_high, E820_USABLE);
}

/* The first 4 GiB, one to one, in large pages. */
static void boot_put_page_tables(struct boot *b)
{
	uint64_t *pml4 = (uint64_t *)(b->config->ram + BOOT_PML4);
	uint64_t *pdpt = (uint64_t *)(b->config->ram + BOOT_PDPT);
	uint64_t *pd = (uint64_t *)(b->config->ram + BOOT_PD);

	pml4[0] = BOOT_PDPT | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < BOOT_PD_PAGES; i++)
		pdpt[i] = (BOOT_PD + i * BOOT_PAGE) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < BOOT_PD_PAGES * 512; i++)
		pd[i] = i * BOOT_LARGE_PAGE | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

static void boot_put_gdt(struct boot *b)
{
	uint64_t *gdt = (uint64_t *)(b->config->ram + BOOT_GDT);

	gdt[VCPU_SELECTOR_CODE / 8] = VCPU_GDT_CODE;
	gdt[VCPU_SELECTOR_DATA / 8] = VCPU_GDT_DATA;
}

static int boot_load_image(struct boot *b, struct error *err)
{
	int ret = boot_load_kernel(b, err);

	if (ret)
		return ret;
	boot_init_params(b);
	ret = boot_load_initrd(b, err);
	if (!ret)
		ret = boot_put_cmdline(b, err);
	if (ret)
		return ret;
	boot_put_e820(b);
	boot_put_page_tables(b);
	boot_put_gdt(b);
	return 0;
}

int boot_load(const struct boot_config *config, struct vcpu_entry *entry, struct error *err)
{
	struct boot b = { .config = config };
	int ret;

	if (config->ram_low < BOOT_HIGH)
		return boot_too_small(&b, "a kernel and its loader", BOOT_HIGH, err);
	b.params = (struct boot_params *)(config->ram + BOOT_PARAMS);
	ret = bzimage_open(&b.image, config->kernel, err);
	if (ret)
		return ret;
	ret = boot_load_image(&b, err);
	bzimage_close(&b.image);
	if (ret)
		return ret;
	*entry = (struct vcpu_entry){
		.rip = b.kernel + BOOT_ENTRY_64,
		.rsi = BOOT_PARAMS,
		.cr3 = BOOT_PML4,
		.gdt = BOOT_GDT,
	};
	return 0;
}
