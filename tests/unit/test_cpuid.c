// SPDX-License-Identifier: GPL-2.0-only
/* What a vCPU's CPUID says of its place among the others: by vendor. */
#include <errno.h>

#include "kvm/cpuid.h"
#include "unit.h"

#define CORES	0x80000008

/* Leaf 0x80000008's ECX for vCPU 1 of 6, on a processor of that vendor. */
static uint32_t cores_of(const char *vendor)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 2 * sizeof(cpuid->entries[0]));
	uint32_t ecx;

	cpuid->nent = 2;
	memcpy(&cpuid->entries[0].ebx, vendor, 4);
	memcpy(&cpuid->entries[0].edx, vendor + 4, 4);
	memcpy(&cpuid->entries[0].ecx, vendor + 8, 4);
	cpuid->entries[1].function = CORES;
	assert_int_equal(cpuid_set(cpuid, -1, 1, 6), -EBADF);
	ecx = cpuid->entries[1].ecx;
	free(cpuid);
	return ecx;
}

static void amd_counts_its_cores(void **state)
{
	(void)state;
	assert_int_equal(cores_of("AuthenticAMD"), 3 << 12 | 5);
	assert_int_equal(cores_of("HygonGenuine"), 3 << 12 | 5);
}

static void intel_says_nothing_there(void **state)
{
	(void)state;
	assert_int_equal(cores_of("GenuineIntel"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amd_counts_its_cores),
		cmocka_unit_test(intel_says_nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
