#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# QEMU's firmware declares everything between its RAM and 4 GiB uncached. A device that it puts
# there works, and the driver says that it is slow.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

case_boot()
{
	qemu_guest_start low 6.12 -initrd "$(boot_initrd 6.12)" \
		-object memory-backend-ram,id=m,size=16M,share=on -device ivshmem-plain,memdev=m &&
		boot_wait low
}

case_told()
{
	guest low "dmesg | grep 'BAR 2 .* is uncached'"
}

case_works()
{
	guest low 'fileio /dev/ivshmem0' && guest_stop low
}

ktap_main case_boot "a guest boots with its device below 4 GiB" \
	case_told "the driver tells that the memory is uncached" \
	case_works "reading and writing work all the same"
