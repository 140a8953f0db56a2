# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the kmod tier's scripts share: the module, the kernel log, and what memory it holds. Sourced
# from the top of the tree, inside a nested host.

# shellcheck source=tests/ktap.sh
. tests/ktap.sh

KMOD_FILE=build/kmod/$(uname -r)/ivshmem_host.ko
KMOD_SYSFS=/sys/class/ivshmem_region

# What a kernel says when any module from outside its tree is loaded, when somebody asks for more
# memory than there is, and of an emulator's slow clocks.
KMOD_LOG_KNOWN='taint|signature and/or required key missing|interrupt took|clocksource'
KMOD_LOG_KNOWN+='|hpet: |hpet_rtc_timer_reinit: '
KMOD_LOG_KNOWN+='|workqueue: .* hogged CPU|not? enough memory for the allocation'

fail()
{
	printf '%s\n' "$*"
	return 1
}

# expect WHAT WANTED GOT
expect()
{
	[[ $3 == "$2" ]] || fail "$1 is '$3', expected '$2'"
}

# run COMMAND…: its standard output and error in $output, its status in $status.
run()
{
	status=0
	# shellcheck disable=SC2034 # for the caller
	output=$("$@" 2>&1) || status=$?
}

kmod_load()
{
	kmod_unload && insmod "$KMOD_FILE" "$@"
}

kmod_unload()
{
	[[ ! -d /sys/module/ivshmem_host ]] || rmmod ivshmem_host
}

# kmod_mark TEXT: a line in the kernel log to look from.
kmod_mark()
{
	printf '<6>kmod-tests: %s\n' "$1" >/dev/kmsg
}

# kmod_log_since TEXT: what the kernel log has got since that mark, as "<PRIORITY>[TIME] LINE".
kmod_log_since()
{
	dmesg --raw | awk -v mark="kmod-tests: $1" '
		index($0, mark) { text = ""; next }
		{ text = text $0 "\n" }
		END { printf "%s", text }'
}

# kmod_log_alarms TEXT: those of its lines above the level info that are not known.
kmod_log_alarms()
{
	kmod_log_since "$1" | awk -F'[<>]' '$2 % 8 < 6' | grep -vE "$KMOD_LOG_KNOWN"
	return 0
}

# Shared memory in use, in KiB, with what each CPU has counted by itself.
kmod_shmem()
{
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^Shmem:/ { print $2 }' /proc/meminfo
}

# sysfs NAME ATTRIBUTE
sysfs()
{
	cat "$KMOD_SYSFS/$1/$2"
}
