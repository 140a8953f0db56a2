#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Not tests but figures: how long a guest takes to its init, what ivmm costs beside the guest's RAM,
# how large it is. Inside a nested host.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/ktap.sh
. tests/ktap.sh
# shellcheck source=tests/lab/guest.sh
. tests/lab/guest.sh

FIGURES_N=5
FIGURES_KERNEL=6.12

now_ms()
{
	local us=${EPOCHREALTIME/[.,]/}

	echo $((us / 1000))
}

# The console is a pipe, read as it is written: no polling, no process beside the guest.
figure_boot_once()
{
	local console=$LAB_OUT/figures.console machine pipe pid start line

	rm -f "$console"
	mkfifo "$console"
	exec {pipe}<>"$console"
	mapfile -t machine < <(guest_machine $FIGURES_KERNEL)
	start=$(now_ms)
	ivmm "${machine[@]}" -serial "file:$console" -no-reboot &
	pid=$!
	while IFS= read -r -t 240 line; do
		[[ $line == "init: up"* ]] && break
	done <&"$pipe"
	took=$(($(now_ms) - start))
	exec {pipe}<&-
	kill -KILL $pid
	wait $pid
	status=$?
	[[ $line == "init: up"* ]]
}

# A guest that hung (and was killed) or reset before its init is the emulator's loss, counted as
# one.
figure_boot_taken()
{
	local took status

	figure_boot_once && boot_ms+=("$took") && return
	[[ ${LAB_ACCEL:-tcg} == tcg && ($status == 137 || $status == "$GUEST_STATUS_BROKEN") ]] ||
		return 1
	echo "guest for a figure: ended with status $status before its init" >>"$LAB_OUT/lost"
	figure_boot_once && boot_ms+=("$took")
}

figure_boot()
{
	local boot_ms=() i

	for ((i = 0; i < FIGURES_N; i++)); do
		figure_boot_taken || return 1
	done
	ktap_figure ivmm_exec_to_init_ms "${boot_ms[@]}"
}

# Private pages of everything but the guest's RAM, in KiB.
private_kib()
{
	awk -v ram=$((GUEST_MEM * 1024)) '
		/^[0-9a-f]+-[0-9a-f]+ / { path = $6; size = 0 }
		/^Size:/ { size = $2 }
		/^Private_(Clean|Dirty):/ && size != ram && path !~ /ivshmem/ { sum += $2 }
		END { print sum }' "/proc/$1/smaps"
}

figure_private()
{
	local kib

	guest_start figures $FIGURES_KERNEL && guest_wait figures 240 || return 1
	kib=$(private_kib "$(guest_pid figures)")
	guest_stop figures || return 1
	((kib > 0)) && ktap_figure ivmm_private_kib "$kib"
}

figure_size()
{
	local stripped

	stripped=$(mktemp)
	strip -o "$stripped" build/vmm/ivmm &&
		ktap_figure ivmm_stripped_kib $(($(stat -c %s "$stripped") / 1024))
	rm -f "$stripped"
}

ktap_main figure_boot "from exec of ivmm to the first line of the guest's init" \
	figure_private "ivmm's private memory beside the guest's RAM, with one vCPU" \
	figure_size "ivmm's size"
