# SPDX-License-Identifier: GPL-2.0-only
# Both modules, built in a copy of their sources so that several kernels never share an object.
# KDIR is the build folder of the kernel to build for; without one, and where the running kernel has
# none installed, the lab's kernels serve.

RUNNING_KDIR := /lib/modules/$(shell uname -r)/build
KDIR ?= $(if $(wildcard $(RUNNING_KDIR)/Makefile),$(RUNNING_KDIR))
KMOD_SRC := Kbuild $(shell find kmod include -name '*.[ch]' -o -name 'Kbuild*')

# $(call kmod_build,KDIR,OUT,MAKE-ARGUMENTS): one command of the shell; both modules end up in OUT.
# The path has no symbolic link in it: Kbuild would print two names for each file.
kmod_build = mkdir -p $(2) && cp -ru --parents $(KMOD_SRC) $(2)/ && \
	     $(MAKE) -C $(1) M="$$(realpath $(2))" --no-print-directory $(3) && \
	     cp -u $(2)/kmod/host/ivshmem_host.ko $(2)/kmod/guest/ivshmem.ko $(2)/
# No BTF without pahole, no signature without the distribution's key.
KMOD_ARGS := CONFIG_DEBUG_INFO_BTF_MODULES= CONFIG_MODULE_SIG_ALL=

.PHONY: kmod modules_install
ifneq ($(KDIR),)
kmod:
	+@$(call kmod_build,$(KDIR),$(B)/kmod/kdir,modules $(KMOD_ARGS) $(if $(C),C=$(C)))
modules_install: kmod
	$(MAKE) -C $(KDIR) M=$(abspath $(B)/kmod/kdir) modules_install $(KMOD_ARGS) \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR))
else
kmod: kmod-note kmod-lab
.PHONY: kmod-note
kmod-note:
	@echo "The running kernel's headers are not here (apt-get install linux-headers-$$(uname -r)," \
		"or name a build folder with KDIR=): building the modules for the lab's kernels."
modules_install:
	@echo "no kernel to install for: apt-get install linux-headers-$$(uname -r), or name a" \
		"build folder: make modules_install KDIR=/lib/modules/VERSION/build"; exit 2
endif
