# SPDX-License-Identifier: GPL-2.0-only
# Figures of the memory model beside those of QEMU and Unicorn; a peer that is missing is left out.

BENCH_MEMORY_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/unicorn.c,$(wildcard tests/bench/memory/*.c)))

$(B)/tests/bench/memory/memory: $(BENCH_MEMORY_OBJ) $(B)/obj/tests/bench/series.o $(VMM_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LD_LIBS) -lm

$(B)/tests/bench/memory/unicorn: tests/bench/memory/unicorn.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(filter-out -MMD -MP,$(C_FLAGS)) -o $@ $< -lunicorn

.PHONY: bench-programs
bench-programs: $(B)/tests/bench/memory/memory

# Unicorn's part only where its library is.
.PHONY: bench-memory-programs
bench-memory-programs: $(B)/tests/bench/memory/memory
	@$(MAKE) --no-print-directory -s $(B)/tests/bench/memory/unicorn >/dev/null 2>&1 || \
		rm -f $(B)/tests/bench/memory/unicorn

## make bench-memory    how fast the memory model is, beside QEMU and Unicorn (5 minutes)
.PHONY: bench-memory
bench-memory:
	@tests/deps.sh bench
	@$(MAKE) --no-print-directory bench-memory-programs
	@mkdir -p $(B)/bench
	@PATH="$$PATH:$(CURDIR)/build/lab/bin" $(B)/tests/bench/memory/memory $(B)/bench/memory.json
	@tests/figures.sh $(B)/bench/memory.json
