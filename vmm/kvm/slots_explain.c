// SPDX-License-Identifier: GPL-2.0-only
/* One slot, told to who asks why an address means what it means. */
#include <inttypes.h>

#include "kvm/slots_explain.h"
#include "kvm/slots_internal.h"

static void explain_slot(const struct kvm_slots *s, const struct kvm_slot *slot, FILE *out,
			 bool json)
{
	if (json)
		fprintf(out, "{\"slot\": %u, \"first\": \"0x%" PRIx64 "\", \"last\": \"0x%" PRIx64
			"\", \"readonly\": %s}", slot_number(s, slot), slot->gpa, slot_last(slot),
			slot->readonly ? "true" : "false");
	else
		fprintf(out, "  KVM slot %u serves it: 0x%" PRIx64 "-0x%" PRIx64 "%s\n",
			slot_number(s, slot), slot->gpa, slot_last(slot),
			slot->readonly ? ", read-only" : "");
}

void kvm_slots_explain(void *opaque, const struct address_space *as, hwaddr addr, FILE *out,
		       bool json)
{
	const struct kvm_slots *s = opaque;
	const struct kvm_slot *slot = s->listener.as == as ? slot_tree_seek(s, addr) : NULL;

	if (slot && slot->gpa <= addr)
		explain_slot(s, slot, out, json);
	else
		fputs(json ? "null" : "  no KVM slot: each access leaves the guest, but for what "
		      "KVM has there itself (APIC, PIC, PIT)\n", out);
}
