// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that pokes at all there is, with every width and everywhere a BAR can be put. It may harm
 * itself: ivmm lives on, answers, and does not fill the log. SEED=N repeats a run.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "../random.h"
#include "guest.h"
#include "hw/power.h"
#include "hw/serial.h"
#include "io/loop.h"
#include "layout.h"
#include "pci/pci.h"

#define ACCESSES	12000
#define SIZE		0x200000ull
#define DEVFN		PCI_DEVFN(1, 0)
#define ECAM_DEVICE	(LAYOUT_ECAM + (DEVFN << 12))
#define BAR2		(PCI_BASE_ADDRESS_0 + 8)
#define SCRATCH		0x100000ull	/* RAM that is nobody's */
#define NR(array)	(sizeof(array) / sizeof((array)[0]))

/* Rate-limited each: the vCPUs', the slots' and the bus's warnings, 10 in 5 seconds. */
#define LOG_SOURCES	3
#define LOG_BURST	10
#define LOG_WINDOW_S	5

/* What a machine has, but for the kernel. */
struct board {
	struct guest g;
	struct loop *loop;
	struct chardev_host host;
	struct chardev *chardev;
	struct serial *serial;
	struct power power;
	struct memory_region pci, shared;
	struct pci_bus *bus;
	struct pci_device dev;
	struct probe probe;		/* behind regs: 256 bytes */
	uint64_t random;
};

static const struct pci_identity identity = {
	.vendor = 0x1af4, .device = 0x1110, .class = 0x050000, .revision = 1,
};

static void ignore_power(void *opaque, enum power_event event)
{
	(void)opaque;
	(void)event;
}

static void ignore_quit(void *opaque)
{
	(void)opaque;
}

static void board_irq(void *opaque, bool level)
{
	struct board *b = opaque;

	kvm_irq_line(b->g.kvm, LAYOUT_COM1_IRQ, level);
}

static int board_legacy(struct board *b, struct error *err)
{
	struct serial_config config = {
		.name = "com1", .port = LAYOUT_COM1, .io = &b->g.io, .set_irq = board_irq,
		.opaque = b,
	};
	int ret = loop_create(&b->loop);

	b->host = (struct chardev_host){ .loop = b->loop, .quit = ignore_quit };
	ret = ret ? ret : chardev_create(&b->chardev, &b->host, "file:/dev/null", err);
	config.chardev = b->chardev;
	ret = ret ? ret : serial_create(&b->serial, b->g.mem, &config);
	b->power.event = ignore_power;
	return ret ? ret : power_init(&b->power, b->g.mem, &b->g.io);
}

static int board_pci(struct board *b, struct error *err)
{
	struct memory *mem = b->g.mem;
	int ret = memory_region_init(&b->pci, mem, NULL, "pci", MEMORY_SIZE_ALL);

	ret = ret ? ret : memory_region_add_subregion_overlap(&b->g.root, 0, &b->pci, -1);
	ret = ret ? ret : pci_bus_create(&b->bus, mem, &b->pci, &b->g.io, err);
	ret = ret ? ret : probe_init(&b->probe, &b->g, "regs", 0x100, 0);
	ret = ret ? ret : memory_region_init_ram(&b->shared, mem, NULL, "shared", SIZE);
	pci_device_init(&b->dev, "hostile", &identity);
	ret = ret ? ret : pci_register_bar(&b->dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_32, &b->probe.mr);
	ret = ret ? ret : pci_register_bar(&b->dev, 2, PCI_BASE_ADDRESS_MEM_TYPE_64, &b->shared);
	return ret ? ret : pci_device_add(b->bus, &b->dev, DEVFN, err);
}

static int board_create(struct board *b)
{
	struct error err = { .text = "out of memory" };
	int ret;

	memset(b, 0, sizeof(*b));
	ret = guest_create(&b->g);
	ret = ret ? ret : board_legacy(b, &err);
	ret = ret ? ret : board_pci(b, &err);
	if (ret)
		printf("# no board: %s\n", err.text);
	return ret;
}

