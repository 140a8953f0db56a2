# SPDX-License-Identifier: GPL-2.0-only
# The kmod tier's programs; run.sh runs them in a nested host.

KMOD_TESTS := $(patsubst tests/kmod/%.c,$(B)/tests/kmod/%,$(sort $(wildcard tests/kmod/*.c)))

$(KMOD_TESTS): $(B)/tests/kmod/%: tests/kmod/%.c tests/kmod/host.h tests/kmod/member.h tests/ktap.h \
		include/uapi/linux/ivshmem_host.h
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(filter-out -MMD -MP,$(C_FLAGS)) -iquote tests -o $@ $< $(filter %.a,$^) $(LD_LIBS)

$(B)/tests/kmod/client: $(VMM_LIB)
