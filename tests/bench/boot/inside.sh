#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# inside.sh ROUNDS SECONDS TYPE…: the same guest booted by each machine type, in turns, inside a
# nested host; no round begins after so many seconds. What comes of it is in $LAB_OUT/samples, a
# line each: figure, type, round, value.
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh
# shellcheck source=tests/boot/measure.sh
. tests/boot/measure.sh
# shellcheck source=tests/bench/boot/trace.sh
. tests/bench/boot/trace.sh

rounds=$1 seconds=$2
shift 2
types=("$@")

kernel=6.12
region=bench-boot
MEASURE_BOOT_S=60
MEASURE_AT_INIT=taken_at_init
# Of the lab: the emulator of the nested host, newer than $GUEST_QEMU.
qemu_new=qemu-system-x86_64
# No device that the guest doesn't need, and a processor as ivmm has it.
qemu_options=(-nodefaults -no-user-config -display none -accel kvm -cpu host)
# What its documentation has for the quickest start: firmware made for it, no legacy devices.
microvm_least=microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on

# sample FIGURE TYPE VALUE
sample()
{
	echo "$1 $2 $round $3" >>"$LAB_OUT/samples"
}

# vmm_words TYPE: sets vmm.
vmm_words()
{
	case $1 in
	ivmm) vmm=(ivmm) ;;
	qboot) vmm=("$GUEST_QEMU" -machine "$microvm_least" -bios qboot.rom) ;;
	new_*) vmm=("$qemu_new" -machine "${1#new_}") ;;
	*) vmm=("$GUEST_QEMU" -machine "$1") ;;
	esac
	[[ $1 == ivmm ]] || vmm+=("${qemu_options[@]}")
}

# warm TYPE: none of the files it is made of has to be read any more.
warm()
{
	local vmm pid=/tmp/bench-boot.pid

	vmm_words "$1"
	if [[ $1 == ivmm ]]; then
		cat "$(type -P ivmm)" "${machine[@]: -3:1}" "${machine[@]: -1}" >/dev/null
		ivmm --version
	else
		"${vmm[@]}" "${machine[@]}" -S -daemonize -pidfile $pid &&
			kill -KILL "$(<$pid)"
	fi
}

taken_at_init()
{
	trace_init_is_up
	private_kib=$(measure_private_kib "$1")
}

# boot TYPE
boot()
{
	local vmm private_kib=0 times

	vmm_words "$1"
	trace_clear
	measure_boot "${vmm[@]}" "${machine[@]}" || return
	times=$(trace_times) || return
	sample kernel "$1" "${times% *}"
	sample init "$1" "${times#* }"
	sample private "$1" "$private_kib"
}

# create_to_cat: a region, a guest, its driver, what the host has put there.
create_to_cat()
{
	local now_us start text

	boot_module
	measure_now && start=$now_us
	ivshmemctl create $region 1M && echo hello >/dev/ivshmem/$region &&
		guest_start cat $kernel -device ivshmem,shm=$region,size=1M &&
		guest_wait cat $MEASURE_BOOT_S &&
		text=$(guest cat 'insmod /lib/modules/ivshmem.ko &&
			cat /dev/ivshmem0 | head -n 1')
	measure_now
	guest_kill cat
	ivshmemctl destroy $region
	[[ ${text-} == hello ]] && sample create_to_cat ivmm $(((now_us - start) / 1000))
}

# said PERCENT TEXT
said()
{
	echo "progress $*" >&2
}

all()
{
	local round type step=0 steps=$((rounds * (${#types[@]} + 1)))

	for ((round = 1; round <= rounds && SECONDS < seconds; round++)); do
		for type in "${types[@]}" cat; do
			said $((10 + 90 * step++ / steps)) "$type, round $round of $rounds"
			if [[ $type == cat ]]; then
				create_to_cat
			else
				boot "$type"
			fi || echo "$type: no figures in round $round" >&2
		done
	done
}

mapfile -t machine < <(guest_machine $kernel)
trace_begin || exit
for type in "${types[@]}"; do
	said 5 "$type: files"
	warm "$type" >/dev/null
done
all
