#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest at work is saved while it runs, killed, and goes on in another process, as often as one
# likes; the region that it shares is not saved but joined again.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

snap=/tmp/boot-snapshot
device=ivshmem,shm=joint,size=4M,vectors=4
pages=200		# a step, of which there are ten in a second
expected=$((pages * 10))

monitor()
{
	$BOOT_BUILD/monitor "$GUEST_RUN/alpha/monitor" "$1"
}

# scribbled: the steps that the guest's process has made; fails if it has found a page wrong.
scribbled()
{
	local steps wrong

	read -r steps wrong < <(guest alpha 'cat /tmp/scribbled')
	[[ $wrong == 0 ]] || boot_fail "steps: $steps, pages that are wrong: $wrong" || return
	printf '%d\n' $((10#$steps))
}

# goes_on STEPS: until it has made more than so many.
goes_on()
{
	local end=$((SECONDS + 60)) steps

	while ((SECONDS < end)); do
		steps=$(scribbled) || boot_fail "$steps" || return
		((steps > $1)) && return
		sleep 0.2
	done
	boot_fail "the guest's process is at step $steps"
}

# snapshot_phase: waits until it has ended, and prints how it did.
snapshot_phase()
{
	local end=$((SECONDS + 120)) info

	while ((SECONDS < end)); do
		info=$(monitor "info snapshot -j") || return
		case $(jq -r .phase <<<"$info") in
		done | cancelled | failed)
			printf '%s\n' "$info"
			return
			;;
		esac
		sleep 0.2
	done
	boot_fail "$info"
}

case_boot()
{
	boot_region joint 4M && boot_guest alpha 6.12 -device $device && boot_wait alpha &&
		guest alpha "scribble $pages 50 100 >/tmp/scribbled 2>&1 &" &&
		guest alpha 'echo before >/dev/ivshmem0' && goes_on 30
}

case_dirty_rate()
{
	local answer rate

	answer=$(monitor "dirty-rate 4 -j") || return
	rate=$(jq '.blocks[] | select(.name == "pc.ram").pages_per_second' <<<"$answer")
	echo "# pages in a second: $rate, stored by the process: $expected at most"
	((rate > expected / 4 && rate < expected * 4)) || boot_fail "$answer"
}

case_live()
{
	local before info

	before=$(scribbled) && monitor "snapshot-live $snap" >/tmp/snapshot-answer || return
	grep -q 'snapshot: begun' /tmp/snapshot-answer ||
		boot_fail "$(</tmp/snapshot-answer)" || return
	info=$(snapshot_phase) || boot_fail "$info" || return
	echo "# $info"
	[[ $(jq -r .phase <<<"$info") == 'done' && -s $snap && ! -e $snap.partial ]] || return
	goes_on "$before"
}

case_cancel()
{
	monitor "snapshot-live $snap-2"$'\n'"snapshot-cancel" >/dev/null || return
	[[ $(snapshot_phase | jq -r .phase) == cancelled ]] && ! compgen -G "$snap-2*"
}

# What ends with the program takes its file with it.
case_ended()
{
	local status

	monitor "snapshot-live $snap-2" >/dev/null && kill -TERM "$(guest_pid alpha)" &&
		guest_reap alpha 30 || return
	status=$(guest_status alpha)
	[[ $status == 143 ]] || boot_fail "status $status" || return
	[[ ! -e $snap-2.partial ]]
}

# refused TEXT OPTION…: ivmm says so, and its status is that of a wrong command line.
refused()
{
	local text=$1 status said

	shift
	said=$(timeout 60 ivmm -serial none "$@" 2>&1)
	status=$?
	[[ $status == 2 && $said == *"$text"* ]] || boot_fail "status $status: $said"
}

case_refused()
{
	refused "taken with -m 128M, and this is -m 256M" -m 256 -device $device -restore $snap &&
		refused "with -smp 1, and this is -smp 2" -smp 2 -device $device -restore $snap &&
		refused "'/dev/ivshmem/joint' of 4M, this machine has not" -restore $snap || return
	head -c 20000000 $snap >$snap-cut
	refused "it was cut short" -device $device -restore $snap-cut
}

# restore: the guest goes on, from the same snapshot each time.
restore()
{
	boot_guest alpha 6.12 -device $device -restore $snap || return
	GUEST_TIMEOUT=30 guest alpha true || boot_fail "$(cat "$LAB_OUT/alpha/ivmm.log")"
}

case_restore()
{
	echo after >/dev/ivshmem/joint
	restore && goes_on "$(scribbled)"
}

case_joined()
{
	[[ $(guest alpha 'head -n 1 /dev/ivshmem0') == after ]] || return
	guest alpha 'echo restored >/dev/ivshmem0' || return
	[[ $(head -n 1 /dev/ivshmem/joint) == restored ]]
}

# The guest is the peer that it was: a process rings it, and hears it.
case_rings()
{
	local taken waiter

	taken=$(boot_interrupts alpha) && ivshmemctl ring joint "$(boot_position alpha)" 2 &&
		boot_taken alpha $((taken + 1)) || return
	ivshmemctl wait joint --peer 40 --count 1 --timeout 60 >/tmp/snapshot-waiter &
	waiter=$!
	until grep -qs 40 /tmp/snapshot-waiter; do
		kill -0 $waiter || return
		sleep 0.05
	done
	guest alpha 'ivshmemctl ring /dev/ivshmem0 40 0' && wait $waiter
}

case_again()
{
	guest_kill alpha && restore && goes_on "$(scribbled)" && boot_log_clean alpha
}

case_off()
{
	guest_stop alpha
	rm -f $snap $snap-*
}

ktap_main \
	case_boot "a guest boots, and a process in it is at work" \
	case_dirty_rate "the monitor counts the pages that it stores to" \
	case_live "the guest is saved while it runs" \
	case_cancel "saving it once more is cancelled, and leaves no file" \
	case_ended "so does the end of the program meanwhile" \
	case_refused "another machine does not go on, nor does one go on from half a file" \
	case_restore "the guest goes on, with nothing lost" \
	case_joined "the region is shared again" \
	case_rings "doorbells come and go" \
	case_again "it goes on from there once more" \
	case_off "and powers off"
