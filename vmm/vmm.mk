# SPDX-License-Identifier: GPL-2.0-only
# The VMM as a library (tests use it too), ivmm, and the host tool ivshmemctl.

VMM_SRC := $(filter-out vmm/main.c vmm/ctl/%,$(sort $(wildcard vmm/*.c vmm/*/*.c)))
VMM_LIB := $(B)/vmm/libivmm.a

include vmm/boot/boot.mk

# Nothing unwinds the stack at run time but sanitizers; debuggers have tables of their own.
VMM_UNWIND := $(if $(findstring -fsanitize,$(CFLAGS)),,-fno-asynchronous-unwind-tables)
$(B)/obj/vmm/%.o: C_FLAGS += $(VMM_UNWIND) -ffunction-sections

# What a guest that runs doesn't need comes last in the program, so that its pages are not in memory
# before somebody asks for them.
VMM_COLD := vmm/snapshot/% vmm/monitor/% vmm/props.c vmm/state.c vmm/hw/cmos.c vmm/hw/i440fx.c \
	    vmm/hw/ivshmem_options.c vmm/kvm/dirty_ring.c vmm/kvm/kvm_state.c vmm/kvm/pit.c \
	    vmm/kvm/slots_explain.c vmm/kvm/vcpu_cpuid.c vmm/kvm/vcpu_msrs.c vmm/kvm/vcpu_save.c \
	    vmm/memory/dirty_snapshot.c vmm/memory/dirty_sync.c vmm/memory/explain% \
	    vmm/memory/mtree% vmm/memory/ram_prealloc.c vmm/pci/pci_state.c \
	    $(filter %_info.c,$(VMM_SRC))
VMM_ORDER := $(filter-out $(VMM_COLD),$(VMM_SRC)) $(filter $(VMM_COLD),$(VMM_SRC))

CTL_SRC := $(sort $(wildcard vmm/ctl/*.c))

.PHONY: vmm
vmm: $(B)/vmm/ivmm $(B)/vmm/ivshmemctl

$(VMM_LIB): $(VMM_SRC:%.c=$(B)/obj/%.o)
	@mkdir -p $(@D)
	@echo "  AR      $@"
	@rm -f $@ && ar rcs $@ $^

$(B)/vmm/ivmm: $(B)/obj/vmm/main.o $(VMM_ORDER:%.c=$(B)/obj/%.o)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ $(LD_LIBS)

$(B)/vmm/ivshmemctl: $(CTL_SRC:%.c=$(B)/obj/%.o) $(VMM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpci
