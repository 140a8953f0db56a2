#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# After all else: the module goes, the kernel log is quiet, the memory is back. run.sh told what was
# at the beginning in KMOD_SHMEM_BEFORE and KMOD_BEGIN.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

unloads()
{
	expect "regions left" control "$(ls /dev/ivshmem)" && rmmod ivshmem_host &&
		[[ ! -e /dev/ivshmem && ! -e /sys/class/ivshmem_region ]]
}

memory_is_back()
{
	expect "Shmem, in KiB" "$KMOD_SHMEM_BEFORE" "$(kmod_shmem)"
}

# The refusals of params.sh are meant to be errors.
log_is_quiet()
{
	local alarms

	alarms=$(kmod_log_alarms "$KMOD_BEGIN" | grep -v 'ivshmem_host: parameter ')
	[[ -z $alarms ]] || fail "$alarms"
}

not_tainted_by_trouble()
{
	# bits 7 (died) and 9 (warned)
	expect "taint of trouble" 0 $(($(cat /proc/sys/kernel/tainted) & (1 << 7 | 1 << 9)))
}

ktap_main unloads "the module unloads" memory_is_back "Shmem is what it was" \
	log_is_quiet "nothing above info in the kernel log" \
	not_tainted_by_trouble "no oops, no warning"
