#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest of ivmm shares a region with a guest of QEMU, to which it is a file.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

shared=/dev/ivshmem0
host=/dev/ivshmem/shared

case_boot()
{
	boot_region shared 16M &&
		boot_qemu_guest gamma 6.12 \
			-object "memory-backend-file,id=m,mem-path=$host,size=16M,share=on" \
			-device ivshmem-plain,memdev=m && boot_wait gamma &&
		boot_guest alpha 6.12 -device ivshmem,shm=shared,size=16M && boot_wait alpha
}

# case_line FROM TO: a line of text, written as a file and read as one.
case_line()
{
	local text="$1 says hello to $2" read

	guest "$1" "echo '$text' >$shared" || return
	read=$(guest "$2" "head -n 1 $shared")
	[[ $read == "$text" ]] || boot_fail "$2 reads '$read'"
}

# case_block FROM TO: a random MiB reaches the other one and the host.
case_block()
{
	local sum

	guest "$1" "head -c 1048576 /dev/urandom >$shared" || return
	sum=$(boot_digest "$1" $shared)
	[[ ${#sum} == 64 ]] || boot_fail "$1's digest is '$sum'" || return
	[[ $(boot_digest "$2" $shared) == "$sum" ]] || boot_fail "$2 has another digest" || return
	[[ $(head -c 1M $host | sha256sum) == "$sum  -" ]] || boot_fail "the host has another"
}

case_end_of_region()
{
	guest alpha "printf end | dd of=$shared bs=1 seek=$((16 * 1024 * 1024 - 3)) 2>/dev/null" &&
		[[ $(guest gamma "tail -c 3 $shared") == end ]]
}

case_power_off()
{
	local name

	for name in alpha gamma; do
		guest_stop $name || boot_fail "$name's VMM ends with status $?" || return
	done
}

ktap_main \
	case_boot "a guest of QEMU and one of ivmm boot" \
	"case_line gamma alpha" "the guest of QEMU writes a line, ivmm's reads it" \
	"case_line alpha gamma" "ivmm's guest answers, QEMU's reads it" \
	"case_block alpha gamma" "a MiB from ivmm's guest reaches QEMU's and the host" \
	"case_block gamma alpha" "a MiB from QEMU's guest reaches ivmm's and the host" \
	case_end_of_region "the region ends at the same byte for both" \
	case_power_off "power-off ends each VMM with status 0"
