# SPDX-License-Identifier: GPL-2.0-only
# The demonstration and the tests; Documentation/testing.rst explains the tiers.

TIERS := unit kvm kmod boot
TIER ?= $(TIERS)
ifneq ($(filter-out $(TIERS) lint,$(TIER))$(if $(strip $(TIER)),,empty),)
$(error TIER='$(TIER)': the tiers are $(TIERS) lint)
endif

## make demo            two guests share a region through /dev/ivshmem0, narrated (in the lab)
## make check           every test, a line a program; TIER="unit kvm kmod boot" chooses (unit: 2 minutes)
## make lint            gcc, clang, sparse and shellcheck over everything
## make deps            install the Debian packages that building and testing need
.PHONY: deps demo check lint $(TIER:%=tests-%)

deps:
	@tests/deps.sh

check: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(TIER:%=tests-%)
	@tests/check.sh $(TIER)

lint:
	@tests/deps.sh lint
	@tests/check.sh lint

demo:
	@tests/demo/demo.sh

include $(wildcard tests/*/*-tests.mk)

tests-unit: unit-programs
tests-kvm: $(KVM_TESTS)
tests-kmod: vmm kmod-lab $(KMOD_TESTS)
tests-boot: vmm kmod-lab $(BOOT_TESTS) lab-images lab-qemu
tests-lint:
