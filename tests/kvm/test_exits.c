// SPDX-License-Identifier: GPL-2.0-only
/* Accesses that leave the guest: devices in memory and at ports, of every width, and nobody. */
#include "../ktap.h"
#include "guest.h"

#define PAGE		0x1000ull
#define HERE		0x40000000ull
#define PORT		0x500

static int a_device_in_memory(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	struct probe p;

	EXPECT(!probe_init(&p, g, "probe", PAGE, 0x8877665544332200));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &p.mr));
	for (int i = 0; i < 4; i++) {
		uint64_t mask = UINT64_MAX >> (64 - 8 * sizes[i]);

		EXPECT(guest_load(g, HERE + 0x10, sizes[i]) == (0x8877665544332210 & mask));
		EXPECT(p.loads == i + 1u && p.size == sizes[i]);
		guest_store(g, HERE + 0x20, 0x123456789abcdef0, sizes[i]);
		EXPECT(p.stores == i + 1u && p.size == sizes[i] && p.addr == 0x20);
		EXPECT(p.data == (0x123456789abcdef0 & mask));
	}
	memory_region_fini(&p.mr);
	return 0;
}

static int a_device_at_ports(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 2, 4 };
	struct probe p;

	EXPECT(!probe_init(&p, g, "probe", 8, 0x44332200));
	EXPECT(!memory_region_add_subregion(&g->io, PORT, &p.mr));
	for (int i = 0; i < 3; i++) {
		uint32_t mask = UINT32_MAX >> (32 - 8 * sizes[i]);

		EXPECT(guest_in(g, PORT + 4, sizes[i]) == (0x44332204 & mask));
		guest_out(g, PORT, 0x12345678, sizes[i]);
		EXPECT(p.stores == i + 1u && p.size == sizes[i] && p.addr == 0);
		EXPECT(p.data == (0x12345678 & mask));
	}
	memory_region_fini(&p.mr);
	return 0;
}

static int nobody(struct guest *g)
{
	EXPECT(guest_load(g, HERE, 8) == UINT64_MAX);
	EXPECT(guest_load(g, HERE, 1) == 0xff);
	guest_store(g, HERE, 1, 8);
	EXPECT(guest_in(g, PORT, 4) == UINT32_MAX);
	guest_out(g, PORT, 1, 1);
	EXPECT(guest_load(g, 0, 1) == 0);
	return 0;
}

/*
 * Registers of two devices in one page, byte by byte: no slot can tell them apart, the model does.
 */
static int neighbours_within_a_page(struct guest *g)
{
	struct probe a, b;

	EXPECT(!probe_init(&a, g, "a", 0x10, 0xa0));
	EXPECT(!probe_init(&b, g, "b", 0x10, 0xb0));
	EXPECT(!memory_region_add_subregion(&g->root, HERE + 0x10, &a.mr));
	EXPECT(!memory_region_add_subregion(&g->root, HERE + 0x20, &b.mr));
	EXPECT(guest_load(g, HERE + 0x1f, 1) == 0xaf);
	EXPECT(guest_load(g, HERE + 0x20, 1) == 0xb0);
	EXPECT(guest_load(g, HERE + 0x0f, 1) == 0xff);
	EXPECT(guest_load(g, HERE + 0x30, 1) == 0xff);
	memory_region_fini(&a.mr);
	memory_region_fini(&b.mr);
	return 0;
}

GUEST_CASE(a_device_in_memory)
GUEST_CASE(a_device_at_ports)
GUEST_CASE(nobody)
GUEST_CASE(neighbours_within_a_page)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a device in memory gets every width", run_a_device_in_memory },
		{ "a device at ports gets every width", run_a_device_at_ports },
		{ "nobody answers with all-ones", run_nobody },
		{ "two devices share a page", run_neighbours_within_a_page },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
