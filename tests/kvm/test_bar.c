// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ivshmem device as a guest programs it, through the ports and through ECAM: its identity, the
 * size of BAR2, where the memory is while it decodes, and that two machines share it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../ktap.h"
#include "guest.h"
#include "hostmem/hostmem.h"
#include "hw/ivshmem.h"
#include "ivshmem_regs.h"
#include "layout.h"
#include "options.h"
#include "pci/pci.h"

#define SIZE		0x200000ull
#define HERE		0xd0000000ull
#define THERE		0xd8000000ull
#define BAR2		(PCI_BASE_ADDRESS_0 + 4 * IVSHMEM_BAR_MEM)

/* A guest with one ivshmem device on a file of SIZE bytes. */
struct board {
	struct guest g;
	struct memory_region pci;
	struct pci_bus *bus;
	struct hostmem hostmem;
	struct options opts;
	char object[128];
};

static int board_devices(struct board *b, int fd, struct error *err)
{
	char name[] = "ivmm", object[] = "-object", device[] = "-device";
	char plain[] = "ivshmem-plain,memdev=m0", kernel[] = "-kernel";
	char *argv[] = { name, kernel, name, object, b->object, device, plain };
	int ret;

	snprintf(b->object, sizeof(b->object),
		 "memory-backend-file,id=m0,size=2M,share=on,mem-path=/proc/self/fd/%d", fd);
	ret = memory_region_init(&b->pci, b->g.mem, NULL, "pci", MEMORY_SIZE_ALL);
	ret = ret ? ret : memory_region_add_subregion_overlap(&b->g.root, 0, &b->pci, -1);
	ret = ret ? ret : pci_bus_create(&b->bus, b->g.mem, &b->pci, &b->g.io, err);
	ret = ret ? ret : options_parse(&b->opts, 7, argv, err);
	hostmem_init(&b->hostmem, b->g.mem);
	ret = ret ? ret : hostmem_add(&b->hostmem, &b->opts.objects[0], err);
	if (ret)
		return ret;
	return ivshmem_create(&(struct ivshmem_host){ .bus = b->bus, .mem = b->g.mem,
						      .hostmem = &b->hostmem },
			      &b->opts.devices[0], err);
}

static int board_create(struct board *b, int fd)
{
	struct error err = { .text = "out of memory" };
	int ret;

	memset(b, 0, sizeof(*b));
	ret = guest_create(&b->g);
	if (ret)
		return ret;
	ret = board_devices(b, fd, &err);
	if (ret)
		printf("# no board: %s\n", err.text);
	return ret;
}

static void board_destroy(struct board *b)
{
	if (b->g.vcpus)
		vcpus_pause(b->g.vcpus);
	if (b->bus)
		pci_bus_destroy(b->bus);
	hostmem_fini(&b->hostmem);
	options_fini(&b->opts);
	if (b->pci.mem)
		memory_region_del_subregion(&b->g.root, &b->pci);
	memory_region_fini(&b->pci);
	guest_destroy(&b->g);
}

/* Config space of device @dev as a guest gets to it: by ports, or by ECAM. */
struct config {
	struct guest *g;
	bool ecam;
	unsigned int dev;
};

static uint64_t ecam_of(const struct config *c, unsigned int reg)
{
	return LAYOUT_ECAM + (c->dev << 15) + reg;
}

static uint32_t config_load(const struct config *c, unsigned int reg)
{
	if (c->ecam)
		return guest_load(c->g, ecam_of(c, reg), 4);
	guest_out(c->g, LAYOUT_PCI_ADDRESS, 0x80000000 | c->dev << 11 | reg, 4);
	return guest_in(c->g, LAYOUT_PCI_DATA, 4);
}

static void config_store(const struct config *c, unsigned int reg, uint32_t value)
{
	if (c->ecam) {
		guest_store(c->g, ecam_of(c, reg), value, 4);
		return;
	}
	guest_out(c->g, LAYOUT_PCI_ADDRESS, 0x80000000 | c->dev << 11 | reg, 4);
	guest_out(c->g, LAYOUT_PCI_DATA, value, 4);
}

