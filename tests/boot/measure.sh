# shellcheck shell=bash disable=SC2034 # measure_ms is for the scripts that source this
# SPDX-License-Identifier: GPL-2.0-only
# How a VMM is measured inside a nested host: its guest's boot, its memory. Sourced behind
# tests/lab/guest.sh.

MEASURE_BOOT_S=240
# What is called with the VMM's process id once its guest's init is up; the guest runs meanwhile.
MEASURE_AT_INIT=:

# measure_now: sets now_us.
measure_now()
{
	now_us=${EPOCHREALTIME/[.,]/}
}

# measure_until_init PID FD: reads a console until init is up; false if the VMM ends before, or
# hangs. The end of the console says neither, since the reader has it open for writing as well.
measure_until_init()
{
	local end=$((SECONDS + MEASURE_BOOT_S)) line='' part

	while ((SECONDS < end)); do
		if IFS= read -r -t 1 -u "$2" part; then
			[[ $line$part == "init: up"* ]] && return
			line=
		else
			line+=$part
			kill -0 "$1" 2>/dev/null || return
		fi
	done
	return 1
}

# measure_boot_once VMM-WORD…: starts it with the guest's console in a pipe that is read as it is
# written: no process beside the guest. Sets measure_ms, from exec to the first line of init, and
# measure_status, how the VMM ended; that is killed then.
measure_boot_once()
{
	local console=$LAB_OUT/measure.console pipe pid start now_us up=

	rm -f "$console"
	mkfifo "$console"
	exec {pipe}<>"$console"
	measure_now && start=$now_us
	"$@" -serial "file:$console" -no-reboot &
	pid=$!
	measure_until_init $pid "$pipe" && up=yes
	measure_now && measure_ms=$(((now_us - start) / 1000))
	[[ -n $up ]] && $MEASURE_AT_INIT $pid
	exec {pipe}<&-
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	measure_status=$?
	[[ -n $up ]]
}

# measure_boot VMM-WORD…: the same. A guest that hung (and was killed) or reset before its init is
# the emulator's loss, counted as one.
measure_boot()
{
	local reset=$GUEST_STATUS_BROKEN

	measure_boot_once "$@" && return
	[[ $1 == ivmm ]] || reset=0
	[[ ${LAB_ACCEL:-tcg} == tcg && ($measure_status == 137 || $measure_status == "$reset") ]] ||
		return 1
	echo "guest of $1 for a figure: ended with status $measure_status before its init" \
		>>"$LAB_OUT/lost"
	measure_boot_once "$@"
}

# measure_private_kib PID: private pages of everything but the guest's RAM, and its RAM disk where a
# VMM keeps that mapped.
measure_private_kib()
{
	awk -v ram=$((GUEST_MEM * 1024)) -v initrd="$GUEST_LAB/initrd/" '
		/^[0-9a-f]+-[0-9a-f]+ / {
			ours = index($6, "/dev/ivshmem/") != 1 && index($6, initrd) != 1
		}
		/^Size:/ { size = $2 }
		/^Private_(Clean|Dirty):/ && ours && size != ram { sum += $2 }
		END { print sum + 0 }' "/proc/$1/smaps"
}

# measure_stripped_kib FILE: the size of a program without its symbols.
measure_stripped_kib()
{
	local stripped status=1

	stripped=$(mktemp)
	strip -o "$stripped" "$1" && echo $(($(stat -c %s "$stripped") / 1024)) && status=0
	rm -f "$stripped"
	return $status
}
