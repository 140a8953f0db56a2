#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest driver on the devices of a stranger: three of QEMU's ivshmem-plain and four
# ivshmem-doorbell, peers of each other. Needs a nested host that has them (lab run --ivshmem): it
# is the guest here, and has two CPUs.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

# position, vectors and interrupts of ivshmem3 to 6: two CPUs have not as many as the last one wants
doorbells=("7 4 4" "8 1 1" "300 64 64" "9 2048 0")
log_wanted='no interrupts, all else works|Interrupt reservation exceeds available'
log_wanted+='|hpet_rtc_timer_reinit'

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

# case_program PROGRAM [NUMBER [OTHER]]: one that tells its own cases; the first device if none is
# named.
case_program()
{
	local numbers=("${@:2}")

	((${#numbers[@]})) || numbers=(0)
	$BOOT_BUILD/"$1" "${numbers[@]/#//dev/ivshmem}"
}

# attributes DEVICE NAME…: on one line
attributes()
{
	(cd "/sys/class/ivshmem/$1" && cat "${@:2}" | xargs)
}

case_doorbells()
{
	local number said

	for number in 3 4 5 6; do
		said=$(attributes ivshmem$number position vectors interrupts)
		[[ $said == "${doorbells[number - 3]}" ]] ||
			boot_fail "ivshmem$number: position, vectors, interrupts: $said" || return
	done
	dmesg | grep -q 'no interrupts, all else works: 2048 vectors' ||
		boot_fail "the driver does not say that the last one has none"
}

# An attribute that tells of what is unknown is not there.
case_unknown()
{
	[[ ! -e /sys/class/ivshmem/ivshmem3/region && ! -e /sys/class/ivshmem/ivshmem3/peers ]]
}

case_irq_names()
{
	local names

	names=$(grep -c ' ivshmem-0000:00:0[0-9a-f].0-[0-9]*$' /proc/interrupts)
	((names == 4 + 1 + 64)) || boot_fail "$names interrupts have names, expected 69"
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

# taken_away NUMBER COMMAND…: while two processes hold that device open and mapped and are busy
# on it or wait, one of them through a node that somebody made elsewhere.
taken_away()
{
	local survivor first other status number device=/dev/ivshmem$1

	ln -sf "$device" /tmp/first
	rm -f /tmp/other
	IFS=: read -ra number <"/sys/class/ivshmem/ivshmem$1/dev"
	shift
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

# pci_of NUMBER: where the device sits.
pci_of()
{
	basename "$(readlink -f "/sys/class/ivshmem/ivshmem$1/device")"
}

# case_unbind NUMBER
case_unbind()
{
	pci=$(pci_of "$1")
	taken_away "$1" pci_write "$pci" drivers/ivshmem/unbind
}

# case_rebind NUMBER
case_rebind()
{
	pci_write "$pci" drivers/ivshmem/bind && case_program fileio "$1"
}

# A device that comes back keeps its id, and counts from 0.
case_rebind_doorbell()
{
	case_rebind 3 && [[ $(attributes ivshmem3 position interrupts fired) == "7 4 0" ]] &&
		case_program doorbell 3 5
}

# The device itself goes, driver bound; a scan of the bus finds it again.
case_unplug()
{
	pci=$(pci_of 0)
	taken_away 0 pci_write 1 "devices/$pci/remove"
}

case_replug()
{
	pci_write 1 rescan && case_program fileio 0
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
	rmmod ivshmem && dmesg -r | grep -vE "$log_wanted" | boot_log_alarms
}

ktap_main \
	case_load "the driver loads" \
	case_devices "there is a node for each of seven devices" \
	case_doorbells "interrupts for all vectors or for none" \
	case_irq_names "interrupts have names" \
	case_unknown "QEMU's devices tell of no peers" \
	"case_program doorbell 3 5" "doorbells of four vectors" \
	"case_program doorbell 4 3" "doorbells of one vector" \
	"case_program doorbell 5 4" "doorbells of 64 vectors" \
	"case_program doorbell 6" "doorbells without interrupts" \
	"case_program doorbell" "doorbells of a plain device" \
	"case_program registers 3" "registers" \
	"case_program registers 6" "registers without interrupts" \
	"case_program registers" "registers of a plain device" \
	"case_program peers 3" "peers that nobody knows" \
	"case_program fileio 3" "read, write and seek beside doorbells" \
	"case_program info 3" "INFO of doorbells" \
	"case_program fileio" "read, write and seek" \
	"case_program info" "INFO" \
	"case_program mapping" "mmap" \
	"case_program racing" "page faults that race" \
	case_write_back "the memory is mapped write-back" \
	"case_unbind 0" "unbinding while the device is open and mapped" \
	"case_rebind 0" "binding it again" \
	"case_unbind 3" "unbinding while doorbells are waited for" \
	case_rebind_doorbell "binding it again" \
	case_unplug "removal while the device is open and mapped" \
	case_replug "finding it again" \
	case_rmmod_open "the driver does not unload while a device is open" \
	case_reload "the driver unloads and loads again" \
	case_log "the driver unloads, and nothing is in the kernel log"