static bool config_find(struct config *c)
{
	for (c->dev = 0; c->dev < 32; c->dev++) {
		if (config_load(c, PCI_VENDOR_ID) ==
		    (IVSHMEM_DEVICE_ID << 16 | IVSHMEM_VENDOR_ID))
			return true;
	}
	return false;
}

static void config_set_bar2(const struct config *c, uint64_t addr)
{
	config_store(c, BAR2, (uint32_t)addr);
	config_store(c, BAR2 + 4, addr >> 32);
}

static void config_decode(const struct config *c, bool on)
{
	config_store(c, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0);
}

static int identity_and_size(struct config *c)
{
	EXPECT(config_find(c));
	EXPECT(config_load(c, PCI_CLASS_REVISION) == (IVSHMEM_CLASS << 8 | IVSHMEM_REVISION));
	config_set_bar2(c, UINT64_MAX);
	EXPECT(config_load(c, BAR2) == ((uint32_t)~(SIZE - 1) | PCI_BASE_ADDRESS_MEM_TYPE_64 |
					PCI_BASE_ADDRESS_MEM_PREFETCH));
	EXPECT(config_load(c, BAR2 + 4) == UINT32_MAX);
	return 0;
}

static int where_it_decodes(struct config *c, char *shared)
{
	struct guest *g = c->g;

	memcpy(shared, "together", 8);
	config_set_bar2(c, HERE);
	EXPECT(guest_load(g, HERE, 8) == UINT64_MAX);
	config_decode(c, true);
	EXPECT(guest_load(g, HERE, 8) == 0x7265687465676f74);
	guest_store(g, HERE + SIZE - 8, 0x21646e6520656874, 8);
	EXPECT(!memcmp(shared + SIZE - 8, "the end!", 8));
	config_set_bar2(c, THERE);
	EXPECT(guest_load(g, HERE, 8) == UINT64_MAX);
	EXPECT(guest_load(g, THERE, 8) == 0x7265687465676f74);
	config_decode(c, false);
	EXPECT(guest_load(g, THERE, 8) == UINT64_MAX);
	EXPECT(!memcmp(shared, "together", 8));
	return 0;
}

/* One move of the BAR is one slot deleted and set: no other is touched. */
static int a_move_touches_one_slot(struct config *c)
{
	struct guest *g = c->g;
	struct slot_line ram = guest_slot(g, 0);
	unsigned int slots;

	config_set_bar2(c, HERE);
	config_decode(c, true);
	slots = guest_slots(g);
	EXPECT(guest_slot(g, HERE).text[0]);
	config_set_bar2(c, THERE);
	EXPECT(guest_slots(g) == slots);
	EXPECT(!guest_slot(g, HERE).text[0] && guest_slot(g, THERE).text[0]);
	EXPECT(!strcmp(guest_slot(g, 0).text, ram.text));
	config_decode(c, false);
	EXPECT(guest_slots(g) == slots - 1);
	return 0;
}

static int shared_file(char **shared)
{
	int fd = memfd_create("shared", MFD_CLOEXEC);

	*shared = MAP_FAILED;
	if (fd >= 0 && !ftruncate(fd, SIZE))
		*shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *shared == MAP_FAILED ? -1 : fd;
}

static int with_board(int (*test)(struct board *b, char *shared))
{
	const char *why = guest_unavailable();
	struct board b;
	char *shared;
	int fd, ret;

	if (why)
		return ktap_skip("%s", why);
	fd = shared_file(&shared);
	EXPECT(fd >= 0 && !board_create(&b, fd));
	ret = test(&b, shared);
	board_destroy(&b);
	munmap(shared, SIZE);
	close(fd);
	return ret;
}

static int by_ports(struct board *b, char *shared)
{
	struct config c = { .g = &b->g };

	EXPECT_PASS(identity_and_size(&c));
	EXPECT_PASS(where_it_decodes(&c, shared));
	return a_move_touches_one_slot(&c);
}

static int by_ecam(struct board *b, char *shared)
{
	struct config c = { .g = &b->g, .ecam = true };

	EXPECT_PASS(identity_and_size(&c));
	EXPECT_PASS(where_it_decodes(&c, shared));
	return a_move_touches_one_slot(&c);
}

