# SPDX-License-Identifier: GPL-2.0-only
# The header library's tests, a part of the unit tier: programs of one source file each, static,
# so that guests can run them; with sanitizers below folders of their own.

RING_TESTS := $(patsubst tests/ring/%.c,$(B)/tests/ring/%,$(sort $(wildcard tests/ring/*.c)))
RING_ASAN := $(addprefix $(B)/asan/tests/ring/,ring queue stress)
RING_TSAN := $(B)/tsan/tests/ring/stress
RING_EXAMPLES := $(patsubst Documentation/examples/%.c,$(B)/tests/ring/example-%,\
		 $(wildcard Documentation/examples/*.c))
RING_DEPS := $(wildcard include/ivshmem/*.h include/uapi/linux/*.h tests/ring/*.h) tests/ktap.h
RING_CC = $(CC) $(filter-out -MMD -MP -O2,$(C_FLAGS)) -iquote tests -pthread

$(RING_TESTS): $(B)/tests/ring/%: tests/ring/%.c $(RING_DEPS)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(RING_CC) -O2 -static -o $@ $<

$(RING_ASAN): $(B)/asan/tests/ring/%: tests/ring/%.c $(RING_DEPS)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(RING_CC) -O1 -fno-sanitize-recover=all -fsanitize=address,undefined -o $@ $<

$(RING_TSAN): $(B)/tsan/tests/ring/%: tests/ring/%.c $(RING_DEPS)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(RING_CC) -O1 -fsanitize=thread -o $@ $<

# As their readers would: no option of ours, and a compiler that likes nothing beyond C11.
$(RING_EXAMPLES): $(B)/tests/ring/example-%: Documentation/examples/%.c $(RING_DEPS)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -pedantic -Wall -Wextra -Werror -O2 -Iinclude -Iinclude/uapi -o $@ $<

## make ring            run the tests of the ring and the queue (1 minute)
.PHONY: ring ring-programs
ring-programs: $(RING_TESTS) $(RING_ASAN) $(RING_TSAN) $(RING_EXAMPLES)
ring: ring-programs
	@B=$(B) tests/ring/run.sh

unit-programs: $(RING_TESTS) $(RING_EXAMPLES)
tests-unit: ring-programs
