#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Not tests but figures: how long a guest takes to its init, what ivmm costs beside the guest's RAM,
# how large it is. Inside a nested host.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/ktap.sh
. tests/ktap.sh
# shellcheck source=tests/lab/guest.sh
. tests/lab/guest.sh
# shellcheck source=tests/boot/measure.sh
. tests/boot/measure.sh

FIGURES_N=5
FIGURES_KERNEL=6.12

figure_boot()
{
	local boot_ms=() machine i

	mapfile -t machine < <(guest_machine $FIGURES_KERNEL)
	for ((i = 0; i < FIGURES_N; i++)); do
		measure_boot ivmm "${machine[@]}" || return 1
		boot_ms+=("$measure_ms")
	done
	ktap_figure ivmm_exec_to_init_ms "${boot_ms[@]}"
}

figure_private()
{
	local kib

	guest_start figures $FIGURES_KERNEL && guest_wait figures 240 || return 1
	kib=$(measure_private_kib "$(guest_pid figures)")
	guest_stop figures || return 1
	((kib > 0)) && ktap_figure ivmm_private_kib "$kib"
}

figure_size()
{
	local kib

	kib=$(measure_stripped_kib build/vmm/ivmm) && ktap_figure ivmm_stripped_kib "$kib"
}

ktap_main figure_boot "from exec of ivmm to the first line of the guest's init" \
	figure_private "ivmm's private memory beside the guest's RAM, with one vCPU" \
	figure_size "ivmm's size"
