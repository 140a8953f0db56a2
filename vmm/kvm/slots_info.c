// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots for people. */
#include <inttypes.h>

#include "json.h"
#include "kvm/slots_internal.h"

static uint64_t slot_changes(const struct kvm_slots *s, const struct kvm_slot *slot)
{
	return s->numbers[slot->number].changes;
}

static void slot_print(const struct kvm_slots *s, const struct kvm_slot *slot, FILE *out)
{
	char *host = memory_region_get_ram_ptr(slot->mr);

	fprintf(out, "slot %u: %016" PRIx64 "-%016" PRIx64 " host %p %s%s changes %" PRIu64 " %s\n",
		slot_number(s, slot), slot->gpa, slot_last(slot), (void *)(host + slot->offset),
		slot->readonly ? "ro" : "rw", slot->logging ? " log" : "", slot_changes(s, slot),
		memory_region_name(slot->mr));
}

static void slot_print_json(const struct kvm_slots *s, const struct kvm_slot *slot, FILE *out)
{
	fprintf(out, "{\"slot\": %u, \"address\": \"0x%" PRIx64 "\", \"size\": %" PRIu64
		", \"readonly\": %s, \"logging\": %s, \"changes\": %" PRIu64 ", \"name\": ",
		slot_number(s, slot), slot->gpa, slot->size, slot->readonly ? "true" : "false",
		slot->logging ? "true" : "false", slot_changes(s, slot));
	json_string(out, memory_region_name(slot->mr));
	fputc('}', out);
}

static void slots_print(const struct kvm_slots *s, FILE *out)
{
	const struct kvm_guard *guard = &s->kvm->guard;
	const struct kvm_slot *slot;

	slot_tree_for_each(slot, s, 0, UINT64_MAX)
		slot_print(s, slot, out);
	fprintf(out, "pauses %" PRIu64 ", longest %" PRIu64 " us\n", guard->pauses,
		(guard->longest + 999) / 1000);
}

static void slots_print_json(const struct kvm_slots *s, FILE *out)
{
	const struct kvm_slot *slot;
	const char *comma = "";

	fputc('[', out);
	slot_tree_for_each(slot, s, 0, UINT64_MAX) {
		fputs(comma, out);
		comma = ", ";
		slot_print_json(s, slot, out);
	}
	fputs("]\n", out);
}

void kvm_slots_info(struct kvm_slots *s, FILE *out, bool json)
{
	memory_transaction_begin(s->mem);
	(json ? slots_print_json : slots_print)(s, out);
	memory_transaction_commit(s->mem);
}