static int registers(struct board *b, char *shared)
{
	struct config c = { .g = &b->g, .ecam = true };

	(void)shared;
	EXPECT(config_find(&c));
	config_store(&c, PCI_BASE_ADDRESS_0, HERE);
	config_decode(&c, true);
	guest_store(&b->g, HERE + IVSHMEM_INTR_MASK, 0x12345678, 4);
	EXPECT(guest_load(&b->g, HERE + IVSHMEM_INTR_MASK, 4) == 0x12345678);
	guest_store(&b->g, HERE + IVSHMEM_INTR_STATUS, 5, 4);
	EXPECT(guest_load(&b->g, HERE + IVSHMEM_INTR_STATUS, 4) == 5);
	EXPECT(guest_load(&b->g, HERE + IVSHMEM_INTR_STATUS, 4) == 0);
	EXPECT(guest_load(&b->g, HERE + IVSHMEM_IV_POSITION, 4) == 0);
	EXPECT(guest_load(&b->g, HERE + IVSHMEM_INTR_MASK, 2) == 0);
	EXPECT(guest_load(&b->g, HERE + 0x100, 4) == UINT32_MAX);
	return 0;
}

/* A BAR that a guest puts over its own RAM hides nothing. */
static int over_ram(struct board *b, char *shared)
{
	struct config c = { .g = &b->g, .ecam = true };

	memcpy(shared, "together", 8);
	EXPECT(config_find(&c));
	config_decode(&c, true);
	config_set_bar2(&c, SIZE);
	EXPECT(guest_load(&b->g, SIZE, 8) == 0x7265687465676f74);
	guest_store(&b->g, 0x100000, 0x5a5a, 8);
	config_set_bar2(&c, 0);
	EXPECT(guest_load(&b->g, 0x100000, 8) == 0x5a5a);
	EXPECT(guest_load(&b->g, SIZE, 8) == UINT64_MAX);
	return 0;
}

/* What one stores the other loads, whoever began; and it stays when one of them is gone. */
static int talk(struct board *one, struct board *two)
{
	struct config c = { .g = &one->g }, d = { .g = &two->g, .ecam = true };

	EXPECT(config_find(&c) && config_find(&d));
	config_set_bar2(&c, HERE);
	config_set_bar2(&d, THERE);
	config_decode(&c, true);
	config_decode(&d, true);
	for (uint64_t i = 0; i < 100; i++) {
		guest_store(&one->g, HERE + 8 * i, i + 1, 8);
		EXPECT(guest_load(&two->g, THERE + 8 * i, 8) == i + 1);
		guest_store(&two->g, THERE + 0x1000 + 8 * i, ~i, 8);
		EXPECT(guest_load(&one->g, HERE + 0x1000 + 8 * i, 8) == ~i);
	}
	return 0;
}

static int two_machines(struct board *one, char *shared)
{
	char path[64];
	struct board two;
	int fd, ret;

	EXPECT(sscanf(one->object, "%*[^/]%63s", path) == 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT(fd >= 0 && !board_create(&two, fd));
	ret = talk(one, &two);
	board_destroy(&two);
	close(fd);
	EXPECT_PASS(ret);
	EXPECT(guest_load(&one->g, HERE + 8, 8) == 2);
	EXPECT(((uint64_t *)shared)[99] == 100);
	return 0;
}

/* The BAR goes to and fro while another machine's vCPU loads from the same memory all the time. */
static int moves_beside_a_reader(struct board *one, char *shared)
{
	struct config c = { .g = &one->g };
	struct guest *reader = malloc(sizeof(*reader));
	struct memory_region mr;
	uint64_t loads, odd;
	char path[64];
	int fd;

	EXPECT(sscanf(one->object, "%*[^/]%63s", path) == 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT(fd >= 0 && reader && !guest_create(reader) && config_find(&c));
	EXPECT(!memory_region_init_ram_fd(&mr, reader->mem, NULL, "same", SIZE, fd, 0,
					  RAM_SHARED));
	EXPECT(!memory_region_add_subregion(&reader->root, THERE, &mr));
	memcpy(shared, "together", 8);
	guest_watch(reader, THERE, 0x7265687465676f74);
	config_decode(&c, true);
	for (int i = 0; i < 100; i++) {
		config_set_bar2(&c, i % 2 ? HERE : THERE);
		EXPECT(guest_load(&one->g, i % 2 ? HERE : THERE, 8) == 0x7265687465676f74);
	}
	guest_watch_end(reader, &loads, &odd);
	EXPECT(loads > 100 && odd == 0);
	memory_region_fini(&mr);
	guest_destroy(reader);
	free(reader);
	close(fd);
	return 0;
}

/* A second device, with registers and memory: as much again as the first one needs. */
struct second {
	struct pci_device dev;
	struct memory_region mr;
	struct probe regs;
};

#define SECOND		PCI_DEVFN(9, 0)
#define REGS		0xe0000000ull

static int second_create(struct second *s, struct board *b)
{
	static const struct pci_identity identity = { .vendor = 0x1af4, .device = 0x1110 };
	struct error err;

	EXPECT(!memory_region_init_ram(&s->mr, b->g.mem, NULL, "second", SIZE));
	EXPECT(!probe_init(&s->regs, &b->g, "regs", 0x100, 0x5500));
	pci_device_init(&s->dev, "second", &identity);
	EXPECT(!pci_register_bar(&s->dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &s->regs.mr));
	EXPECT(!pci_register_bar(&s->dev, 2, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mr));
	EXPECT(!pci_device_add(b->bus, &s->dev, SECOND, &err));
	return 0;
}

static void second_destroy(struct second *s)
{
	pci_device_del(&s->dev);
	memory_region_fini(&s->regs.mr);
	memory_region_fini(&s->mr);
}

/* One BAR more than there are memory slots: it is not there, all others are, and work goes on. */
static int too_few_slots(struct board *b, char *shared)
{
	struct config c = { .g = &b->g }, d = { .g = &b->g, .ecam = true, .dev = SECOND >> 3 };
	struct guest *g = &b->g;
	struct second s;

	memcpy(shared, "together", 8);
	EXPECT_PASS(second_create(&s, b));
	EXPECT(config_find(&c) && c.dev != d.dev);
	g->kvm->max_slots = guest_slots(g) + 1;
	config_set_bar2(&c, HERE);
	config_decode(&c, true);
	config_store(&d, PCI_BASE_ADDRESS_0, REGS);
	config_set_bar2(&d, THERE);
	config_decode(&d, true);
	EXPECT(guest_load(g, HERE, 8) == 0x7265687465676f74);
	EXPECT(guest_load(g, REGS + 8, 4) == 0x5508);
	EXPECT(guest_load(g, THERE, 8) == UINT64_MAX && !guest_slot(g, THERE).text[0]);
	config_set_bar2(&c, HERE + SIZE);
	EXPECT(guest_load(g, HERE + SIZE, 8) == 0x7265687465676f74);
	config_decode(&c, false);
	EXPECT(guest_load(g, HERE + SIZE, 8) == UINT64_MAX);
	config_decode(&d, true);
	guest_store(g, THERE, 0x1122334455667788, 8);
	EXPECT(guest_load(g, THERE, 8) == 0x1122334455667788 && guest_slot(g, THERE).text[0]);
	config_decode(&c, true);
	EXPECT(guest_load(g, HERE + SIZE, 8) == UINT64_MAX);
	EXPECT(guest_load(g, THERE, 8) == 0x1122334455667788);
	second_destroy(&s);
	return 0;
}

#define CASE(test) static int run_##test(void) { return with_board(test); }
CASE(by_ports)
CASE(by_ecam)
CASE(registers)
CASE(over_ram)
CASE(two_machines)
CASE(moves_beside_a_reader)
CASE(too_few_slots)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "BAR2 is sized, moved and switched off through the ports", run_by_ports },
		{ "BAR2 is sized, moved and switched off through ECAM", run_by_ecam },
		{ "the registers of BAR0 are there", run_registers },
		{ "a BAR over RAM hides nothing of it", run_over_ram },
		{ "two machines share BAR2", run_two_machines },
		{ "BAR2 moves while another machine reads", run_moves_beside_a_reader },
		{ "a BAR that finds no memory slot is nobody else's trouble", run_too_few_slots },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
