# SPDX-License-Identifier: GPL-2.0-only
# Bare guests on /dev/kvm beside processes.

NATIVE_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/payload.c,$(wildcard tests/bench/native/*.c)))
NATIVE_OTHERS := $(patsubst %,$(B)/obj/tests/kvm/%.o,guest doorbell_board fake_membership)
NATIVE_OTHERS += $(B)/obj/tests/bench/tool/histogram.o $(B)/obj/tests/bench/series.o
NATIVE_PAYLOAD := $(B)/tests/bench/native/payload.bin

# Code without a C library, that runs wherever it is put: its own flags, whatever CFLAGS says.
NATIVE_PAYLOAD_FLAGS := -std=gnu11 $(WARNINGS) -O2 -ffreestanding -fno-builtin -fpie -mno-red-zone \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
	-nostdlib -static -Wl,--build-id=none -Wl,-T,tests/bench/native/payload.ld -Iinclude

$(NATIVE_PAYLOAD): tests/bench/native/payload.c tests/bench/native/payload.ld \
		tests/bench/native/payload.h tests/bench/tool/histogram.h \
		include/ivshmem/ring.h include/ivshmem/words.h
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(NATIVE_PAYLOAD_FLAGS) -o $(@:.bin=.elf) $<
	@objcopy -O binary $(@:.bin=.elf) $@

$(B)/obj/tests/bench/native/main.o: C_FLAGS += -DPAYLOAD='"$(NATIVE_PAYLOAD)"'
$(B)/obj/tests/bench/native/main.o: $(NATIVE_PAYLOAD)

$(B)/tests/bench/native/native: $(NATIVE_OBJ) $(NATIVE_OTHERS) $(VMM_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LD_LIBS)

bench-programs tests-kvm: $(B)/tests/bench/native/native
