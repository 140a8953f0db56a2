// SPDX-License-Identifier: GPL-2.0-only
/* Trees to measure, and the listener to them. */
#include <errno.h>
#include <stdlib.h>

#include "tree.h"
#include "util.h"

#define RAM_SIZE	0x10000000u
#define RAM_LOW		0x08000000u
#define RAM_HIGH_AT	0x100000000ull
#define PCI_PRIORITY	-1
#define BARS_BASE	0xc0000000u
#define BAR_STRIDE	0x2000u
#define OVERLAY_AT	0x00400000u
#define HIDDEN_AT	0x00800000u

static const struct memory_region_ops nothing;

unsigned int tree_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void ear_note(struct memory_listener *l)
{
	container_of(l, struct ear, listener)->heard++;
}

static int ear_check(struct memory_listener *l, const struct memory_change *change)
{
	(void)change;
	ear_note(l);
	return 0;
}

static int ear_commit(struct memory_listener *l)
{
	ear_note(l);
	return 0;
}

static int ear_section(struct memory_listener *l, const struct memory_region_section *sec)
{
	(void)sec;
	ear_note(l);
	return 0;
}

static void ear_section_only(struct memory_listener *l, const struct memory_region_section *sec)
{
	(void)sec;
	ear_note(l);
}

static void ear_log(struct memory_listener *l, const struct memory_region_section *sec,
		    unsigned int old, unsigned int new)
{
	(void)sec, (void)old, (void)new;
	ear_note(l);
}

static int ear_coalesced_add(struct memory_listener *l, const struct memory_region_section *sec,
			     hwaddr addr, uint64_t len)
{
	(void)sec, (void)addr, (void)len;
	ear_note(l);
	return 0;
}

static void ear_coalesced_del(struct memory_listener *l, const struct memory_region_section *sec,
			      hwaddr addr, uint64_t len)
{
	(void)sec, (void)addr, (void)len;
	ear_note(l);
}

static int ear_eventfd_add(struct memory_listener *l, const struct memory_region_section *sec,
			   unsigned int size, bool match, uint64_t data, int fd)
{
	(void)sec, (void)size, (void)match, (void)data, (void)fd;
	ear_note(l);
	return 0;
}

static void ear_eventfd_del(struct memory_listener *l, const struct memory_region_section *sec,
			    unsigned int size, bool match, uint64_t data, int fd)
{
	(void)sec, (void)size, (void)match, (void)data, (void)fd;
	ear_note(l);
}

static int ear_open(struct ear *ear, struct memory *mem, bool nop)
{
	ear->listener = (struct memory_listener){
		.name = "ear", .check = ear_check, .begin = ear_note, .commit = ear_commit,
		.region_add = ear_section, .region_del = ear_section_only,
		.region_nop = nop ? ear_section_only : NULL, .log_start = ear_log,
		.log_stop = ear_log, .coalesced_io_add = ear_coalesced_add,
		.coalesced_io_del = ear_coalesced_del, .eventfd_add = ear_eventfd_add,
		.eventfd_del = ear_eventfd_del,
	};
	return memory_listener_register_all(&ear->listener, mem);
}

static int init_regions(struct machine_tree *t)
{
	int ret = memory_region_init(&t->system, t->mem, NULL, "system", MEMORY_SIZE_ALL);

	if (!ret)
		ret = memory_region_init(&t->pci, t->mem, NULL, "pci", MEMORY_SIZE_ALL);
	if (!ret)
		ret = memory_region_init_ram(&t->ram, t->mem, NULL, "ram", RAM_SIZE);
	if (!ret)
		ret = memory_region_init_alias(&t->ram_low, t->mem, NULL, "ram-below-4g", &t->ram,
					       0, RAM_LOW);
	if (!ret)
		ret = memory_region_init_alias(&t->ram_high, t->mem, NULL, "ram-above-4g", &t->ram,
					       RAM_LOW, RAM_SIZE - RAM_LOW);
	if (!ret)
		ret = memory_region_init(&t->device_root, t->mem, NULL, "bus master",
					 MEMORY_SIZE_ALL);
	if (!ret)
		ret = memory_region_init_alias(&t->device_alias, t->mem, NULL, "bus master enable",
					       &t->system, 0, MEMORY_SIZE_ALL);
	if (!ret)
		ret = memory_region_init_io(&t->overlay, t->mem, NULL, &nothing, t, "overlay",
					    TREE_BAR_SIZE);
	return ret ? ret : memory_region_init_io(&t->hidden, t->mem, NULL, &nothing, t, "hidden",
						 TREE_BAR_SIZE);
}

