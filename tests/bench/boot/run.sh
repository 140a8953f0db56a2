#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh OUT.json: how long guests take to boot and what their VMMs cost, ivmm beside machine types
# of QEMU, in the lab. QUICK=1: once each, and fewer types.
set -uo pipefail
[[ ${1:-} == *.json ]] || {
	echo "usage: run.sh OUT.json" >&2
	exit 2
}
json=$(realpath -m "$1")
cd "$(dirname "$(readlink -f "$0")")/../../.." || exit 1

rounds=5 seconds=360 limit=420
types=(ivmm pc q35 microvm qboot new_pc new_microvm)
if [[ -n ${QUICK-} ]]; then
	rounds=1 seconds=60 limit=90
	types=(ivmm pc q35 microvm)
fi
# Emptied first, so no folder that is named by the user.
out=$PWD/build/bench/boot.d

# stripped_samples: the programs' sizes; the lab's QEMU comes without symbols.
stripped_samples()
{
	local qemu=build/lab/root-qemu-7.2/usr/bin/qemu-system-x86_64

	# shellcheck source=tests/boot/measure.sh
	. tests/boot/measure.sh
	echo "stripped ivmm 0 $(measure_stripped_kib build/vmm/ivmm)"
	echo "stripped pc 0 $(measure_stripped_kib $qemu)"
}

interrupted=
trap 'interrupted=yes' INT TERM
rm -rf "$out" && mkdir -p "$out" || exit
echo "progress 0 the lab boots" >&2
why=
tests/lab/lab run --timeout $limit --out "$out" -- \
	tests/bench/boot/inside.sh $rounds $seconds "${types[@]}" </dev/null ||
	why="the lab ended with status $?"
[[ -z $interrupted ]] || why=interrupted
stripped_samples >>"$out/samples"
jq -Rn --arg why "${why:-no boot of it came to its end}" -f tests/bench/boot/figures.jq \
	"$out/samples" >"$json" || exit
[[ -z $why ]] || echo "$why" >&2
echo "progress 100 done" >&2
[[ -z $interrupted ]]