static void board_destroy(struct board *b)
{
	vcpus_pause(b->g.vcpus);
	pci_device_del(&b->dev);
	pci_bus_destroy(b->bus);
	memory_region_fini(&b->shared);
	memory_region_fini(&b->probe.mr);
	memory_region_del_subregion(&b->g.root, &b->pci);
	memory_region_fini(&b->pci);
	power_fini(&b->power);
	serial_destroy(b->serial);
	chardev_destroy(b->chardev);
	loop_destroy(b->loop);
	guest_destroy(&b->g);
}

static uint64_t any(struct board *b)
{
	return random_next(&b->random);
}

static unsigned int below(struct board *b, unsigned int n)
{
	return random_below(&b->random, n);
}

/* --- what it does --- */

/* Not those of the chips in the kernel: what a guest does there is between it and KVM. */
static uint16_t any_port(struct board *b)
{
	static const uint16_t starts[] = {
		LAYOUT_COM1, LAYOUT_COM2, LAYOUT_PCI_ADDRESS, LAYOUT_PCI_DATA, LAYOUT_KEYBOARD,
		LAYOUT_ACPI_SLEEP, LAYOUT_RESET, 0x500, 0xfff8,
	};
	uint16_t port = starts[below(b, NR(starts))] + below(b, 8);

	return below(b, 8) ? port : 0x1000 + below(b, 0xf000);
}

static void poke_port(struct board *b)
{
	unsigned int size = 1u << below(b, 3);
	uint16_t port = any_port(b);

	if (below(b, 2))
		guest_out(&b->g, port, any(b), size);
	else
		guest_in(&b->g, port, size);
}

static void poke_string(struct board *b)
{
	unsigned int size = 1u << below(b, 3), count = below(b, 64);
	uint16_t port = any_port(b);

	if (below(b, 2))
		guest_outs(&b->g, port, size, count);
	else
		guest_ins(&b->g, port, size, count);
}

/* Also from the last bytes of one thing into the next. */
static uint64_t any_address(struct board *b)
{
	static const uint64_t ends[] = {
		LAYOUT_ECAM, LAYOUT_ECAM + LAYOUT_ECAM_SIZE, ECAM_DEVICE, ECAM_DEVICE + 0x100,
		ECAM_DEVICE + 0x1000, GUEST_RAM, SCRATCH + 64, 0xc0000000, 0xd0000000,
		0xd0000000 + SIZE, 0xe0000000, 0xe0000100, 0xfff00000,
	};

	return ends[below(b, NR(ends))] + below(b, 16) - 8;
}

static void poke_memory(struct board *b)
{
	unsigned int size = 1u << below(b, 4);
	uint64_t addr = any_address(b);

	if (below(b, 2))
		guest_store(&b->g, addr, any(b), size);
	else
		guest_load(&b->g, addr, size);
}

static void poke_config(struct board *b)
{
	unsigned int size = 1u << below(b, 4);
	uint64_t addr = ECAM_DEVICE + below(b, 0x100);

	if (below(b, 2))
		guest_store(&b->g, addr, any(b), size);
	else
		guest_load(&b->g, addr, size);
}

