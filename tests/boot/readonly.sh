#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A region that ivmm may only read: the guest reads it, its writes go nowhere, and it lives
# on.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

# An ivmm of this program's own on the PATH: owner of all it needs, but bound by permission bits as
# anybody is who can't override them.
bound_by_permissions()
{
	local bin=/run/boot-readonly

	mkdir -p $bin
	cat >$bin/ivmm <<-EOF
		#!/bin/sh
		exec setpriv --inh-caps -dac_override,-dac_read_search \
			--bounding-set -dac_override,-dac_read_search "$PWD/build/vmm/ivmm" "\$@"
	EOF
	chmod 755 $bin/ivmm
	PATH=$bin:$PATH
}

case_boot()
{
	boot_module && ivshmemctl create looked-at 4M || return
	head -c 4M /dev/urandom >/dev/ivshmem/looked-at
	sha256sum </dev/ivshmem/looked-at >/tmp/before
	chmod 0444 /dev/ivshmem/looked-at
	bound_by_permissions
	boot_guest reader 6.12 -device ivshmem,shm=looked-at,size=4M && boot_wait reader
}

case_note()
{
	grep -q 'looked-at.*read-only' "$LAB_OUT/reader/ivmm.log" ||
		boot_fail "ivmm says: $(<"$LAB_OUT/reader/ivmm.log")"
}

case_reads()
{
	guest reader 'sha256sum </dev/ivshmem0' | cmp - /tmp/before
}

# By the kernel, and by a process through its mapping.
case_writes()
{
	local write='head -c 65536 /dev/urandom >/dev/ivshmem0; mapping /dev/ivshmem0 >/dev/null'

	guest reader "$write; true" || return
	sha256sum </dev/ivshmem/looked-at | cmp - /tmp/before || boot_fail "the region has changed"
}

case_lives()
{
	guest reader 'sha256sum </dev/ivshmem0' | cmp - /tmp/before && boot_log_clean reader &&
		guest_stop reader
}

ktap_main \
	case_boot "a guest boots on a region that its VMM may only read" \
	case_note "ivmm tells that it is read-only" \
	case_reads "the guest reads it" \
	case_writes "what the guest writes does not reach it" \
	case_lives "the guest lives on, and powers off"
