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

	EXPECT(!memory_region_init_rom(&mr, g->mem, NULL, "rom", PAGE));
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

	EXPECT(!memory_region_init_alias(&low, g->mem, NULL, "low", &g->ram, 0x100000, 2 * PAGE));
	EXPECT(!memory_region_init_alias(&high, g->mem, NULL, "high", &low, PAGE, PAGE));
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

	EXPECT(!memory_region_init_ram(&mr, g->mem, NULL, "mover", PAGE));
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

	EXPECT(!memory_region_init_ram(&mr, g->mem, NULL, "below", 3 * PAGE));
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

	EXPECT(!memory_region_init_ram(&a, g->mem, NULL, "a", PAGE));
	EXPECT(!memory_region_init_ram(&b, g->mem, NULL, "b", PAGE));
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
	EXPECT(!memory_region_init_ram_ptr(&mr, g->mem, NULL, "crooked", PAGE, mine + 8));
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

/* Nobody's view changes, and who made the change takes it back. */
static int more_slots_than_there_are(struct guest *g)
{
	struct memory_region a, b;

	g->kvm->max_slots = 2;
	EXPECT(!memory_region_init_ram(&a, g->mem, NULL, "a", PAGE));
	EXPECT(!memory_region_init_ram(&b, g->mem, NULL, "b", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &a));
	EXPECT(memory_region_add_subregion(&g->root, THERE, &b) == -ENOSPC);
	EXPECT(guest_slots(g) == 2 && !guest_slot(g, THERE).text[0]);
	EXPECT(guest_load(g, THERE, 4) == UINT32_MAX);
	EXPECT(memory_region_set_address(&b, THERE + PAGE) == -ENOSPC);
	EXPECT(!memory_region_del_subregion(&g->root, &b));
	EXPECT(!memory_region_set_address(&a, HERE + PAGE));
	EXPECT(!memory_region_del_subregion(&g->root, &a));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &b));
	EXPECT(guest_slot(g, THERE).text[0]);
	guest_store(g, THERE, 0xfeedface, 4);
	EXPECT(guest_load(g, THERE, 4) == 0xfeedface);
	memory_region_fini(&a);
	memory_region_fini(&b);
	return 0;
}

/* One goes and another comes in the same transaction: at no time are there more than fit. */
static int as_many_slots_as_there_are(struct guest *g)
{
	struct memory_region a, b;

	g->kvm->max_slots = 2;
	EXPECT(!memory_region_init_ram(&a, g->mem, NULL, "a", PAGE));
	EXPECT(!memory_region_init_ram(&b, g->mem, NULL, "b", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, THERE, &a));
	for (int i = 0; i < 10; i++) {
		struct memory_region *in = i % 2 ? &a : &b, *out = i % 2 ? &b : &a;

		memory_transaction_begin(g->mem);
		EXPECT(!memory_region_add_subregion(&g->root, i % 2 ? THERE : HERE, in));
		EXPECT(!memory_region_del_subregion(&g->root, out));
		EXPECT(!memory_transaction_commit(g->mem));
		EXPECT(guest_slots(g) == 2);
		EXPECT(guest_load(g, i % 2 ? THERE : HERE, 8) == 0);
	}
	memory_region_fini(&a);
	memory_region_fini(&b);
	return 0;
}

