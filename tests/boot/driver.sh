#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest driver on the devices of a stranger: three of QEMU's ivshmem-plain and four
# ivshmem-doorbell, peers of each other. Needs a nested host that has them (lab run --ivshmem): it
# is the guest here, and has two CPUs.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

peer_id=7
vectors=4
device=/dev/ivshmem0

case_load()
{
	boot_driver_here
}

case_devices()
{
	local nodes sizes

	nodes=$(echo /dev/ivshmem*)
	sizes=$(sort -n /sys/class/ivshmem/ivshmem*/size | xargs)
	[[ $nodes == "$(echo /dev/ivshmem{0..6})" &&
		$sizes == "4194304 4194304 4194304 4194304 8388608 16777216 67108864" ]] ||
		boot_fail "$nodes of $sizes bytes"
}

# case_program PROGRAM: one that tells its own cases.
case_program()
{
	$BOOT_BUILD/"$1" $device
}

case_doorbell()
{
	local attributes

	attributes=$(cd /sys/class/ivshmem/ivshmem3 && cat position vectors revision | xargs)
	[[ $attributes == "$peer_id $vectors 1" ]] ||
		boot_fail "position, vectors, revision: $attributes" || return
	$BOOT_BUILD/fileio /dev/ivshmem3
}

# pat_memtype_list of debugfs names the range of each BAR.
case_write_back()
{
	local list

	list=$(sed -ns '3s/^0x\([^ ]*\).*/\1/p' /sys/class/ivshmem/*/device/resource |
		grep -f - /sys/kernel/debug/x86/pat_memtype_list)
	[[ $(grep -c 'write-back$' <<<"$list") == 7 && $(wc -l <<<"$list") == 7 ]] ||
		boot_fail "memory types: $list"
}

# survivor_start NODE: its process id in $survivor, once it holds the node.
survivor_start()
{
	rm -f "/tmp/survivor-$1"
	$BOOT_BUILD/survivor "/tmp/$1" >"/tmp/survivor-$1" &
	survivor=$!
	until grep -qs holding "/tmp/survivor-$1"; do
		kill -0 $survivor || return
		sleep 0.02
	done
}

# taken_away COMMAND…: while two processes hold the first device open and mapped and are busy
# on it, one of them through a node that somebody made elsewhere.
taken_away()
{
	local survivor first other status number

	ln -sf $device /tmp/first
	rm -f /tmp/other
	IFS=: read -ra number </sys/class/ivshmem/ivshmem0/dev
	mknod /tmp/other c "${number[@]}" || return
	survivor_start other || return
	other=$survivor
	survivor_start first || return
	first=$survivor
	"$@" || return
	kill -USR1 "$first" "$other"
	wait "$first"
	status=$?
	grep -v holding /tmp/survivor-first
	wait "$other" || {
		status=1
		sed -n 's/^not ok [0-9]*/# at the other node:/p' /tmp/survivor-other
	}
	[[ ! -e $device ]] || status=1
	return $status
}

# pci_write VALUE FILE
pci_write()
{
	echo "$1" >"/sys/bus/pci/$2"
}

case_unbind()
{
	pci=$(basename "$(readlink -f /sys/class/ivshmem/ivshmem0/device)")
	taken_away pci_write "$pci" drivers/ivshmem/unbind
}

case_rebind()
{
	pci_write "$pci" drivers/ivshmem/bind && $BOOT_BUILD/fileio $device
}

# The device itself goes, driver bound; a scan of the bus finds it again.
case_unplug()
{
	taken_away pci_write 1 "devices/$pci/remove"
}

case_replug()
{
	pci_write 1 rescan && $BOOT_BUILD/fileio $device
}

case_rmmod_open()
{
	local said

	exec 3</dev/ivshmem1
	said=$(rmmod ivshmem 2>&1)
	exec 3<&-
	[[ $said == *"in use"* || $said == *"temporarily unavailable"* ]] ||
		boot_fail "rmmod: $said"
}

case_reload()
{
	rmmod ivshmem && insmod "$BOOT_DRIVER" && [[ -c /dev/ivshmem2 ]]
}

case_log()
{
	rmmod ivshmem && dmesg -r | boot_log_alarms
}

ktap_main \
	case_load "the driver loads" \
	case_devices "there is a node for each of seven devices" \
	case_doorbell "a device with interrupts" \
	"case_program fileio" "read, write and seek" \
	"case_program info" "INFO" \
	"case_program mapping" "mmap" \
	"case_program racing" "page faults that race" \
	case_write_back "the memory is mapped write-back" \
	case_unbind "unbinding while the device is open and mapped" \
	case_rebind "binding it again" \
	case_unplug "removal while the device is open and mapped" \
	case_replug "finding it again" \
	case_rmmod_open "the driver does not unload while a device is open" \
	case_reload "the driver unloads and loads again" \
	case_log "the driver unloads, and nothing is in the kernel log"
