# SPDX-License-Identifier: GPL-2.0-only
# Unit tests: a program a noun, each of its one source file and what is not ivmm's main().
# With sanitizers they are built into folders of their own, with all that they test.

UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_SUPPORT := $(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))
UNIT_SUPPORT := $(UNIT_SUPPORT:%.c=$(B)/obj/%.o)

# malloc() and its kin, that they fail on demand: scarce.h
UNIT_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray

$(UNIT_TESTS): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(UNIT_SUPPORT) $(VMM_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(UNIT_WRAP) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LD_LIBS) \
		-lcmocka

# Peers of a machine, without the host module.
$(B)/tests/unit/test_ivshmem: $(B)/obj/tests/kvm/fake_membership.o

# Parts of ivshmemctl, whose memberships are made up there.
$(B)/tests/unit/test_serve: $(patsubst %,$(B)/obj/vmm/ctl/%.o,announcer client lobby roster run server wire)

# The device in the page on the memory model, as test_example.c includes it.
$(B)/obj/tests/unit/test_example.o: $(B)/include/example_device.h
$(B)/include/example_device.h: Documentation/memory.rst
	@mkdir -p $(@D)
	@echo "  AWK     $@"
	@awk '/^\.\. example: tickets$$/ { found = 1; next } \
		found && inside && /^[^ ]/ { exit } \
		found && sub(/^    /, "") { inside = 1 } \
		found && inside { print }' $< >$@

# Builds of their own, below folders of their own: what make is told to make them.
UNIT_MODEL := VMM_SRC="$(filter vmm/json.c vmm/memory/%,$(VMM_SRC))"
UNIT_LEAVES := $(B)/leaves/tests/unit/test_random
UNIT_ASAN := $(UNIT_TESTS:$(B)/%=$(B)/asan/%)
TSAN_TESTS := test_rcu test_dirty test_ramblock test_map test_cache
UNIT_TSAN := $(TSAN_TESTS:%=$(B)/tsan/tests/unit/%)

## make unit-asan       run the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
## make unit-tsan       run those of the memory model that have threads under ThreadSanitizer
.PHONY: unit-asan unit-tsan unit-leaves-build unit-asan-build unit-tsan-build
unit-leaves-build:
	@$(MAKE) --no-print-directory B=$(B)/leaves $(UNIT_MODEL) \
		CFLAGS="$(CFLAGS) -DFLAT_LEAF_MAX=4" $(UNIT_LEAVES)

unit-asan-build:
	@$(MAKE) --no-print-directory B=$(B)/asan \
		CFLAGS="-O1 -g -fno-sanitize-recover=all -fsanitize=address,undefined" $(UNIT_ASAN)

unit-tsan-build:
	@$(MAKE) --no-print-directory B=$(B)/tsan $(UNIT_MODEL) \
		CFLAGS="-O1 -g -DFLAT_LEAF_MAX=8 -fsanitize=thread -include tests/unit/tsan-urcu.h" \
		$(UNIT_TSAN)

unit-asan: unit-asan-build
	@tests/unit/run.sh $(B)/asan/tests/unit

unit-tsan: unit-tsan-build
	@tests/unit/run.sh $(B)/tsan/tests/unit

# Built once; the tier wants the other builds too.
.PHONY: unit-programs
unit-programs: $(UNIT_TESTS)

tests-unit: unit-leaves-build unit-asan-build unit-tsan-build
