# SPDX-License-Identifier: GPL-2.0-only
# Unit tests: a program a noun, each of its one source file and what is not ivmm's main().
# With sanitizers they are built into folders of their own, with all that they test.

UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_SUPPORT := $(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))
UNIT_SUPPORT := $(UNIT_SUPPORT:%.c=$(B)/obj/%.o)

$(UNIT_TESTS): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(UNIT_SUPPORT) $(VMM_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LD_LIBS) -lcmocka

## make unit-asan       run the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
## make unit-tsan       run those of the memory model that have threads under ThreadSanitizer
.PHONY: unit-asan unit-tsan
unit-asan:
	@$(MAKE) --no-print-directory B=$(B)/asan \
		CFLAGS="-O1 -g -fno-sanitize-recover=all -fsanitize=address,undefined" \
		$(UNIT_TESTS:$(B)/%=$(B)/asan/%)
	@tests/unit/run.sh $(B)/asan/tests/unit

unit-tsan:
	@$(MAKE) --no-print-directory B=$(B)/tsan \
		VMM_SRC="$(filter vmm/json.c vmm/memory/%,$(VMM_SRC))" \
		CFLAGS="-O1 -g -fsanitize=thread -include tests/unit/tsan-urcu.h" \
		$(B)/tsan/tests/unit/test_rcu
	@TSAN_OPTIONS=suppressions=tests/unit/tsan.supp $(B)/tsan/tests/unit/test_rcu
