# shellcheck shell=bash disable=SC2034 # the names are for the scripts that source this
# SPDX-License-Identifier: GPL-2.0-only
# Where the lab keeps its things, and how it speaks: sourced by every script of the lab.

LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
LAB_REPO=$(cd "$LAB_SRC/../.." && pwd -P)
LAB_DIR=$LAB_REPO/build/lab
LAB_KERNELS=(6.1 6.12)

say()
{
	printf 'lab: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

need_kernel()
{
	local version

	for version in "${LAB_KERNELS[@]}"; do
		[[ $version == "$1" ]] && return 0
	done
	die "kernel '$1' is not one of the lab's: ${LAB_KERNELS[*]}"
}
