#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The largest machine in processors, with RAM on both sides of the hole below 4 GiB.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

# More than the RAM of the nested host, of which the guest touches little.
case_boot()
{
	boot_region sizes 64M &&
		boot_guest big 6.12 -smp 8 -m 5G -device ivshmem,shm=sizes,size=64M &&
		boot_wait big
}

case_processors()
{
	local count

	count=$(guest big 'grep -c ^processor /proc/cpuinfo')
	((count == 8)) || boot_fail "$count processors"
}

case_memory()
{
	local kib

	kib=$(guest big "sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo")
	((kib > 4 * 1024 * 1024)) || boot_fail "$kib KiB" || return
	guest big 'grep -q "^100000000-17fffffff : System RAM" /proc/iomem'
}

case_region()
{
	local written

	guest big 'head -c 1048576 /dev/urandom >/dev/ivshmem0' || return
	written=$(head -c 1048576 /dev/ivshmem/sizes | sha256sum | cut -d' ' -f1)
	[[ $(boot_digest big /dev/ivshmem0) == "$written" ]]
}

case_end()
{
	boot_log_clean big && guest_stop big
}

ktap_main \
	case_boot "a guest with 8 processors and 5 GiB boots" \
	case_processors "it has 8 processors" \
	case_memory "it has RAM above 4 GiB" \
	case_region "what it writes to a region is there" \
	case_end "it powers off, and nothing is in its kernel log"
