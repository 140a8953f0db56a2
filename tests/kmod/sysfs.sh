#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Attributes of regions in sysfs, and the tracepoints.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

TRACEFS=/sys/kernel/tracing

values()
{
	ivshmemctl create values 8M && {
		expect size 8388608 "$(sysfs values size)" &&
			expect allocated_kb 0 "$(sysfs values allocated_kb)" &&
			expect huge_kb 0 "$(sysfs values huge_kb)" &&
			expect users 0 "$(sysfs values users)" &&
			dd if=/dev/urandom of=/dev/ivshmem/values bs=1M count=3 2>/dev/null &&
			expect "allocated_kb, written" 4096 "$(sysfs values allocated_kb)" &&
			expect "huge_kb, written" 4096 "$(sysfs values huge_kb)" &&
			expect "users, open twice" 2 "$(
				sysfs values users 3</dev/ivshmem/values 4</dev/ivshmem/values
			)" &&
			expect "users, closed" 0 "$(sysfs values users)"
	} && ivshmemctl destroy values && [[ ! -e $KMOD_SYSFS/values ]]
}

# What there is to count are pages, however large the region: reading ends at once.
huge_region()
{
	local overcommit

	overcommit=$(</proc/sys/vm/overcommit_memory)
	echo 1 >/proc/sys/vm/overcommit_memory
	ivshmemctl create huge 1E && {
		printf x | dd of=/dev/ivshmem/huge bs=1 seek=$((1 << 50)) 2>/dev/null
		expect "huge_kb of 1 EiB" 2048 "$(timeout 10 cat $KMOD_SYSFS/huge/huge_kb)"
	} && ivshmemctl destroy huge
	local status=$?
	echo "$overcommit" >/proc/sys/vm/overcommit_memory
	return $status
}

read_only()
{
	local file

	ivshmemctl create values 8M
	for file in id size allocated_kb huge_kb users peers vectors max_peers max_vectors \
		max_user_kb; do
		expect "mode of $file" 444 "$(stat -c %a $KMOD_SYSFS/values/$file)" || return
		expect "lines of $file" 1 "$(wc -l <$KMOD_SYSFS/values/$file)" || return
	done
	ivshmemctl destroy values
}

device_number()
{
	ivshmemctl create number 4k &&
		expect "its device number" "$(stat -c '%Hr:%Lr' /dev/ivshmem/number)" \
			"$(sysfs number dev)" &&
		grep -qx DEVNAME=ivshmem/number $KMOD_SYSFS/number/uevent &&
		grep -qx DEVMODE=0600 $KMOD_SYSFS/number/uevent && ivshmemctl destroy number
}

tracepoints()
{
	mountpoint -q $TRACEFS || mount -t tracefs tracefs $TRACEFS
	: >$TRACEFS/trace
	echo 1 >$TRACEFS/events/ivshmem_host/enable || return
	ivshmemctl create traced 4k --owner 123 && ivshmemctl destroy traced
	build/tests/kmod/doorbell >/dev/null
	echo 0 >$TRACEFS/events/ivshmem_host/enable
	local line

	for line in 'ivshmem_region_create: name=traced id=[0-9]* size=4096 uid=123' \
		'ivshmem_region_destroy: name=traced' \
		'ivshmem_join: name=rings id=[0-9]* peer=1 serial=1$' \
		'ivshmem_join: name=nobody id=[0-9]* peer=-1 serial=2$' \
		'ivshmem_leave: name=rings id=[0-9]* peer=2 serial=2$' \
		'ivshmem_doorbell: name=rings id=[0-9]* peer=1 vector=2 serial=0 err=0$' \
		'ivshmem_doorbell: name=nobody id=[0-9]* peer=2 vector=0 serial=0 err=-3$'; do
		grep -q "$line" $TRACEFS/trace && continue
		grep -v vector=.. $TRACEFS/trace
		fail "no line $line" || return
	done
}

version()
{
	expect "modinfo's licence" GPL "$(modinfo -F license "$KMOD_FILE")" &&
		[[ -n $(modinfo -F version "$KMOD_FILE") ]] &&
		[[ -n $(modinfo -F description "$KMOD_FILE") ]] &&
		expect parameters "max_peers max_user_kb max_vectors regions" \
			"$(modinfo -F parm "$KMOD_FILE" | cut -d: -f1 | sort | xargs)"
}

ktap_main values "attributes follow what is done to the region" \
	huge_region "a region of 1 EiB is described at once" \
	read_only "attributes are of one line, for reading, by everybody" \
	device_number "sysfs and the node agree" \
	tracepoints "regions, members and lookups of doorbells are traced" \
	version "modinfo tells version, licence and parameter"
