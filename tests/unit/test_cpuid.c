// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vCPU's CPUID says of its place among the others, by vendor; and whether one may go on
 * where another one was.
 */
#include <errno.h>

#include "kvm/cpuid.h"
#include "kvm/vcpu_cpuid.h"
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

/* Leaf 1 with that ECX there and here. */
static int compare_features(uint32_t there, uint32_t here)
{
	const struct kvm_cpuid_entry2 a = { .function = 1, .eax = 1, .ebx = 1, .ecx = there };
	const struct kvm_cpuid_entry2 b = { .function = 1, .eax = 2, .ebx = 2, .ecx = here };
	struct error err = { .text = "" };
	int ret = cpuid_compare(5, &a, 1, &b, 1, &err);

	assert_true(!ret || strstr(err.text, "vCPU 5: the processor lacks"));
	return ret;
}

static void features_may_be_more_not_less(void **state)
{
	const uint32_t avx = 1u << 28, osxsave = 1u << 27, monitor = 1u << 3;

	(void)state;
	assert_ok(compare_features(avx, avx));
	assert_ok(compare_features(0, avx));
	assert_int_equal(compare_features(avx, 0), -ENOTSUP);
	assert_ok(compare_features(osxsave | monitor, 0));	/* the guest's own doing */
}

static void a_leaf_that_is_missing_has_nothing(void **state)
{
	const struct kvm_cpuid_entry2 a = { .function = 7, .ebx = 1u << 5 };
	const struct kvm_cpuid_entry2 other = { .function = 7, .index = 1, .ebx = 1u << 5 };
	struct error err;

	(void)state;
	assert_int_equal(cpuid_compare(0, &a, 1, NULL, 0, &err), -ENOTSUP);
	assert_int_equal(cpuid_compare(0, &a, 1, &other, 1, &err), -ENOTSUP);
	assert_ok(cpuid_compare(0, NULL, 0, &a, 1, &err));
}

static void another_maker_is_another_processor(void **state)
{
	struct kvm_cpuid_entry2 intel = { .function = 0 }, amd = { .function = 0 };
	struct error err;

	(void)state;
	memcpy(&intel.ebx, "Genu", 4);
	memcpy(&amd.ebx, "Auth", 4);
	assert_int_equal(cpuid_compare(0, &intel, 1, &amd, 1, &err), -ENOTSUP);
	assert_int_equal(cpuid_compare(0, &amd, 1, &intel, 1, &err), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amd_counts_its_cores),
		cmocka_unit_test(intel_says_nothing_there),
		cmocka_unit_test(features_may_be_more_not_less),
		cmocka_unit_test(a_leaf_that_is_missing_has_nothing),
		cmocka_unit_test(another_maker_is_another_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
