// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X from a guest's side: it finds a capability and a table, and what it writes there decides
 * which interrupts it gets. None is lost, none comes twice.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../ktap.h"
#include "files.h"
#include "guest.h"
#include "layout.h"
#include "pci/msix.h"

#define DEVFN		PCI_DEVFN(1, 0)
#define CONFIG		(LAYOUT_ECAM + (DEVFN << 12))
#define CAP		0x40
#define CONTROL		(CONFIG + CAP + PCI_MSIX_FLAGS)
#define HERE		0xe0000000ull
#define ENABLE		PCI_MSIX_FLAGS_ENABLE
#define MASKALL		PCI_MSIX_FLAGS_MASKALL
#define VECTOR		0x40
#define OTHER		0x41
#define VECTORS		(GUEST_VECTOR_LAST - GUEST_VECTOR_FIRST + 1)
#define ROUNDS		300u
#define SIGNALS		1000u
#define STEP		7u

/* A guest, a bus and a device with nothing but MSI-X. */
struct board {
	struct guest *g;
	struct memory_region pci;
	struct pci_bus *bus;
	struct pci_device dev;
	struct pci_msix *msix;
	unsigned int vectors;
	uint64_t pba;
	int eventfds[PCI_MSIX_VECTORS_MAX];
};

static const struct pci_identity identity = { .vendor = 0x1af4, .device = 0x1110 };

static const struct pci_msix_layout layout = {
	.cap = CAP, .bar = 1, .table = 0, .pba = 0x800, .bar_size = 0x1000,
};

static void config_written(struct pci_device *dev, unsigned int reg, unsigned int size)
{
	struct board *b = (struct board *)((char *)dev - offsetof(struct board, dev));

	(void)reg;
	(void)size;
	pci_msix_config_written(b->msix);
}

static int board_open(struct board *b)
{
	EXPECT_PASS(files_may_be(b->vectors));
	for (unsigned int n = 0; n < b->vectors; n++) {
		b->eventfds[n] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		EXPECT(b->eventfds[n] >= 0);
	}
	return 0;
}

static int board_create(struct board *b, struct guest *g, unsigned int vectors)
{
	struct memory *mem = g->mem;
	struct error err;

	memset(b, 0, sizeof(*b));
	b->g = g;
	b->vectors = vectors;
	EXPECT_PASS(board_open(b));
	EXPECT(!memory_region_init(&b->pci, mem, NULL, "pci", MEMORY_SIZE_ALL));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, 0, &b->pci, -1));
	EXPECT(!pci_bus_create(&b->bus, mem, &b->pci, &g->io, &err));
	pci_device_init(&b->dev, "bells", &identity);
	b->dev.config_written = config_written;
	EXPECT(!pci_msix_create(&b->msix, &b->dev, mem, &layout, vectors, b->eventfds, g->msi,
				&err));
	EXPECT(!pci_device_add(b->bus, &b->dev, DEVFN, &err));
	guest_store(g, CONFIG + PCI_BASE_ADDRESS_1, HERE, 4);
	guest_store(g, CONFIG + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	b->pba = HERE + (guest_load(g, CONFIG + CAP + PCI_MSIX_PBA, 4) & PCI_MSIX_PBA_OFFSET);
	return 0;
}

static void board_destroy(struct board *b)
{
	vcpus_pause(b->g->vcpus);
	pci_device_del(&b->dev);
	pci_msix_destroy(b->msix);
	pci_bus_destroy(b->bus);
	memory_region_del_subregion(&b->g->root, &b->pci);
	memory_region_fini(&b->pci);
	for (unsigned int n = 0; n < b->vectors; n++)
		close(b->eventfds[n]);
}

static void set_control(struct board *b, uint16_t flags)
{
	guest_store(b->g, CONTROL, flags, 2);
}

static void set_word(struct board *b, unsigned int n, unsigned int word, uint32_t value)
{
	guest_store(b->g, HERE + n * PCI_MSIX_ENTRY_SIZE + word, value, 4);
}

static void set_mask(struct board *b, unsigned int n, bool masked)
{
	set_word(b, n, PCI_MSIX_ENTRY_VECTOR_CTRL, masked);
}

static void set_message(struct board *b, unsigned int n, unsigned int vector)
{
	struct msi_message msg = guest_message(vector);

	set_word(b, n, PCI_MSIX_ENTRY_LOWER_ADDR, msg.address);
	set_word(b, n, PCI_MSIX_ENTRY_UPPER_ADDR, msg.address >> 32);
	set_word(b, n, PCI_MSIX_ENTRY_DATA, msg.data);
}

static bool is_pending(struct board *b, unsigned int n)
{
	return guest_load(b->g, b->pba + n / 32 * 4, 4) >> n % 32 & 1;
}

/* As Linux does it: all masked, MSI-X on, messages, the function unmasked, then each vector. */
static void set_up(struct board *b)
{
	set_control(b, ENABLE | MASKALL);
	for (unsigned int n = 0; n < b->vectors; n++)
		set_message(b, n, GUEST_VECTOR_FIRST + n % VECTORS);
	set_control(b, ENABLE);
	for (unsigned int n = 0; n < b->vectors; n++)
		set_mask(b, n, false);
}

/* --- cases --- */

static int each_mask(struct guest *g)
{
	struct board b;

	EXPECT_PASS(board_create(&b, g, 4));
	set_message(&b, 2, VECTOR);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		set_mask(&b, 2, i % 3 == 0);
		set_control(&b, i % 3 == 1 ? ENABLE | MASKALL : i % 3 == 2 ? MASKALL : ENABLE);
		EXPECT(!eventfd_write(b.eventfds[2], 1));
		EXPECT(is_pending(&b, 2) && !is_pending(&b, 1));
		EXPECT(guest_interrupts(g, VECTOR) == i);
		set_mask(&b, 2, false);
		set_control(&b, ENABLE);
		guest_wait_interrupts(g, VECTOR, i + 1);
		EXPECT(!is_pending(&b, 2) && guest_interrupts(g, VECTOR) == i + 1);
	}
	board_destroy(&b);
	return 0;
}

