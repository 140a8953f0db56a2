// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs for people: how often each one needed this program. */
#include <inttypes.h>

#include "kvm/vcpu_internal.h"

static const char *const kinds[VCPU_EXIT_KINDS] = {
	[VCPU_EXIT_MMIO] = "mmio",
	[VCPU_EXIT_IO] = "io",
	[VCPU_EXIT_OTHER] = "other",
};

static void vcpu_print(const struct vcpu *v, FILE *out, bool json)
{
	const char *kind = json ? ", \"%s\": %" PRIu64 : ", %s %" PRIu64;
	uint64_t exits[VCPU_EXIT_KINDS], all = 0;

	for (unsigned int i = 0; i < VCPU_EXIT_KINDS; i++) {
		exits[i] = atomic_load_explicit(&v->exits[i], memory_order_relaxed);
		all += exits[i];
	}
	fprintf(out, json ? "{\"vcpu\": %u, \"exits\": %" PRIu64 : "vCPU %u: exits %" PRIu64,
		v->id, all);
	for (unsigned int i = 0; i < VCPU_EXIT_KINDS; i++)
		fprintf(out, kind, kinds[i], exits[i]);
	fputs(json ? "}" : "\n", out);
}

void vcpus_info(const struct vcpus *set, FILE *out, bool json)
{
	if (json)
		fputc('[', out);
	for (unsigned int i = 0; i < set->nr; i++) {
		fputs(json && i ? ", " : "", out);
		vcpu_print(&set->vcpus[i], out, json);
	}
	if (json)
		fputs("]\n", out);
}
