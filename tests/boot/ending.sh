#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How guests end, and what status ivmm ends with. (Power-off is shown by those that share.)
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

case_boot()
{
	boot_guest restarts 6.12 -smp 2 && boot_guest breaks 6.1 -append "$GUEST_APPEND reboot=t" &&
		guest_wait restarts $BOOT_WAIT_S && guest_wait breaks $BOOT_WAIT_S
}

# ended NAME STATUS: reboots it, which ends ivmm with that status.
ended()
{
	guest "$1" '(sleep 0.2; reboot -f) >/dev/null 2>&1 &' && guest_reap "$1" 120 ||
		boot_fail "$1 does not end" || return
	(($(guest_status "$1") == $2)) || boot_fail "ivmm ends with status $(guest_status "$1")"
}

case_reboot()
{
	ended restarts 0
}

case_triple_fault()
{
	ended breaks 1 && grep -q '^ivmm breaks: .*triple fault' "$LAB_OUT/breaks/ivmm.log" ||
		boot_fail "ivmm says: $(<"$LAB_OUT/breaks/ivmm.log")"
}

# What ivmm has to say of a guest that ends as it should: here, that it made a region.
case_quiet()
{
	local said

	boot_module && boot_guest quiet 6.12 -device ivshmem,shm=quiet,size=4M &&
		guest_wait quiet $BOOT_WAIT_S && guest_stop quiet || return
	said=$(<"$LAB_OUT/quiet/ivmm.log")
	[[ $said == "ivmm quiet: note: the region 'quiet' of 4M is created,"* ]] &&
		(($(wc -l <<<"$said") == 1)) || boot_fail "ivmm says: $said" || return
	ivshmemctl destroy quiet
}

ktap_main \
	case_quiet "a guest whose region ivmm made ends without an error" \
	case_boot "two guests boot" \
	case_reboot "a reboot ends ivmm with status 0" \
	case_triple_fault "a triple fault ends ivmm with status 1 and a message"
