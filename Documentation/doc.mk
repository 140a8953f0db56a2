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

BINARIES := ivmm ivshmemctl
UAPI := $(notdir $(wildcard include/uapi/linux/*.h))
LIB_HEADERS := $(notdir $(wildcard include/ivshmem/*.h))

## make install         ivmm, ivshmemctl, man pages, completions, headers to $(DESTDIR)$(PREFIX)
## make modules_install the modules to $(DESTDIR)/lib/modules (KDIR names the kernel)
## make uninstall       take back what `make install` put
install: vmm man
	$(INSTALL) -d $(bindir) $(mandir)/man1 $(mandir)/man4 $(mandir)/man8 $(compdir) $(incdir) $(libincdir)
	$(INSTALL) -m 755 $(BINARIES:%=$(B)/vmm/%) $(bindir)
	$(foreach m,$(notdir $(MAN)),$(INSTALL) -m 644 $(B)/man/$(m) $(mandir)/man$(patsubst .%,%,$(suffix $(m)))/$(m);)
	$(foreach b,$(BINARIES),$(INSTALL) -m 644 $(wildcard vmm/$(b).bash-completion vmm/ctl/$(b).bash-completion) $(compdir)/$(b);)
	$(INSTALL) -m 644 $(UAPI:%=include/uapi/linux/%) $(incdir)
	$(INSTALL) -m 644 $(LIB_HEADERS:%=include/ivshmem/%) $(libincdir)

uninstall:
	rm -f $(BINARIES:%=$(bindir)/%) $(BINARIES:%=$(compdir)/%) $(UAPI:%=$(incdir)/%)
	rm -f $(LIB_HEADERS:%=$(libincdir)/%)
	rm -f $(foreach m,$(notdir $(MAN)),$(mandir)/man$(patsubst .%,%,$(suffix $(m)))/$(m))
