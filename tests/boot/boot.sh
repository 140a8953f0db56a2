# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the boot tier's programs share: the host module, guests whose RAM disk holds the tier's own
# programs, and an end that leaves nothing behind. Sourced first, from the top of the tree.

# shellcheck source=tests/lab/guest.sh
. tests/lab/guest.sh
# shellcheck source=tests/ktap.sh
. tests/ktap.sh

BOOT_WAIT_S=240
BOOT_MUSTER_S=320
BOOT_BUILD=build/tests/boot
BOOT_MODULE=build/kmod/$(uname -r)/ivshmem_host.ko
BOOT_LOG_KNOWN='taint|signature and/or required key|interrupt took|clocksource|hpet'
BOOT_DRIVER=build/kmod/$(uname -r)/ivshmem.ko

boot_fail()
{
	printf '%s\n' "$*"
	return 1
}

# boot_module: loads the host module unless it is loaded.
boot_module()
{
	[[ -d /sys/module/ivshmem_host ]] || insmod "$BOOT_MODULE"
}

# boot_region NAME SIZE
boot_region()
{
	boot_module && ivshmemctl create "$1" "$2"
}

# boot_initrd VERSION: the lab's RAM disk for guests with the programs behind it.
boot_initrd()
{
	local initrd=/tmp/boot-initrd-$1

	[[ -e $initrd ]] || cat "$GUEST_LAB/initrd/guest-$1" $BOOT_BUILD/programs.cpio >"$initrd"
	printf '%s\n' "$initrd"
}

# boot_guest NAME VERSION [IVMM-OPTION…]: starts it; boot_wait waits.
boot_guest()
{
	local name=$1 version=$2

	shift 2
	guest_start "$name" "$version" -initrd "$(boot_initrd "$version")" "$@"
}

# With memory above 4 GiB, so that the firmware has a place for the shared memory there as well:
# below, it declares all of it uncached.
boot_qemu_guest()
{
	local name=$1 version=$2

	shift 2
	qemu_guest_start "$name" "$version" -initrd "$(boot_initrd "$version")" \
		-machine pc,max-ram-below-4g=256M -m 384 "$@"
}

# boot_wait NAME…: until each takes commands and has the driver loaded.
boot_wait()
{
	local name

	for name in "$@"; do
		guest_wait "$name" $BOOT_WAIT_S || return 1
		guest "$name" 'dmesg -c >/dev/null; insmod /lib/modules/ivshmem.ko' || return 1
	done
}

# boot_driver_here: the guest driver, for the nested host's own devices.
boot_driver_here()
{
	dmesg -c >/dev/null
	insmod "$BOOT_DRIVER"
}

# boot_log_alarms: nothing in the kernel log on standard input is above `info` or looks like an
# accident; that the module is not Debian's is none, nor is a slow emulator.
boot_log_alarms()
{
	local log

	log=$(grep -E '^<[0-4]>|BUG|WARNING|Call Trace' |
		grep -vE "$BOOT_LOG_KNOWN")
	[[ -z $log ]] || boot_fail "$log"
}

# boot_log_clean NAME: that of a guest, since its driver was loaded.
boot_log_clean()
{
	guest "$1" "dmesg -r" | boot_log_alarms
}

# boot_digest NAME FILE: of its first MiB.
boot_digest()
{
	guest "$1" "head -c 1048576 $2 | sha256sum" | cut -d' ' -f1
}

# boot_peers REGION: how many live.
boot_peers()
{
	cat "/sys/class/ivshmem_region/$1/peers"
}

# boot_position NAME: a guest's own id, as its device tells.
boot_position()
{
	guest "$1" 'cat /sys/class/ivshmem/ivshmem0/position'
}

# boot_interrupts NAME: how many a guest's driver has taken.
boot_interrupts()
{
	guest "$1" "awk '/ivshmem/ { sum += \$2 } END { print sum + 0 }' /proc/interrupts"
}

# boot_eventfds NAME: how many its VMM has open.
boot_eventfds()
{
	find "/proc/$(guest_pid "$1")/fd" -lname '*\[eventfd\]' | wc -l
}

# boot_taken NAME COUNT: until a guest's driver has taken so many.
boot_taken()
{
	local end=$((SECONDS + 60)) count

	while ((SECONDS < end)); do
		count=$(boot_interrupts "$1") || return
		((count == $2)) && return
		sleep 0.1
	done
	boot_fail "$1 has taken $count interrupts, expected $2"
}

# boot_doubled: "doubled N" for each who counted, on standard input. None is, except that the
# emulator now and then delivers an interrupt that KVM has injected once more, as an exception of
# that number: kvm_exit then tells of a type 3 in intr_info.
boot_doubled()
{
	local count most=0

	[[ ${LAB_ACCEL:-tcg} == tcg ]] && most=1
	count=$(awk '$1 == "doubled" { sum += $2 } END { print sum + 0 }')
	((count <= most)) || boot_fail "$count interrupts more than there were rings"
}

# boot_seat REGION NUMBER SEATS ROUNDS VECTORS NAME:EAR: one process of a muster, `host` for a
# process of the host.
boot_seat()
{
	if [[ ${6%:*} == host ]]; then
		$BOOT_BUILD/muster "/dev/ivshmem/$1" "${@:2:4}" "${6#*:}"
	else
		GUEST_TIMEOUT=$BOOT_MUSTER_S \
			guest "${6%:*}" "muster /dev/ivshmem0 ${*:2:4} ${6#*:}"
	fi
}

# boot_muster REGION ROUNDS VECTORS NAME:EAR…: everyone of these rings everyone (muster.c), the
# order being that of the turns. What came of it is printed, and how many rings were counted.
boot_muster()
{
	local region=$1 rounds=$2 vectors=$3 number=0 status=0 seat pid pids=()

	shift 3
	head -c 64K /dev/zero >"/dev/ivshmem/$region"
	for seat in "$@"; do
		[[ -z ${BOOT_BEFORE_SEAT:-} ]] || $BOOT_BEFORE_SEAT "${seat%:*}" $# || return
		boot_seat "$region" $number $# "$rounds" "$vectors" "$seat" >"/tmp/muster-$number" &
		pids+=($!)
		number=$((number + 1))
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	cat /tmp/muster-*
	((status)) || awk -v n=$# '$3 == "rung" { sum += $4 } END {
		print "# figure muster_rings", sum, sum, sum, 1, n }' /tmp/muster-*
	boot_doubled < <(cat /tmp/muster-*) || status=1
	rm -f /tmp/muster-*
	return $status
}

# Whatever a program's end was: no guest of it lives on, no region stays.
boot_end()
{
	local run name

	for run in "$GUEST_RUN"/*/; do
		name=$(basename "$run")
		[[ -e $run/pid ]] && guest_kill "$name"
	done
	if [[ -d /sys/module/ivshmem_host ]]; then
		for name in /sys/class/ivshmem_region/*; do
			[[ -e $name ]] && ivshmemctl destroy "$(basename "$name")"
		done
	fi
	rm -f /tmp/boot-initrd-*
}
trap boot_end EXIT
