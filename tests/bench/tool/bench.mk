# SPDX-License-Identifier: GPL-2.0-only
# ivshmem-bench, static, so that it runs in guests whose RAM disk holds no libraries.

TOOL_TESTS := $(B)/tests/bench/test_histogram $(B)/tests/bench/test_hostile
TOOL_SRC := $(filter-out tests/bench/tool/test_%,$(sort $(wildcard tests/bench/tool/*.c)))
TOOL_VMM := $(addprefix $(B)/obj/vmm/,error.o json.o output.o size.o hostmem/membership.o)
TOOL := $(B)/tests/bench/ivshmem-bench

$(TOOL): $(TOOL_SRC:%.c=$(B)/obj/%.o) $(B)/obj/tests/bench/series.o $(TOOL_VMM)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -static -pthread -o $@ $^

$(TOOL_TESTS): $(B)/tests/bench/%: $(B)/obj/tests/bench/tool/%.o $(B)/obj/tests/bench/tool/histogram.o
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(B)/obj/tests/bench/tool/%.o: C_FLAGS += -iquote tests

all: $(TOOL)
bench-programs unit-programs: $(TOOL) $(TOOL_TESTS)