static int map_regions(struct machine_tree *t)
{
	int ret = memory_region_set_enabled(&t->overlay, false);

	if (!ret)
		ret = memory_region_add_subregion_overlap(&t->system, 0, &t->pci, PCI_PRIORITY);
	if (!ret)
		ret = memory_region_add_subregion(&t->system, 0, &t->ram_low);
	if (!ret)
		ret = memory_region_add_subregion(&t->system, RAM_HIGH_AT, &t->ram_high);
	if (!ret)
		ret = memory_region_add_subregion_overlap(&t->system, OVERLAY_AT, &t->overlay, 1);
	if (!ret)
		ret = memory_region_add_subregion(&t->pci, HIDDEN_AT, &t->hidden);
	if (!ret)
		ret = memory_region_add_subregion(&t->device_root, 0, &t->device_alias);
	if (!ret)
		ret = address_space_init(&t->memory, t->mem, &t->system, "memory");
	return ret ? ret : address_space_init(&t->device, t->mem, &t->device_root, "device");
}

/* Pages of MMIO that nobody sees yet; NULL without memory for them. */
static struct memory_region *pages_create(struct memory *mem, unsigned int nr)
{
	struct memory_region *pages = calloc(nr, sizeof(*pages));

	for (unsigned int i = 0; pages && i < nr; i++)
		if (memory_region_init_io(&pages[i], mem, NULL, &nothing, NULL, "page",
					  TREE_BAR_SIZE))
			return NULL;
	return pages;
}

static hwaddr bar_place(unsigned int bar)
{
	return BARS_BASE + (hwaddr)bar * BAR_STRIDE;
}

int machine_tree_add(struct machine_tree *t)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < t->nr; i++)
		ret = memory_region_add_subregion_overlap(&t->pci, bar_place(i), &t->bars[i], 1);
	return ret;
}

int machine_tree_del(struct machine_tree *t)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < t->nr; i++)
		ret = memory_region_del_subregion(&t->pci, &t->bars[i]);
	return ret;
}

int machine_tree_init(struct machine_tree *t, unsigned int nr, bool bars, bool nop)
{
	int ret = memory_create(&t->mem);

	t->nr = nr;
	t->seed = 1;
	if (ret)
		return ret;
	memory_transaction_begin(t->mem);
	ret = init_regions(t);
	if (!ret)
		ret = map_regions(t);
	t->bars = ret ? NULL : pages_create(t->mem, nr);
	if (!ret && !t->bars)
		ret = -ENOMEM;
	if (!ret && bars)
		ret = machine_tree_add(t);
	if (!ret)
		ret = ear_open(&t->ear, t->mem, nop);
	return memory_transaction_commit(t->mem) ?: ret;
}

int machine_tree_move(struct machine_tree *t)
{
	uint64_t seed = t->seed;
	unsigned int bar = tree_random(&seed) % t->nr, place = tree_random(&seed) % t->nr;
	bool back = t->moves++ % 2;

	if (back)
		t->seed = seed;
	return memory_region_set_address(&t->bars[bar], back ? bar_place(bar) :
					 bar_place(place) + TREE_BAR_SIZE);
}

/* Each in an Nth of all addresses, somewhere: even distances would be kind to hashes. */
hwaddr sparse_tree_address(const struct sparse_tree *t, unsigned int page)
{
	hwaddr pages = UINT64_MAX / t->nr / TREE_BAR_SIZE;
	uint64_t seed = page;

	tree_random(&seed);
	return (pages * page + (seed ^ seed >> 32) % pages) * TREE_BAR_SIZE;
}

int sparse_tree_init(struct sparse_tree *t, unsigned int nr)
{
	int ret = memory_create(&t->mem);

	t->nr = nr;
	if (!ret)
		ret = memory_region_init(&t->root, t->mem, NULL, "root", MEMORY_SIZE_ALL);
	if (!ret)
		ret = address_space_init(&t->as, t->mem, &t->root, "sparse");
	if (!ret)
		t->pages = pages_create(t->mem, nr);
	return ret ? ret : t->pages ? 0 : -ENOMEM;
}

int sparse_tree_add(struct sparse_tree *t)
{
	int ret = 0;

	memory_transaction_begin(t->mem);
	for (unsigned int i = 0; !ret && i < t->nr; i++)
		ret = memory_region_add_subregion(&t->root, sparse_tree_address(t, i),
						  &t->pages[i]);
	return memory_transaction_commit(t->mem) ?: ret;
}

/* Regions go one by one, each after a grace period of its own: without the view, all at once. */
void sparse_tree_fini(struct sparse_tree *t)
{
	address_space_fini(&t->as);
	memory_region_fini(&t->root);
	for (unsigned int i = 0; i < t->nr; i++)
		memory_region_fini(&t->pages[i]);
	free(t->pages);
	memory_destroy(t->mem);
}
