#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL for ivmm at random moments, 50 times: the region stays whole, and then everything goes.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

rounds=50
jobs=2
moment_ms=1500

shmem_kib()
{
	awk '$1 == "Shmem:" { print $2 }' /proc/meminfo
}

# one_kill NUMBER: an ivmm from its start to a moment that differs from run to run.
one_kill()
{
	local pid ms=$((RANDOM % moment_ms))

	ivmm -name "victim$1" -kernel "$kernel" -initrd "$initrd" -append "$GUEST_APPEND" -m 128 \
		-serial none -device ivshmem,shm=doomed,size=64M 2>>"$LAB_OUT/killing.log" &
	pid=$!
	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
	kill -KILL $pid || boot_fail "ivmm ended by itself" || return
	wait $pid
	(($? == 137))
}

kills()
{
	local i

	for ((i = 0; i < rounds / jobs; i++)); do
		one_kill "$1-$i" || return
	done
}

case_prepare()
{
	kernel=$(echo build/lab/root-6.12/boot/vmlinuz-*)
	initrd=$(boot_initrd 6.12)
	if [[ -d /sys/module/ivshmem_host ]]; then
		rmmod ivshmem_host || return
	fi
	dmesg >/tmp/dmesg-before
	shmem_before=$(shmem_kib)
	boot_region doomed 64M && head -c 64M /dev/urandom >/dev/ivshmem/doomed &&
		sha256sum </dev/ivshmem/doomed >/tmp/doomed
}

case_kills()
{
	local i pids=()

	for ((i = 0; i < jobs; i++)); do
		kills $i &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || return
	done
}

case_contents()
{
	sha256sum </dev/ivshmem/doomed | cmp - /tmp/doomed
}

case_nobody_left()
{
	[[ $(</sys/class/ivshmem_region/doomed/users) == 0 ]] || boot_fail "there are users left"
}

case_unloads()
{
	ivshmemctl destroy doomed && rmmod ivshmem_host
}

case_memory()
{
	local more=$(($(shmem_kib) - shmem_before))

	((more < 1024)) || boot_fail "$more KiB of shared memory are left"
}

# Since before; KVM tells of guests' accesses to MSRs that it does not know.
case_log()
{
	local log

	log=$(dmesg --level emerg,alert,crit,err,warn,notice | grep -vxFf /tmp/dmesg-before |
		grep -vE "Unhandled (WR|RD)MSR|$BOOT_LOG_KNOWN")
	[[ -z $log ]] || boot_fail "$log"
}

ktap_main \
	case_prepare "a region is filled" \
	case_kills "$rounds VMMs are killed" \
	case_contents "the region is whole" \
	case_nobody_left "nobody uses it any more" \
	case_unloads "it is destroyed, and the module unloads" \
	case_memory "no memory is left behind" \
	case_log "nothing is in the kernel log"
