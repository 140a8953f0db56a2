#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the figures were taken on and with, as a JSON object of texts for people, in their order.
# FORM: how much of a run it was, SECONDS_TAKEN: how long it took.
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 1
# shellcheck source=tests/lab/nested.sh
. tests/lab/nested.sh

# first COMMAND…: the first line that it prints, or "none"
first()
{
	local line

	line=$("$@" 2>/dev/null | head -n 1)
	printf '%s' "${line:-none}"
}

cpu() { first sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo; }
memory() { awk '/^MemTotal:/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo; }
setting() { first sed 's/.*\[\(.*\)\].*/\1/' "/sys/kernel/mm/transparent_hugepage/$1"; }

kvm()
{
	if [ ! -w /dev/kvm ]; then
		echo "no /dev/kvm"
	elif grep -qE '^flags.* (svm|vmx)( |$)' /proc/cpuinfo; then
		echo "hardware"
	else
		echo "software: a CPU without svm and vmx"
	fi
}

lab()
{
	case $(nested_accel) in
	kvm) echo "hardware: the nested host runs with KVM" ;;
	*) echo "software emulation: absolute speeds are worthless" ;;
	esac
}

tree()
{
	git describe --always --dirty 2>/dev/null || echo "no repository"
}

# downloaded by the lab, if it ran at all
lab_kernel() { first basename -a build/lab/root-6.12/lib/modules/*; }

jq -n '$ARGS.positional as $a | [range(0; $a | length; 2) | { ($a[.]): $a[. + 1] }] | add' --args \
	"Date" "$(date -u '+%F %H:%M UTC')" \
	"Form" "${FORM:-unknown}" \
	"Taken in" "$((${SECONDS_TAKEN:-0} / 60)) min $((${SECONDS_TAKEN:-0} % 60)) s" \
	"Machine" "$(cpu), $(nproc) CPUs, $(memory)" \
	"Kernel" "$(uname -sr)" \
	"Huge pages" "$(setting enabled), shmem $(setting shmem_enabled)" \
	"KVM" "$(kvm)" \
	"Lab" "$(lab)" \
	"Lab's kernel" "$(lab_kernel)" \
	"Lab's emulator" "$(first build/lab/bin/qemu-system-x86_64 --version)" \
	"Peer in the lab" "$(first build/lab/bin/qemu-7.2 --version)" \
	"ivmm" "$(first build/vmm/ivmm --version)" \
	"Source" "$(tree)" \
	"Compiler" "$(first "${CC:-gcc}" --version)"
