# SPDX-License-Identifier: GPL-2.0-only
# ACPI tables: compiled by iasl, embedded as lists of bytes.

IASL ?= iasl
ACPI_INC := $(patsubst vmm/boot/%.asl,$(B)/include/boot/%.inc,$(wildcard vmm/boot/*.asl))

$(B)/include/boot/%.inc: vmm/boot/%.asl vmm/layout.h
	@mkdir -p $(@D)
	@echo "  IASL    $<"
	@$(IASL) -we -I vmm -p $(basename $@) $< >$(basename $@).log 2>&1 || { cat $(basename $@).log >&2; exit 1; }
	@od -An -v -tx1 $(basename $@).aml | sed 's/ \(..\)/0x\1,/g' >$@

$(B)/obj/vmm/boot/acpi.o: $(ACPI_INC)
