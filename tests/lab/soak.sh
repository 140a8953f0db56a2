#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# soak.sh SECONDS: boots pairs of ivmm guests that share a region, again and again in one nested
# host, and tells how many came up. Outside the nested host it starts one for itself; nothing lost
# is retried.

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

SOAK_REGION=soak
SOAK_SIZE=16M
SOAK_GUEST_S=60
SOAK_GUESTS=(alpha beta)
# beyond the pairs themselves: the boot of the nested host, and the last pair
SOAK_SPARE_S=300

soak_guest_up()
{
	guest_up "$1" "$SOAK_GUEST_S" && guest "$1" 'insmod /lib/modules/ivshmem.ko'
}

# What one writes the other reads, or the pair was not worth booting.
soak_share()
{
	local word="pair $1"

	guest "${SOAK_GUESTS[0]}" "echo '$word' >/dev/ivshmem0" &&
		[[ $(guest "${SOAK_GUESTS[1]}" 'head -n 1 /dev/ivshmem0') == "$word" ]]
}

soak_keep_logs()
{
	local name

	for name in "${SOAK_GUESTS[@]}"; do
		cp -r "$LAB_OUT/$name" "$LAB_OUT/pair-$1-$name"
	done
}

# soak_pair NUMBER: its guests' fates are added to up and lost.
soak_pair()
{
	local name good=0

	for name in "${SOAK_GUESTS[@]}"; do
		guest_start "$name" "$LAB_KERNEL" -device "ivshmem,shm=$SOAK_REGION,size=$SOAK_SIZE"
	done
	for name in "${SOAK_GUESTS[@]}"; do
		soak_guest_up "$name" && good=$((good + 1))
	done
	up=$((up + good)) lost=$((lost + ${#SOAK_GUESTS[@]} - good))
	if ((good < ${#SOAK_GUESTS[@]})); then
		soak_keep_logs "$1"
	elif ! soak_share "$1"; then
		unshared=$((unshared + 1))
		soak_keep_logs "$1"
	fi
	for name in "${SOAK_GUESTS[@]}"; do
		guest_kill "$name"
	done
}

soak()
{
	local seconds=$1 pairs=0 up=0 lost=0 unshared=0 began

	. tests/lab/guest.sh
	insmod "build/kmod/$(uname -r)/ivshmem_host.ko"
	ivshmemctl create "$SOAK_REGION" "$SOAK_SIZE"
	SECONDS=0
	while ((SECONDS < seconds)); do
		began=$SECONDS
		pairs=$((pairs + 1))
		soak_pair "$pairs" || true
		printf 'pair %d: %d s; %d up, %d lost; %d of %d s\n' "$pairs" $((SECONDS - began)) \
			"$up" "$lost" "$SECONDS" "$seconds"
	done
	printf '%d up, %d lost, %d pairs that shared nothing, %s s a pair; goal: 100 up, 0 lost\n' \
		"$up" "$lost" "$unshared" "$(awk "BEGIN { printf \"%.1f\", $SECONDS / $pairs }")"
	((up && !lost && !unshared))
}

[[ ${1:-} =~ ^[1-9][0-9]*$ ]] || {
	echo "usage: soak.sh SECONDS" >&2
	exit 2
}
if [[ ${LAB:-} == 1 ]]; then
	soak "$1"
else
	exec tests/lab/lab run --timeout $(($1 + SOAK_SPARE_S)) --out build/soak -- \
		tests/lab/soak.sh "$1"
fi
