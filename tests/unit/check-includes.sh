#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Dependencies between the folders of vmm/ point one way: who may include whose headers.
set -u
cd "$(dirname "$0")/../.." || exit 1

# folder: the folders whose headers it may include, besides its own and those directly in vmm/
allowed() {
	case $1 in
	memory) ;;
	io) ;;
	kvm) echo memory io pci ;;
	pci) echo memory io ;;
	hostmem) echo memory io ;;
	hw) echo memory pci hostmem io kvm ;;
	boot) echo memory kvm ;;
	snapshot) echo memory io ;;
	monitor) echo memory pci kvm io snapshot ;;
	ctl) echo hostmem io ;;
	esac
}

number=0
status=0

# report NAME OFFENDERS: passes if there are none
report() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		printf '%s\n' "$2" | sed 's/^/# /'
		echo "not ok $number - $1"
		status=1
	fi
}

folders=(vmm/*/)
echo "1..$((${#folders[@]} + 2))"
for folder in "${folders[@]}"; do
	folder=$(basename "$folder")
	others=$(allowed "$folder" | tr ' ' '|')
	report "vmm/$folder includes no other folder than: ${others:-none}" "$(
		grep -rHn --include='*.[ch]' '^#include "[a-z]*/' "vmm/$folder" |
			grep -Ev "#include \"($folder${others:+|$others})/"
	)"
done
report "machine.h is included by main, machine and the monitor alone" "$(
	grep -rHn --include='*.[ch]' '"machine.h"' vmm |
		grep -Ev '^vmm/(main\.c|machine[a-z_]*\.c|monitor/)'
)"
report "the model of memory knows no KVM" "$(
	grep -rHni --include='*.[ch]' '#include <linux/kvm.h>' vmm/memory vmm/pci vmm/hostmem
)"
exit $status
