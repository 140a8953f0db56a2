# SPDX-License-Identifier: GPL-2.0-only
# The boot tier's programs: static, since those for guests go into RAM disks that hold no libraries.
# They come to a guest in a RAM disk of their own, behind the lab's.

BOOT_GUEST := $(addprefix $(B)/tests/boot/,doorbell fileio info mapping muster peers racing \
	rally registers resource roll scribble survivor)
BOOT_HOST := $(addprefix $(B)/tests/boot/,monitor pest watch witness)
BOOT_TESTS := $(BOOT_HOST) $(B)/tests/boot/programs.cpio

$(BOOT_GUEST): tests/boot/guest.h tests/ktap.h include/uapi/linux/ivshmem.h

$(addprefix $(B)/tests/boot/,muster pest rally witness): tests/boot/peer.h include/uapi/linux/ivshmem_host.h
$(addprefix $(B)/tests/boot/,muster peers pest rally registers resource roll witness): include/ivshmem_regs.h

$(BOOT_GUEST) $(BOOT_HOST): $(B)/tests/boot/%: tests/boot/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(filter-out -MMD -MP,$(C_FLAGS)) -static -pthread -o $@ $<

$(B)/tests/boot/ring-stress: $(B)/tests/ring/stress
	@mkdir -p $(@D) && cp $< $@

$(B)/tests/boot/programs.cpio: $(BOOT_GUEST) $(B)/tests/boot/ring-stress
	@echo "  CPIO    $@"
	@cd $(@D) && rm -rf bin && mkdir bin && cp $(^F) bin/ && \
		printf '%s\n' bin $(addprefix bin/,$(^F)) | cpio -o -H newc --quiet >$(@F)