/* KVM's limit is 8 TiB; this is the same with a lower one. */
static int a_section_larger_than_a_slot(struct guest *g)
{
	struct memory_region mr, alias;

	g->kvm->max_slot_size = 2 * PAGE;
	EXPECT(!memory_region_init_ram(&mr, g->mem, NULL, "large", 5 * PAGE));
	EXPECT(!memory_region_init_alias(&alias, g->mem, NULL, "part", &mr, PAGE + 8,
					 3 * PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	EXPECT(guest_slots(g) == 4);
	for (uint64_t at = 0; at < 5 * PAGE; at += PAGE / 2) {
		guest_store(g, HERE + at, at + 1, 8);
		EXPECT(*(uint64_t *)(bytes_of(&mr) + at) == at + 1);
	}
	EXPECT(!memory_region_set_address(&mr, THERE));
	EXPECT(guest_slots(g) == 4 && guest_slot(g, THERE + 4 * PAGE).text[0]);
	EXPECT(guest_load(g, THERE + 4 * PAGE, 8) == 4 * PAGE + 1);
	EXPECT(!memory_region_add_subregion(&g->root, HERE + 8, &alias));
	EXPECT(guest_slots(g) == 5 && guest_slot(g, HERE + PAGE).text[0]);
	memory_region_fini(&alias);
	memory_region_fini(&mr);
	EXPECT(guest_slots(g) == 1);
	return 0;
}

/* Only whole pages can be slots; the rest of a section is served by the model. */
static int pages_are_rounded(struct guest *g)
{
	struct memory_region mr, alias;

	EXPECT(!memory_region_init_ram(&mr, g->mem, NULL, "ram", 4 * PAGE));
	for (uint64_t at = 0; at < 4 * PAGE; at += 8)
		*(uint64_t *)(bytes_of(&mr) + at) = at;
	EXPECT(!memory_region_init_alias(&alias, g->mem, NULL, "middle", &mr, 0x808,
					 2 * PAGE + 0x10));
	EXPECT(!memory_region_add_subregion(&g->root, HERE + 0x808, &alias));
	EXPECT(guest_slots(g) == 2);
	EXPECT(strstr(guest_slot(g, HERE + PAGE).text, "-0000000040001fff "));
	EXPECT(guest_load(g, HERE + 0x808, 8) == 0x808);
	EXPECT(guest_load(g, HERE + 0x800, 8) == UINT64_MAX);
	EXPECT(guest_load(g, HERE + 0xff8, 8) == 0xff8);
	EXPECT(guest_load(g, HERE + 0x1000, 8) == 0x1000);
	EXPECT(guest_load(g, HERE + 0x2810, 8) == 0x2810);
	EXPECT(guest_load(g, HERE + 0x2818, 8) == UINT64_MAX);
	memory_region_fini(&alias);
	memory_region_fini(&mr);
	return 0;
}

/* --- a ROM device: flash, say --- */

struct flash {
	struct memory_region mr;
	unsigned int reads, writes;
	uint64_t data;
};

static enum memtx_result flash_read(void *opaque, hwaddr addr, uint64_t *data, unsigned int size)
{
	struct flash *f = opaque;

	(void)addr;
	(void)size;
	f->reads++;
	*data = 0x80;
	return MEMTX_OK;
}

static enum memtx_result flash_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	struct flash *f = opaque;

	(void)addr;
	(void)size;
	f->writes++;
	f->data = data;
	return MEMTX_OK;
}

static const struct memory_region_ops flash_ops = { .read = flash_read, .write = flash_write };

/* Switched while the guest runs, and by its own stores: a command, and back. */
static int romd_mode(struct guest *g)
{
	struct flash f = { .reads = 0 };

	EXPECT(!memory_region_init_rom_device(&f.mr, g->mem, NULL, &flash_ops, &f, "flash",
					      2 * PAGE));
	memcpy(bytes_of(&f.mr), "as it is", 8);
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &f.mr));
	for (unsigned int i = 1; i <= 5; i++) {
		EXPECT(strstr(guest_slot(g, HERE).text, " ro "));
		EXPECT(guest_load(g, HERE, 8) == 0x7369207469207361 && f.reads == i - 1);
		guest_store(g, HERE, i, 1);
		EXPECT(f.writes == i && f.data == i);
		EXPECT(!memory_region_rom_device_set_romd(&f.mr, false));
		EXPECT(!guest_slot(g, HERE).text[0]);
		EXPECT(guest_load(g, HERE, 1) == 0x80 && f.reads == i);
		EXPECT(!memory_region_rom_device_set_romd(&f.mr, true));
	}
	EXPECT(!memcmp(bytes_of(&f.mr), "as it is", 8));
	memory_region_fini(&f.mr);
	return 0;
}

/* Registers that are memory, as a device passed through has them: a slot as any other. */
static int ram_device(struct guest *g)
{
	uint8_t *mine = aligned_alloc(PAGE, PAGE);
	struct memory_region mr;

	memset(mine, 0, PAGE);
	EXPECT(!memory_region_init_ram_device_ptr(&mr, g->mem, NULL, "device", PAGE, mine));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	EXPECT(strstr(guest_slot(g, HERE).text, " rw "));
	guest_store(g, HERE + 4, 0x12345678, 4);
	EXPECT(!memcmp(mine + 4, "\x78\x56\x34\x12", 4));
	memory_region_fini(&mr);
	free(mine);
	return 0;
}