static void put_bar2(struct board *b, uint64_t addr)
{
	guest_store(&b->g, ECAM_DEVICE + BAR2, (uint32_t)addr, 4);
	guest_store(&b->g, ECAM_DEVICE + BAR2 + 4, addr >> 32, 4);
	guest_store(&b->g, ECAM_DEVICE + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

/* Over RAM, over the chips in the kernel, over ECAM, over KVM's own pages, beyond what is wired. */
static void move_bar2(struct board *b)
{
	static const uint64_t places[] = {
		0, SIZE, GUEST_RAM - SIZE, LAYOUT_LAPIC, LAYOUT_IOAPIC, LAYOUT_ECAM,
		LAYOUT_KVM_TSS, 0xd0000000, 0xfff00000, 1ull << 32, 1ull << 46, 1ull << 52,
		1ull << 63, UINT64_MAX, -(2 * SIZE),
	};

	put_bar2(b, places[below(b, NR(places))]);
	if (!below(b, 4))
		guest_store(&b->g, ECAM_DEVICE + PCI_BASE_ADDRESS_0, 0xe0000000, 4);
}

static void (*const pokes[])(struct board *b) = {
	poke_port, poke_string, poke_memory, poke_config, move_bar2,
};

/* --- whether all is well --- */

/* Lines that were written to @file. */
static unsigned int lines_of(FILE *file)
{
	unsigned int lines = 0;
	int c;

	rewind(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	return lines;
}

static int answers_as_ever(struct board *b)
{
	struct guest *g = &b->g;

	EXPECT(!g->failed);
	EXPECT(guest_load(g, ECAM_DEVICE, 4) == 0x11101af4);
	put_bar2(b, 0xd0000000);
	guest_store(g, 0xd0000000 + SIZE - 8, 0x1122334455667788, 8);
	EXPECT(guest_load(g, 0xd0000000 + SIZE - 8, 8) == 0x1122334455667788);
	EXPECT(guest_slot(g, 0xd0000000).text[0]);
	guest_out(g, LAYOUT_COM1 + 3, 0, 1);
	guest_out(g, LAYOUT_COM1 + 7, 0x5a, 1);
	EXPECT(guest_in(g, LAYOUT_COM1 + 7, 1) == 0x5a);
	return 0;
}

static int with_log(struct board *b, int (*test)(struct board *b))
{
	FILE *log = tmpfile();
	int old = dup(STDERR_FILENO), ret;
	time_t start = time(NULL);
	unsigned int lines, windows;

	EXPECT(log && old >= 0 && dup2(fileno(log), STDERR_FILENO) >= 0);
	ret = test(b);
	dup2(old, STDERR_FILENO);
	close(old);
	lines = lines_of(log);
	windows = (time(NULL) - start) / LOG_WINDOW_S + 2;
	fclose(log);
	printf("# %u lines in the log\n", lines);
	EXPECT_PASS(ret);
	EXPECT(lines <= LOG_SOURCES * LOG_BURST * windows);
	return 0;
}

static int at_random(struct board *b)
{
	for (int i = 0; i < ACCESSES; i++)
		pokes[below(b, NR(pokes))](b);
	return answers_as_ever(b);
}

/* Refused by KVM each time, and each time the bus and the slots have something to say of it. */
static int bar_at_odds(struct board *b)
{
	static const uint64_t places[] = { LAYOUT_LAPIC, 1ull << 52, LAYOUT_KVM_TSS, 1ull << 62 };

	for (int i = 0; i < 400; i++)
		put_bar2(b, places[i % NR(places)] & ~(SIZE - 1));
	return answers_as_ever(b);
}

/* Half of the access is there, at most. */
static int across_edges(struct board *b)
{
	struct guest *g = &b->g;
	const uint64_t end = LAYOUT_ECAM + LAYOUT_ECAM_SIZE;

	for (unsigned int i = 1; i < 8; i++) {
		guest_load(g, end - i, 8);
		guest_store(g, end - i, UINT64_MAX, 8);
	}
	EXPECT(guest_load(g, end - 8, 8) == UINT64_MAX);
	put_bar2(b, 0xd0000000);
	guest_store(g, 0xd0000000 + SIZE - 8, 0x1122334455667788, 8);
	EXPECT(guest_load(g, 0xd0000000 + SIZE - 4, 8) == 0xffffffff11223344);
	guest_store(g, 0xd0000000 + SIZE - 4, 0, 8);
	EXPECT(guest_load(g, 0xd0000000 + SIZE - 8, 8) == 0x55667788);
	guest_outs(g, LAYOUT_COM1, 4, 1000);
	guest_ins(g, 0xffff, 4, 1000);
	return answers_as_ever(b);
}

static int with_board(int (*test)(struct board *b))
{
	const char *why = guest_unavailable();
	struct board *b;
	int ret;

	if (why)
		return ktap_skip("%s", why);
	b = malloc(sizeof(*b));
	EXPECT(b && !board_create(b));
	b->random = random_begin(random_seed());
	printf("# SEED=%llu\n", (unsigned long long)b->random / 2);
	fflush(stdout);
	ret = with_log(b, test);
	board_destroy(b);
	free(b);
	return ret;
}

static int run_at_random(void)
{
	return with_board(at_random);
}

static int run_bar_at_odds(void)
{
	return with_board(bar_at_odds);
}

static int run_across_edges(void)
{
	return with_board(across_edges);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "accesses across edges are cut there", run_across_edges },
		{ "BAR2 where KVM does not take it is said a few times", run_bar_at_odds },
		{ "anything, anywhere", run_at_random },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
