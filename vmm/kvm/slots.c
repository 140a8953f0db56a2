// SPDX-License-Identifier: GPL-2.0-only
/* The table of KVM's memory slots, kept in step with a flat view. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"
#include "json.h"
#include "kvm/slots.h"
#include "util.h"

#define SLOT_PAGE	4096ull

struct kvm_slot {
	hwaddr gpa;
	uint64_t size;			/* bytes, whole pages */
	void *host;
	bool readonly;
	unsigned int number;
	const char *name;		/* the region's */
};

struct kvm_slots {
	struct kvm *kvm;
	struct memory *mem;
	struct memory_listener listener;
	struct log_limit limit;		/* of warnings that a guest provokes */

	/* guarded by the memory model's lock */
	struct kvm_slot *table;		/* by gpa, ascending */
	unsigned int nr, max;
	uint64_t *changes;		/* of each number that was ever used */
	bool *used;
	unsigned int nr_numbers;
};

/* The index of the first slot that ends behind @gpa. */
static unsigned int slots_lower_bound(const struct kvm_slots *s, hwaddr gpa)
{
	unsigned int low = 0, high = s->nr;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (s->table[mid].gpa + (s->table[mid].size - 1) < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The whole pages within @sec; false if there are none. */
static bool slot_of_section(const struct memory_region_section *sec, struct kvm_slot *slot)
{
	uint64_t skip = -sec->offset_within_address_space & (SLOT_PAGE - 1);
	char *host = memory_region_get_ram_ptr(sec->mr);

	if (!memory_region_is_ram(sec->mr) || sec->size - 1 < skip)
		return false;
	*slot = (struct kvm_slot){
		.gpa = sec->offset_within_address_space + skip,
		.size = (sec->size - skip) & ~(SLOT_PAGE - 1),
		.host = host + sec->offset_within_region + skip,
		.readonly = sec->readonly,
		.name = memory_region_name(sec->mr),
	};
	return slot->size;
}

static int slot_set(struct kvm_slots *s, const struct kvm_slot *slot, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->number,
		.flags = slot->readonly && size ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = slot->gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)slot->host,
	};

	s->changes[slot->number]++;
	return kvm_set_slot(s->kvm, &region);
}

/* Room for one more slot, and one more number if all are in use. */
static int slots_grow(struct kvm_slots *s)
{
	unsigned int max = s->max ? 2 * s->max : 16;
	void *table, *changes, *used;

	if (s->nr < s->max)
		return 0;
	table = realloc(s->table, max * sizeof(*s->table));
	if (table)
		s->table = table;
	changes = realloc(s->changes, max * sizeof(*s->changes));
	if (changes)
		s->changes = changes;
	used = realloc(s->used, max * sizeof(*s->used));
	if (used)
		s->used = used;
	if (!table || !changes || !used)
		return -ENOMEM;
	s->max = max;
	return 0;
}

static int slots_get_number(struct kvm_slots *s)
{
	unsigned int number = 0;

	while (number < s->nr_numbers && s->used[number])
		number++;
	if (number == s->kvm->max_slots) {
		log_warn(&s->limit, "all %u memory slots of KVM are in use: fewer devices fit in "
			 "here", s->kvm->max_slots);
		return -ENOSPC;
	}
	if (number == s->nr_numbers)
		s->changes[s->nr_numbers++] = 0;
	s->used[number] = true;
	return number;
}

static int slots_region_add(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	struct kvm_slot slot;
	unsigned int i;
	int ret;

	if (!slot_of_section(sec, &slot))
		return 0;
	ret = slots_grow(s);
	if (ret)
		return ret;
	ret = slots_get_number(s);
	if (ret < 0)
		return ret;
	slot.number = ret;
	ret = slot_set(s, &slot, slot.size);
	if (ret) {
		s->used[slot.number] = false;
		log_warn(&s->limit, "KVM refuses '%s' at %#" PRIx64 ", %#" PRIx64 " bytes: %s",
			 slot.name, slot.gpa, slot.size, strerror(-ret));
		return ret;
	}
	i = slots_lower_bound(s, slot.gpa);
	memmove(s->table + i + 1, s->table + i, (s->nr - i) * sizeof(slot));
	s->table[i] = slot;
	s->nr++;
	return 0;
}

/* A section that could not be added has no slot. */
static void slots_region_del(struct memory_listener *l, const struct memory_region_section *sec)
{
	struct kvm_slots *s = container_of(l, struct kvm_slots, listener);
	struct kvm_slot slot;
	unsigned int i;

	if (!slot_of_section(sec, &slot))
		return;
	i = slots_lower_bound(s, slot.gpa);
	if (i == s->nr || s->table[i].gpa != slot.gpa || s->table[i].host != slot.host)
		return;
	slot = s->table[i];
	slot_set(s, &slot, 0);
	s->used[slot.number] = false;
	s->nr--;
	memmove(s->table + i, s->table + i + 1, (s->nr - i) * sizeof(slot));
}

static void slots_free(struct kvm_slots *s)
{
	free(s->table);
	free(s->changes);
	free(s->used);
	free(s);
}

int kvm_slots_create(struct kvm_slots **out, struct kvm *kvm, struct address_space *as,
		     struct error *err)
{
	struct kvm_slots *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return error_set(err, -ENOMEM, "no memory for the table of memory slots");
	s->kvm = kvm;
	s->mem = as->mem;
	s->listener = (struct memory_listener){
		.name = "kvm",
		.region_add = slots_region_add,
		.region_del = slots_region_del,
	};
	ret = memory_listener_register(&s->listener, as);
	if (ret) {
		kvm_slots_destroy(s);
		return error_set(err, ret, "KVM can't be given the guest's memory: %s",
				 strerror(-ret));
	}
	*out = s;
	return 0;
}

void kvm_slots_destroy(struct kvm_slots *s)
{
	memory_listener_unregister(&s->listener);
	slots_free(s);
}

static void slot_print(const struct kvm_slots *s, const struct kvm_slot *slot, FILE *out)
{
	fprintf(out, "slot %u: %016" PRIx64 "-%016" PRIx64 " host %p %s changes %" PRIu64 " %s\n",
		slot->number, slot->gpa, slot->gpa + (slot->size - 1), slot->host,
		slot->readonly ? "ro" : "rw", s->changes[slot->number], slot->name);
}

static void slot_print_json(const struct kvm_slots *s, const struct kvm_slot *slot, FILE *out)
{
	fprintf(out, "{\"slot\": %u, \"address\": \"0x%" PRIx64 "\", \"size\": %" PRIu64
		", \"readonly\": %s, \"changes\": %" PRIu64 ", \"name\": ", slot->number,
		slot->gpa, slot->size, slot->readonly ? "true" : "false", s->changes[slot->number]);
	json_string(out, slot->name);
	fputc('}', out);
}

void kvm_slots_info(struct kvm_slots *s, FILE *out, bool json)
{
	memory_transaction_begin(s->mem);
	if (json)
		fputc('[', out);
	for (unsigned int i = 0; i < s->nr; i++) {
		if (json && i)
			fputs(", ", out);
		(json ? slot_print_json : slot_print)(s, &s->table[i], out);
	}
	if (json)
		fputs("]\n", out);
	memory_transaction_commit(s->mem);
}
