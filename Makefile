# SPDX-License-Identifier: GPL-2.0-only
# ivshmem for Linux: `make help` lists what can be made. Everything made goes under build/.

VERSION := 0.1
B := build

ifneq ($(words $(CURDIR)),1)
$(error Kbuild can't build in a folder whose path has a space in it: $(CURDIR))
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wundef \
	    -Wpointer-arith -Wvla
C_FLAGS = -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -DIVSHMEM_VERSION='"$(VERSION)"' \
	  -iquote vmm -Iinclude -Iinclude/uapi -I$(B)/include $(CFLAGS) -MMD -MP
LD_LIBS := -lurcu-memb -lpthread

.PHONY: all help clean
all: vmm kmod man

include vmm/vmm.mk
include kmod/kmod.mk
include tests/lab/lab.mk
include tests/tests.mk
include Documentation/doc.mk

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

clean:
	rm -rf $(filter-out $(B)/lab,$(wildcard $(B)/*))

## make                 build the VMM, the tools, both modules and the man pages
## make KDIR=DIR        the same, the modules for the kernel whose build folder is DIR
## make clean           remove what was built (downloads under build/lab stay; `rm -r build` for all)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(C_FLAGS) -c -o $@ $<

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