static int messages(struct guest *g)
{
	struct board b;

	EXPECT_PASS(board_create(&b, g, 4));
	set_up(&b);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int vector = i % 2 ? VECTOR : OTHER;

		set_word(&b, 3, PCI_MSIX_ENTRY_DATA, vector);
		EXPECT(!eventfd_write(b.eventfds[3], 1));
		guest_wait_interrupts(g, vector, i / 2 + 1);
		EXPECT(guest_interrupts(g, VECTOR) + guest_interrupts(g, OTHER) == i + 1);
	}
	board_destroy(&b);
	return 0;
}

struct signaller {
	struct board *b;
	pthread_t thread;
	unsigned int done;		/* read behind the thread's end, or as a hint */
};

static void *signaller_run(void *opaque)
{
	struct signaller *s = opaque;

	while (s->done < SIGNALS) {
		eventfd_write(s->b->eventfds[0], 1);
		guest_wait_interrupts(s->b->g, GUEST_VECTOR_FIRST, s->done + 1);
		__atomic_store_n(&s->done, s->done + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Wherever a signal falls between the guest's masking and unmasking, it is one interrupt. */
static int masks_under_signals(struct guest *g)
{
	struct board b;
	struct signaller s = { .b = &b };
	unsigned int masked = 0;

	EXPECT_PASS(board_create(&b, g, 1));
	set_up(&b);
	EXPECT(!pthread_create(&s.thread, NULL, signaller_run, &s));
	while (__atomic_load_n(&s.done, __ATOMIC_ACQUIRE) < SIGNALS) {
		if (masked++ % 2) {
			set_mask(&b, 0, true);
			set_mask(&b, 0, false);
		} else {
			set_control(&b, ENABLE | MASKALL);
			set_control(&b, ENABLE);
		}
	}
	pthread_join(s.thread, NULL);
	guest_load(g, 0, 8);
	printf("# masked %u times during %u signals\n", masked, SIGNALS);
	EXPECT(guest_interrupts(g, GUEST_VECTOR_FIRST) == SIGNALS);
	board_destroy(&b);
	return 0;
}

/* One after the other, or those that have a vector in common would be one interrupt. */
static int each_arrives(struct board *b, uint64_t before)
{
	for (unsigned int n = 0; n < b->vectors; n++) {
		EXPECT(!eventfd_write(b->eventfds[n], 1));
		guest_wait_interrupts(b->g, GUEST_VECTOR_FIRST + n % VECTORS,
				      before + n / VECTORS + 1);
	}
	return 0;
}

/* Whether each STEPth one is pending, or none, as the guest sees it. */
static int expect_pending(struct board *b, bool any)
{
	for (unsigned int n = 0; n < b->vectors; n += 32) {
		uint32_t expected = 0;

		for (unsigned int i = 0; i < 32; i++)
			expected |= (uint32_t)(any && (n + i) % STEP == 0) << i;
		EXPECT(guest_load(b->g, b->pba + n / 8, 4) == expected);
	}
	return 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Each vector's message becomes another, all at once. */
static void change_all(struct board *b, unsigned int by)
{
	double start = now_ms(), written;

	set_control(b, ENABLE | MASKALL);
	for (unsigned int n = 0; n < b->vectors; n++)
		set_message(b, n, GUEST_VECTOR_FIRST + (n + by) % VECTORS);
	written = now_ms();
	set_control(b, ENABLE);
	printf("# %u vectors: masked and written in %.1f ms, unmasked in %.1f ms\n", b->vectors,
	       written - start, now_ms() - written);
}

static int all_vectors_of(struct board *b)
{
	uint64_t before[VECTORS];

	set_up(b);
	change_all(b, 1);
	change_all(b, 0);
	EXPECT_PASS(each_arrives(b, 0));
	for (unsigned int v = 0; v < VECTORS; v++)
		before[v] = guest_interrupts(b->g, GUEST_VECTOR_FIRST + v);
	set_control(b, ENABLE | MASKALL);
	for (unsigned int n = 0; n < b->vectors; n += STEP)
		EXPECT(!eventfd_write(b->eventfds[n], 1));
	EXPECT_PASS(expect_pending(b, true));
	set_control(b, ENABLE);
	EXPECT_PASS(expect_pending(b, false));
	for (unsigned int n = 0; n < b->vectors; n += STEP)
		guest_wait_interrupts(b->g, GUEST_VECTOR_FIRST + n % VECTORS,
				      before[n % VECTORS] + 1);
	return 0;
}

static int all_vectors(struct guest *g)
{
	struct board *b = malloc(sizeof(*b));

	EXPECT(b);
	EXPECT_PASS(board_create(b, g, PCI_MSIX_VECTORS_MAX));
	EXPECT_PASS(all_vectors_of(b));
	board_destroy(b);
	free(b);
	return 0;
}

GUEST_CASE(each_mask, .interrupts = true)
GUEST_CASE(messages, .interrupts = true)
GUEST_CASE(masks_under_signals, .interrupts = true)
GUEST_CASE(all_vectors, .interrupts = true)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "masked, pending, unmasked, delivered", run_each_mask },
		{ "a message is rewritten", run_messages },
		{ "masked and unmasked while signals come", run_masks_under_signals },
		{ "2048 vectors", run_all_vectors },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
