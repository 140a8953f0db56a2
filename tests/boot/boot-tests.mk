# SPDX-License-Identifier: GPL-2.0-only
# The boot tier's programs: static, since those for guests go into RAM disks that hold no libraries.
# They come to a guest in a RAM disk of their own, behind the lab's.

BOOT_GUEST := $(addprefix $(B)/tests/boot/,doorbell fileio info mapping peers racing registers \
	scribble survivor)
BOOT_HOST := $(addprefix $(B)/tests/boot/,monitor watch)
BOOT_TESTS := $(BOOT_HOST) $(B)/tests/boot/programs.cpio

$(BOOT_GUEST): tests/boot/guest.h tests/ktap.h include/uapi/linux/ivshmem.h
$(addprefix $(B)/tests/boot/,peers registers): include/ivshmem_regs.h

$(BOOT_GUEST) $(BOOT_HOST): $(B)/tests/boot/%: tests/boot/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(filter-out -MMD -MP,$(C_FLAGS)) -static -pthread -o $@ $<

$(B)/tests/boot/programs.cpio: $(BOOT_GUEST)
	@echo "  CPIO    $@"
	@cd $(@D) && mkdir -p bin && cp $(^F) bin/ && \
		printf '%s\n' bin $(addprefix bin/,$(^F)) | cpio -o -H newc --quiet >$(@F)
