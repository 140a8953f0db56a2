// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots under a running vCPU: RAM, ROM, aliases, moves, overlays, and what KVM refuses. */
#include <stdlib.h>

#include "../ktap.h"
#include "guest.h"

#define PAGE		0x1000ull
#define HERE		0x40000000ull	/* addresses where nothing of the guest's own is */
#define THERE		0x50000000ull

static uint8_t *bytes_of(struct memory_region *mr)
{
	return memory_region_get_ram_ptr(mr);
}

static int ram(struct guest *g)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	uint8_t *ram = bytes_of(&g->ram);

	for (int i = 0; i < 4; i++) {
		uint64_t value = 0x8877665544332211, mask = UINT64_MAX >> (64 - 8 * sizes[i]);

		memset(ram + GUEST_OWN, 0, 16);
		guest_store(g, GUEST_OWN, value, sizes[i]);
		EXPECT(!memcmp(ram + GUEST_OWN, &value, sizes[i]) && !ram[GUEST_OWN + sizes[i]]);
		EXPECT(guest_load(g, GUEST_OWN, sizes[i]) == (value & mask));
	}
	memcpy(ram + GUEST_RAM - 8, "the end.", 8);
	EXPECT(guest_load(g, GUEST_RAM - 8, 8) == 0x2e646e6520656874);
	return 0;
}

static int rom(struct guest *g)
{
	struct memory_region mr;

	EXPECT(!memory_region_init_rom(&mr, g->mem, g, "rom", PAGE));
	memcpy(bytes_of(&mr), "as it is", 8);
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	EXPECT(strstr(guest_slot(g, HERE).text, " ro "));
	EXPECT(guest_load(g, HERE, 8) == 0x7369207469207361);
	guest_store(g, HERE, 0, 8);
	EXPECT(!memcmp(bytes_of(&mr), "as it is", 8));
	EXPECT(guest_load(g, HERE, 1) == 'a');
	EXPECT(!memory_region_set_readonly(&mr, false));
	guest_store(g, HERE, 'b', 1);
	EXPECT(bytes_of(&mr)[0] == 'b');
	memory_region_fini(&mr);
	EXPECT(guest_load(g, HERE, 8) == UINT64_MAX);
	return 0;
}

static int aliases(struct guest *g)
{
	struct memory_region low, high;

	EXPECT(!memory_region_init_alias(&low, g->mem, g, "low", &g->ram, 0x100000, 2 * PAGE));
	EXPECT(!memory_region_init_alias(&high, g->mem, g, "high", &low, PAGE, PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &low));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &high));
	guest_store(g, THERE + 8, 0xabcdef, 4);
	EXPECT(guest_load(g, HERE + PAGE + 8, 4) == 0xabcdef);
	EXPECT(guest_load(g, 0x100000 + PAGE + 8, 4) == 0xabcdef);
	EXPECT(!memory_region_set_readonly(&high, true));
	guest_store(g, THERE + 8, 0, 4);
	EXPECT(guest_load(g, HERE + PAGE + 8, 4) == 0xabcdef);
	memory_region_fini(&high);
	memory_region_fini(&low);
	return 0;
}

/* A page of RAM that comes, goes and moves while the vCPU loads from it all the time. */
static int moves_under_a_running_vcpu(struct guest *g)
{
	struct memory_region mr;
	uint64_t loads, odd, before;

	EXPECT(!memory_region_init_ram(&mr, g->mem, g, "mover", PAGE));
	*(uint64_t *)bytes_of(&mr) = 0x1122334455667788;
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	guest_watch(g, HERE, 0x1122334455667788);
	for (int i = 0; i < 300; i++) {
		EXPECT(!memory_region_set_address(&mr, i % 2 ? HERE : THERE));
		if (i % 3)
			continue;
		EXPECT(!memory_region_del_subregion(&g->root, &mr));
		EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	}
	before = guest_watched(g);
	EXPECT(!memory_region_set_address(&mr, HERE));
	while (guest_watched(g) < before + 1000)
		EXPECT(!g->failed);
	guest_watch_end(g, &loads, &odd);
	EXPECT(loads > 1000);
	EXPECT(odd == 0);
	EXPECT(guest_load(g, HERE, 8) == 0x1122334455667788);
	memory_region_fini(&mr);
	return 0;
}

