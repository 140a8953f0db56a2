# SPDX-License-Identifier: GPL-2.0-only
# Fuzzing by libFuzzer, for as long as one likes; what it finds interesting is kept in build/fuzz.

FUZZ_SECONDS ?= 60
FUZZ_SRC := tests/fuzz/fuzz_memory.c $(addprefix tests/unit/,world.c viewer.c changes.c painter.c scarce.c) \
	    $(filter vmm/json.c vmm/memory/%,$(VMM_SRC))
FUZZ_MEMORY := $(B)/tests/fuzz/fuzz_memory

$(FUZZ_MEMORY): $(FUZZ_SRC) $(wildcard vmm/memory/*.h tests/unit/*.h)
	@mkdir -p $(@D)
	@tests/deps.sh fuzz
	@echo "  CLANG   $@"
	@clang $(filter-out -MMD -MP,$(C_FLAGS)) -iquote tests/unit -DFLAT_LEAF_MAX=4 -DPAINTER_NODES=24 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(UNIT_WRAP) \
		-o $@ $(FUZZ_SRC) $(LD_LIBS)

## make fuzz-memory     feed the memory model what libFuzzer comes up with; FUZZ_SECONDS=60
.PHONY: fuzz-memory
fuzz-memory: $(FUZZ_MEMORY)
	@mkdir -p $(B)/fuzz/memory
	@cd $(B)/fuzz && $(abspath $(FUZZ_MEMORY)) -max_total_time=$(FUZZ_SECONDS) -max_len=2048 \
		-len_control=0 -timeout=20 -print_final_stats=1 memory
