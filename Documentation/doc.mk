# SPDX-License-Identifier: GPL-2.0-only
# Man pages, and what `make install` puts where.

MAN_SRC := $(sort $(wildcard Documentation/man/*.rst))
MAN := $(MAN_SRC:Documentation/man/%.rst=$(B)/man/%)

.PHONY: man install uninstall
man: $(MAN)

$(B)/man/%: Documentation/man/%.rst
	@mkdir -p $(@D)
	@echo "  MAN     $@"
	@rst2man --halt=warning $< $@

bindir = $(DESTDIR)$(PREFIX)/bin
mandir = $(DESTDIR)$(PREFIX)/share/man
compdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
incdir = $(DESTDIR)$(PREFIX)/include/linux
libincdir = $(DESTDIR)$(PREFIX)/include/ivshmem

BINARIES := $(B)/vmm/ivmm $(B)/vmm/ivshmemctl $(TOOL)
COMPLETIONS := $(wildcard vmm/*.bash-completion vmm/ctl/*.bash-completion \
	       tests/bench/tool/*.bash-completion)
UAPI := $(notdir $(wildcard include/uapi/linux/*.h))
LIB_HEADERS := $(notdir $(wildcard include/ivshmem/*.h))

## make install         ivmm, ivshmemctl, ivshmem-bench, man pages, completions, headers to
##                      $(DESTDIR)$(PREFIX)
## make modules_install the modules to $(DESTDIR)/lib/modules (KDIR names the kernel)
## make uninstall       take back what `make install` put
install: $(BINARIES) man
	$(INSTALL) -d $(bindir) $(mandir)/man1 $(mandir)/man4 $(mandir)/man8 $(compdir) $(incdir) $(libincdir)
	$(INSTALL) -m 755 $(BINARIES) $(bindir)
	$(foreach m,$(notdir $(MAN)),$(INSTALL) -m 644 $(B)/man/$(m) $(mandir)/man$(patsubst .%,%,$(suffix $(m)))/$(m);)
	$(foreach c,$(COMPLETIONS),$(INSTALL) -m 644 $(c) $(compdir)/$(basename $(notdir $(c)));)
	$(INSTALL) -m 644 $(UAPI:%=include/uapi/linux/%) $(incdir)
	$(INSTALL) -m 644 $(LIB_HEADERS:%=include/ivshmem/%) $(libincdir)

uninstall:
	rm -f $(addprefix $(bindir)/,$(notdir $(BINARIES))) $(UAPI:%=$(incdir)/%)
	rm -f $(addprefix $(compdir)/,$(basename $(notdir $(COMPLETIONS))))
	rm -f $(LIB_HEADERS:%=$(libincdir)/%)
	rm -f $(foreach m,$(notdir $(MAN)),$(mandir)/man$(patsubst .%,%,$(suffix $(m)))/$(m))
