#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest driver on the devices of a stranger: three of QEMU's ivshmem-plain and one
# ivshmem-doorbell, in guests of both kernels.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

kernels=(6.12 6.1)
peer_id=7
vectors=4

start()
{
	local size devices=() socket=/tmp/server-$1

	for size in 64M 16M 8M; do
		devices+=(-object "memory-backend-ram,id=m$size,size=$size,share=on"
			-device "ivshmem-plain,memdev=m$size")
	done
	$BOOT_BUILD/server "$socket" $peer_id $vectors &
	until [[ -S $socket ]]; do
		kill -0 $! || return
		sleep 0.02
	done
	boot_qemu_guest "q$1" "$1" "${devices[@]}" -chardev "socket,id=server,path=$socket" \
		-device "ivshmem-doorbell,chardev=server,vectors=$vectors"
}

case_boot()
{
	boot_wait "q$1"
}

case_devices()
{
	local nodes sizes

	nodes=$(guest "q$1" 'echo /dev/ivshmem*')
	sizes=$(guest "q$1" 'sort -n /sys/class/ivshmem/ivshmem*/size' | xargs)
	[[ $nodes == "/dev/ivshmem0 /dev/ivshmem1 /dev/ivshmem2 /dev/ivshmem3" &&
		$sizes == "4194304 8388608 16777216 67108864" ]] ||
		boot_fail "$nodes of $sizes bytes"
}

# case_program KERNEL PROGRAM: one that tells its own cases.
case_program()
{
	guest "q$1" "$2 /dev/ivshmem0"
}

case_doorbell()
{
	local attributes

	attributes=$(guest "q$1" 'cd /sys/class/ivshmem/ivshmem3 &&
		cat position vectors revision' | xargs)
	[[ $attributes == "$peer_id $vectors 1" ]] ||
		boot_fail "position, vectors, revision: $attributes" || return
	guest "q$1" 'fileio /dev/ivshmem3'
}

# pat_memtype_list of debugfs names the range of each BAR.
case_write_back()
{
	local list

	list=$(guest "q$1" 'for d in /sys/class/ivshmem/*/device; do
		sed -n "3s/^0x\([^ ]*\).*/\1/p" $d/resource; done >/tmp/bars
		grep -f /tmp/bars /sys/kernel/debug/x86/pat_memtype_list')
	[[ $(grep -c 'write-back$' <<<"$list") == 4 && $(wc -l <<<"$list") == 4 ]] ||
		boot_fail "memory types: $list"
}

# address GUEST NODE: its PCI address.
address()
{
	guest "$1" "basename \$(readlink -f /sys/class/ivshmem/$2/device)"
}

# taken_away GUEST COMMAND: while two processes hold the first device open and mapped and are busy
# on it, one of them through a node that somebody made elsewhere.
taken_away()
{
	guest "$1" "rm -f /tmp/node; mknod /tmp/node c \$(tr : ' ' </sys/class/ivshmem/ivshmem0/dev)
		survivor /tmp/node >/tmp/other & other=\$!
		survivor /dev/ivshmem0 >/tmp/survivor & survivor=\$!
		until grep -q holding /tmp/survivor &&
			grep -q holding /tmp/other; do usleep 10000; done
		$2
		kill -USR1 \$survivor \$other
		wait \$survivor; status=\$?
		grep -v holding /tmp/survivor
		wait \$other ||
			{ status=1; sed -n 's/^not ok [0-9]*/# at the other node:/p' /tmp/other; }
		[ ! -e /dev/ivshmem0 ] || status=1
		exit \$status"
}

case_unbind()
{
	local pci

	pci=$(address "q$1" ivshmem0) || return
	taken_away "q$1" "echo $pci >/tmp/gone; echo $pci >/sys/bus/pci/drivers/ivshmem/unbind"
}

case_rebind()
{
	guest "q$1" 'cat /tmp/gone >/sys/bus/pci/drivers/ivshmem/bind && fileio /dev/ivshmem0'
}

# The device itself goes, driver bound; a scan of the bus finds it again.
case_unplug()
{
	local pci

	pci=$(address "q$1" ivshmem0) || return
	taken_away "q$1" "echo 1 >/sys/bus/pci/devices/$pci/remove"
}

case_replug()
{
	guest "q$1" 'echo 1 >/sys/bus/pci/rescan && fileio /dev/ivshmem0'
}

case_rmmod_open()
{
	guest "q$1" 'exec 3</dev/ivshmem1
		! rmmod ivshmem 2>/tmp/error && grep -q "temporarily unavailable" /tmp/error'
}

case_rmmod()
{
	guest "q$1" 'rmmod ivshmem && insmod /lib/modules/ivshmem.ko && ls /dev/ivshmem2'
}

case_log()
{
	boot_log_clean "q$1"
}

cases=()
for kernel in "${kernels[@]}"; do
	start "$kernel" || exit 1
	on="a guest of $kernel"
	cases+=(
		"case_boot $kernel" "$on boots and loads the driver"
		"case_devices $kernel" "$on has a node for each of four devices"
		"case_doorbell $kernel" "$on: a device with interrupts"
		"case_program $kernel fileio" "$on: read, write and seek"
		"case_program $kernel info" "$on: INFO"
		"case_program $kernel mapping" "$on: mmap"
		"case_write_back $kernel" "$on maps the memory write-back"
		"case_unbind $kernel" "$on: unbinding while the device is open and mapped"
		"case_rebind $kernel" "$on: binding it again"
		"case_unplug $kernel" "$on: removal while the device is open and mapped"
		"case_replug $kernel" "$on: finding it again"
		"case_rmmod_open $kernel" "$on does not unload the driver while a device is open"
		"case_rmmod $kernel" "$on unloads the driver and loads it again"
		"case_log $kernel" "$on: nothing is in its kernel log"
	)
done
ktap_main "${cases[@]}"
