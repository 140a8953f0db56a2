# SPDX-License-Identifier: GPL-2.0-only
# The lab: its downloads, both modules for each of its kernels, its guests' RAM disks, the targets
# for people.

LAB := tests/lab/lab
LAB_KERNELS := 6.1 6.12
SOAK_SECONDS ?= 600

.PHONY: lab lab-soak lab-fetch lab-images lab-qemu kmod-lab
.PHONY: $(LAB_KERNELS:%=kmod-%) $(LAB_KERNELS:%=lab-image-%)

## make lab             a shell in a nested host, the modules built and ivmm on the PATH
## make lab-soak        boot pairs of guests for SOAK_SECONDS (600), count what is up and lost
## make lab-images      the RAM disks of the lab's guests, of what is built now
## make lab-fetch       download and unpack what the lab runs
lab: vmm kmod-lab lab-images lab-qemu
	@$(LAB) shell

lab-soak: vmm kmod-lab lab-images
	@tests/lab/soak.sh $(SOAK_SECONDS)

lab-fetch:
	@$(LAB) fetch

# What guests of QEMU run on.
lab-qemu:
	@$(LAB) fetch qemu-7.2

# Each kernel's modules into build/kmod/$(uname -r of it)/. The downloads are named only when a
# recipe runs, since it is what fetches them.
kmod-lab: $(LAB_KERNELS:%=kmod-%)

$(LAB_KERNELS:%=kmod-%): kmod-%:
	@$(LAB) fetch busybox $*
	@$(MAKE) --no-print-directory kmod-for \
		LAB_KDIR="$$($(LAB) kdir $*)" LAB_KVER="$$($(LAB) kver $*)"

.PHONY: kmod-for
kmod-for:
	@echo "  KMOD    Linux $(LAB_KVER)"
	+@$(call kmod_build,$(LAB_KDIR),$(B)/kmod/$(LAB_KVER),modules $(KMOD_ARGS) $(if $(C),C=$(C)))

lab-images: $(LAB_KERNELS:%=lab-image-%)

$(LAB_KERNELS:%=lab-image-%): lab-image-%: vmm kmod-%
	@$(LAB) guest-initrd $* >/dev/null
