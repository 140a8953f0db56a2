#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shared memory is of 2 MiB pages all the way down: in the host's page tables and in KVM's.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

size_kib=65536

case_boot()
{
	boot_region huge 64M && boot_guest alpha 6.12 -device ivshmem,shm=huge,size=64M &&
		boot_wait alpha
}

# kvm_pages SIZE: how many pages of 4k or 2m KVM maps for alpha.
kvm_pages()
{
	cat "/sys/kernel/debug/kvm/$(guest_pid alpha)"-*/"pages_$1"
}

# Guest RAM is mapped as it is touched, by the same command, before the region is.
case_kvm()
{
	local before_2m before_4k more_2m more_4k

	guest alpha 'dd if=/dev/zero of=/dev/null bs=1M count=64 2>/dev/null' || return
	before_2m=$(kvm_pages 2m) before_4k=$(kvm_pages 4k)
	guest alpha 'dd if=/dev/zero of=/dev/ivshmem0 bs=1M count=64 2>/dev/null' || return
	more_2m=$(($(kvm_pages 2m) - before_2m)) more_4k=$(($(kvm_pages 4k) - before_4k))
	((more_2m >= 32 && more_4k < 512)) ||
		boot_fail "touching 64 MiB maps $more_2m pages of 2 MiB and $more_4k of 4 KiB more"
}

case_user()
{
	guest alpha 'mapping /dev/ivshmem0' | grep -x 'ok [0-9]* - a fault maps 2 MiB'
}

case_sysfs()
{
	local huge

	huge=$(</sys/class/ivshmem_region/huge/huge_kb)
	((huge == size_kib)) || boot_fail "huge_kb is $huge"
}

# The pages belong to a file of the module's own, which bears the name of the region.
case_smaps()
{
	local mapped smaps

	smaps=/proc/$(guest_pid alpha)/smaps
	mapped=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { ours = $6 ~ /huge/ }
		ours && $1 == "ShmemPmdMapped:" { sum += $2 }
		END { print sum + 0 }' "$smaps")
	((mapped == size_kib)) ||
		boot_fail "ShmemPmdMapped is $mapped kB" "$(grep -A 1 ' rw-s ' "$smaps")"
}

ktap_main \
	case_boot "a guest boots" \
	case_kvm "KVM maps what the guest touches by 2 MiB" \
	case_user "so does the guest for its processes" \
	case_sysfs "the region says that it is of huge pages" \
	case_smaps "ivmm's own mapping is of huge pages"
