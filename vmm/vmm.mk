# SPDX-License-Identifier: GPL-2.0-only
# The VMM as a library (tests use it too), ivmm, and the host tool ivshmemctl.

VMM_SRC := $(filter-out vmm/main.c vmm/ctl/%,$(sort $(wildcard vmm/*.c vmm/*/*.c)))
VMM_LIB := $(B)/vmm/libivmm.a

include vmm/boot/boot.mk

# Nothing unwinds the stack at run time but sanitizers; debuggers have tables of their own.
VMM_UNWIND := $(if $(findstring -fsanitize,$(CFLAGS)),,-fno-asynchronous-unwind-tables)
$(B)/obj/vmm/%.o: C_FLAGS += $(VMM_UNWIND) -ffunction-sections

# Most of the program runs once; only what is on the way of a guest's accesses is made for speed.
VMM_SMALL := $(filter-out vmm/memory/% vmm/kvm/%,$(VMM_SRC) vmm/main.c)
$(VMM_SMALL:%.c=$(B)/obj/%.o): C_FLAGS += $(if $(filter -O2,$(CFLAGS)),-Os)

CTL_SRC := $(sort $(wildcard vmm/ctl/*.c))

.PHONY: vmm
vmm: $(B)/vmm/ivmm $(B)/vmm/ivshmemctl

$(VMM_LIB): $(VMM_SRC:%.c=$(B)/obj/%.o)
	@mkdir -p $(@D)
	@echo "  AR      $@"
	@rm -f $@ && ar rcs $@ $^

$(B)/vmm/ivmm: $(B)/obj/vmm/main.o $(VMM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ $(LD_LIBS)

$(B)/vmm/ivshmemctl: $(CTL_SRC:%.c=$(B)/obj/%.o) $(VMM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpci
