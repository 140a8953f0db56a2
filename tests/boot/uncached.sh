#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# QEMU's firmware declares everything between its RAM and 4 GiB uncached. A device that it puts
# there works, and the driver says that it is slow. Needs a nested host with such devices (lab run
# --ivshmem --mem 1G).
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

case_load()
{
	boot_driver_here && [[ -c /dev/ivshmem0 ]]
}

case_told()
{
	dmesg | grep 'BAR 2 .* is uncached'
}

case_works()
{
	$BOOT_BUILD/fileio /dev/ivshmem0
}

case_unload()
{
	rmmod ivshmem
}

ktap_main case_load "the driver finds a device below 4 GiB" \
	case_told "the driver tells that the memory is uncached" \
	case_works "reading and writing work all the same" \
	case_unload "the driver unloads"