/* What system management mode sees: as the other, but for what is laid over it there. */
static int a_second_address_space(struct guest *g)
{
	struct memory_region root, all, smram;
	struct address_space smm;
	struct kvm_slots *slots;
	struct error err;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (g->kvm->spaces < 2) {
		EXPECT(kvm_slots_create(&slots, g->kvm, &g->as, 1, &err) == -ENOTSUP);
		return ktap_skip("KVM_CAP_MULTI_ADDRESS_SPACE does not say 2 here");
	}
	EXPECT(!memory_region_init(&root, g->mem, NULL, "smm", MEMORY_SIZE_ALL));
	EXPECT(!memory_region_init_alias(&all, g->mem, NULL, "all", &g->root, 0,
					 MEMORY_SIZE_ALL));
	EXPECT(!memory_region_init_ram(&smram, g->mem, NULL, "smram", PAGE));
	EXPECT(!memory_region_add_subregion(&root, 0, &all));
	EXPECT(!memory_region_add_subregion_overlap(&root, 0x1a0000, &smram, 1));
	EXPECT(!address_space_init(&smm, g->mem, &root, "smm"));
	EXPECT(!kvm_slots_create(&slots, g->kvm, &smm, 1, &err));
	out = open_memstream(&text, &size);
	kvm_slots_info(slots, out, false);
	fclose(out);
	EXPECT(strstr(text, "slot 65536: ") && strstr(text, " smram"));
	EXPECT(guest_slots(g) == 1);
	free(text);
	kvm_slots_destroy(slots);
	address_space_fini(&smm);
	memory_region_fini(&root);
	memory_region_fini(&all);
	memory_region_fini(&smram);
	return 0;
}

/* Many, in no order, some of them again and again: the table is that of the addresses. */
static int many_slots(struct guest *g)
{
	static struct memory_region mrs[300];
	uint64_t at[300];

	for (unsigned int i = 0; i < 300; i++) {
		EXPECT(!memory_region_init_ram(&mrs[i], g->mem, NULL, "one", PAGE));
		at[i] = HERE + i * 7919 % 300 * 2 * PAGE;
		*(uint64_t *)bytes_of(&mrs[i]) = i;
	}
	memory_transaction_begin(g->mem);
	for (unsigned int i = 0; i < 300; i++)
		EXPECT(!memory_region_add_subregion(&g->root, at[i], &mrs[i]));
	EXPECT(!memory_transaction_commit(g->mem));
	for (unsigned int i = 0; i < 300; i += 3) {
		at[i] += THERE - HERE;
		EXPECT(!memory_region_set_address(&mrs[i], at[i]));
	}
	EXPECT(guest_slots(g) == 301);
	for (unsigned int i = 0; i < 300; i++) {
		EXPECT(guest_slot(g, at[i]).text[0]);
		EXPECT(guest_load(g, at[i], 8) == i);
	}
	memory_transaction_begin(g->mem);
	for (unsigned int i = 0; i < 300; i++)
		EXPECT(!memory_region_del_subregion(&g->root, &mrs[i]));
	EXPECT(!memory_transaction_commit(g->mem));
	EXPECT(guest_slots(g) == 1);
	for (unsigned int i = 0; i < 300; i++)
		memory_region_fini(&mrs[i]);
	return 0;
}

static int listed_as_json(struct guest *g)
{
	struct memory_region mr;
	char *text;

	EXPECT(!memory_region_init_rom(&mr, g->mem, NULL, "a \"rom\"", PAGE));
	EXPECT(!memory_region_add_subregion(&g->root, HERE, &mr));
	text = guest_slots_text(g, true);
	EXPECT(text[0] == '[' && !strcmp(strchr(text, ']'), "]\n"));
	EXPECT(strstr(text, ", \"address\": \"0x40000000\", \"size\": 4096, \"readonly\": true, "
		      "\"logging\": false, \"changes\": 1, \"name\": \"a \\\"rom\\\"\"}"));
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
GUEST_CASE(as_many_slots_as_there_are)
GUEST_CASE(a_section_larger_than_a_slot)
GUEST_CASE(pages_are_rounded)
GUEST_CASE(romd_mode)
GUEST_CASE(ram_device)
GUEST_CASE(a_second_address_space)
GUEST_CASE(many_slots)
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
		{ "more slots than there are are vetoed, and the view stays",
		  run_more_slots_than_there_are },
		{ "what goes makes room for what comes", run_as_many_slots_as_there_are },
		{ "a section larger than a slot is several", run_a_section_larger_than_a_slot },
		{ "slots are whole pages", run_pages_are_rounded },
		{ "a ROM device is a slot in romd mode", run_romd_mode },
		{ "a RAM device is a slot", run_ram_device },
		{ "KVM's second address space has slots of its own", run_a_second_address_space },
		{ "a table of many slots", run_many_slots },
		{ "slots are listed as JSON, addresses as text", run_listed_as_json },
	};

	return ktap_run(cases, sizeof(cases) / sizeof(cases[0]));
}
