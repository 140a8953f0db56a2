#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL for peers at random moments, VMMs and processes of the host, while all of them are rung:
# the others hear of each death once, the region stays whole, and then everything goes.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

rounds=50		# VMMs
jobs=2
moment_ms=1500
pests=150		# processes
pest_ms=200
files_slack=64
device=ivshmem,shm=doomed,size=64M,vectors=5

shmem_kib()
{
	awk '$1 == "Shmem:" { print $2 }' /proc/meminfo
}

# one_kill MS COMMAND…: from its start to a moment that differs from run to run.
one_kill()
{
	local pid ms=$((RANDOM % $1))

	"${@:2}" 2>>"$LAB_OUT/killing.log" &
	pid=$!
	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
	kill -KILL $pid || boot_fail "$2 ended by itself" || return
	wait $pid
	(($? == 137))
}

vmm_kills()
{
	local i

	for ((i = 0; i < rounds / jobs; i++)); do
		one_kill $moment_ms ivmm -name "victim$1-$i" -kernel "$kernel" -initrd "$initrd" \
			-append "$GUEST_APPEND" -m 128 -serial none -device $device || return
	done
}

pest_kills()
{
	local i

	for ((i = 0; i < pests; i++)); do
		one_kill $pest_ms $BOOT_BUILD/pest /dev/ivshmem/doomed || return
	done
}

open_files()
{
	cut -f1 /proc/sys/fs/file-nr
}

# Guests that are killed know each other, and one that lives knows them all.
case_living()
{
	boot_guest living 6.12 -device $device && boot_wait living || return
	eventfds=$(boot_eventfds living)
	$BOOT_BUILD/witness /dev/ivshmem/doomed >/tmp/witness &
	witness=$!
	until grep -q watching /tmp/witness; do
		kill -0 $witness || return
		sleep 0.05
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
	files_before=$(open_files)
	boot_region doomed 64M && head -c 64M /dev/urandom >/dev/ivshmem/doomed &&
		sha256sum </dev/ivshmem/doomed >/tmp/doomed
}

case_kills()
{
	local i pids=()

	for ((i = 0; i < jobs; i++)); do
		vmm_kills $i &
		pids+=($!)
	done
	pest_kills &
	pids+=($!)
	for i in "${pids[@]}"; do
		wait "$i" || return
	done
}

case_contents()
{
	sha256sum </dev/ivshmem/doomed | cmp - /tmp/doomed
}

# The living guest alone is left, and each of the others was seen to come once and to go once.
case_witness()
{
	local words

	kill -TERM "$witness"
	wait "$witness" || boot_fail "$(</tmp/witness)" || return
	read -ra words < <(tail -n 1 /tmp/witness)
	((words[1] == words[3] + 1 && words[5] == 1 && words[1] > pests / 2)) ||
		boot_fail "$(</tmp/witness)"
}

# Its VMM has let go of all of them, its driver has heard their rings, and it still takes some.
case_still_lives()
{
	local end=$((SECONDS + 60)) before

	until (($(boot_eventfds living) == eventfds)); do
		((SECONDS < end)) ||
			boot_fail "$(boot_eventfds living) eventfds, $eventfds before" || return
		sleep 0.1
	done
	before=$(boot_interrupts living)
	((before > 0)) || boot_fail "it was never rung" || return
	ivshmemctl ring doomed "$(boot_position living)" 0 && boot_taken living $((before + 1)) &&
		boot_log_clean living && guest_stop living
}

case_nobody_left()
{
	[[ $(</sys/class/ivshmem_region/doomed/users) == 0 && $(boot_peers doomed) == 0 ]] ||
		boot_fail "there are users or peers left"
}

case_unloads()
{
	ivshmemctl destroy doomed && rmmod ivshmem_host
}

case_memory()
{
	local more=$(($(shmem_kib) - shmem_before)) files=$(($(open_files) - files_before))

	((more < 1024)) || boot_fail "$more KiB of shared memory are left" || return
	((files < files_slack)) || boot_fail "$files open files are left"
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
	case_living "a guest joins it, and a process watches" \
	case_kills "$rounds VMMs and $pests processes are killed" \
	case_contents "the region is whole" \
	case_witness "each of them has left once" \
	case_still_lives "the living guest goes on, with nothing of them left" \
	case_nobody_left "nobody uses it any more" \
	case_unloads "it is destroyed, and the module unloads" \
	case_memory "no memory and no file is left behind" \
	case_log "nothing is in the kernel log"