/* Of a higher priority: hides RAM while it is enabled, and splits its slot in two. */
static int an_overlay_toggled(struct guest *g)
{
	struct memory_region mr;
	struct probe p;

	EXPECT(!memory_region_init_ram(&mr, g->mem, g, "below", 3 * PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	EXPECT(!probe_init(&p, g, "overlay", PAGE, 0x77000000));
	EXPECT(!memory_region_set_enabled(&p.mr, false));
	EXPECT(!memory_region_add_subregion_overlap(&g->root, HERE + PAGE, &p.mr, 1));
	guest_store(g, HERE, 0x11111111, 4);
	guest_store(g, HERE + PAGE, 0x22222222, 4);
	guest_store(g, HERE + 2 * PAGE, 0x33333333, 4);
	for (int i = 0; i < 20; i++) {
		EXPECT(!memory_region_set_enabled(&p.mr, true));
		EXPECT(guest_slots(g) == 3);
		EXPECT(guest_load(g, HERE, 4) == 0x11111111);
		EXPECT(guest_load(g, HERE + PAGE + 8, 4) == 0x77000008);
		EXPECT(guest_load(g, HERE + 2 * PAGE, 4) == 0x33333333);
		EXPECT(!memory_region_set_enabled(&p.mr, false));
		EXPECT(guest_slots(g) == 2);
		EXPECT(guest_load(g, HERE + PAGE, 4) == 0x22222222);
	}
	EXPECT(p.loads == 20);
	memory_region_fini(&p.mr);
	memory_region_fini(&mr);
	return 0;
}

static int only_what_changed_is_touched(struct guest *g)
{
	struct memory_region a, b;
	struct slot_line ram_before, a_before;

	EXPECT(!memory_region_init_ram(&a, g->mem, g, "a", PAGE));
	EXPECT(!memory_region_init_ram(&b, g->mem, g, "b", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &a));
	EXPECT(!memory_region_add_subregion(&g->root, HERE + PAGE, &b));
	ram_before = guest_slot(g, 0);
	a_before = guest_slot(g, HERE);
	EXPECT(ram_before.text[0] && a_before.text[0]);
	for (int i = 0; i < 10; i++) {
		memory_transaction_begin(g->mem);
		EXPECT(!memory_region_set_address(&b, i % 2 ? HERE + PAGE : THERE));
		EXPECT(!memory_transaction_commit(g->mem));
	}
	EXPECT(!strcmp(guest_slot(g, 0).text, ram_before.text));
	EXPECT(!strcmp(guest_slot(g, HERE).text, a_before.text));
	EXPECT(strstr(guest_slot(g, HERE + PAGE).text, " changes 21 "));
	memory_region_fini(&a);
	memory_region_fini(&b);
	return 0;
}

/* Host memory that is not page-aligned: KVM says EINVAL, and the model serves the guest itself. */
static int what_kvm_refuses_is_served(struct guest *g)
{
	uint8_t *mine = aligned_alloc(PAGE, 3 * PAGE);
	struct memory_region mr;

	memset(mine, 0, 3 * PAGE);
	EXPECT(!memory_region_init_ram_ptr(&mr, g->mem, g, "crooked", PAGE, mine + 8));
	EXPECT(memory_region_add_subregion(&g->root, HERE, &mr) == -EINVAL);
	EXPECT(!guest_slot(g, HERE).text[0]);
	guest_store(g, HERE + 16, 0x5a5a5a5a12345678, 8);
	EXPECT(!memcmp(mine + 24, "\x78\x56\x34\x12\x5a\x5a\x5a\x5a", 8));
	EXPECT(guest_load(g, HERE + 16, 4) == 0x12345678);
	memory_region_del_subregion(&g->root, &mr);
	memory_region_fini(&mr);
	free(mine);
	return 0;
}

static int more_slots_than_there_are(struct guest *g)
{
	struct memory_region a, b;

	g->kvm->max_slots = 2;
	EXPECT(!memory_region_init_ram(&a, g->mem, g, "a", PAGE));
	EXPECT(!memory_region_init_ram(&b, g->mem, g, "b", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &a));
	EXPECT(memory_region_add_subregion(&g->root, THERE, &b) == -ENOSPC);
	guest_store(g, THERE, 0xfeedface, 4);
	EXPECT(guest_load(g, THERE, 4) == 0xfeedface);
	EXPECT(!memory_region_del_subregion(&g->root, &b));
	EXPECT(!memory_region_del_subregion(&g->root, &a));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &b));
	EXPECT(guest_slot(g, THERE).text[0]);
	EXPECT(guest_load(g, THERE, 4) == 0xfeedface);
	memory_region_fini(&a);
	memory_region_fini(&b);
	return 0;
}

static int listed_as_json(struct guest *g)
{
	struct memory_region mr;
	char *text;

	EXPECT(!memory_region_init_rom(&mr, g->mem, g, "a \"rom\"", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	text = guest_slots_text(g, true);
	EXPECT(text[0] == '[' && !strcmp(strchr(text, ']'), "]\n"));
	EXPECT(strstr(text, ", \"address\": \"0x40000000\", \"size\": 4096, \"readonly\": true, "
		      "\"changes\": 1, \"name\": \"a \\\"rom\\\"\"}"));
	free(text);
	memory_region_fini(&mr);
	return 0;
}

GUEST_CASE(ram)
GUEST_CASE(rom)
GUEST_CASE(aliases)
GUEST_CASE(moves_under_a_running_vcpu)
GUEST_CASE(an_overlay_toggled)
GUEST_CASE(only_what_changed_is_touched)
GUEST_CASE(what_kvm_refuses_is_served)
GUEST_CASE(more_slots_than_there_are)
GUEST_CASE(listed_as_json)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "RAM is loaded from and stored to", run_ram },
		{ "ROM is loaded from, and keeps what it is", run_rom },
		{ "aliases show the same RAM", run_aliases },
		{ "a slot moves and goes under a running vCPU", run_moves_under_a_running_vcpu },
		{ "an overlay hides RAM while it is enabled", run_an_overlay_toggled },
		{ "no slot is touched but the one that changed", run_only_what_changed_is_touched },
		{ "what KVM refuses is an error, and is served", run_what_kvm_refuses_is_served },
		{ "more slots than there are is an error", run_more_slots_than_there_are },
		{ "slots are listed as JSON, addresses as text", run_listed_as_json },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
