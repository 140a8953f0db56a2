#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The demonstration's part inside the nested host; each line on standard output is a step.
set -uo pipefail
. tests/lab/guest.sh

modules=build/kmod/$(uname -r)
kernel=6.12

fail() {
	echo "FAILED: $1"
	tail -n 15 "$LAB_OUT/$2" >"$LAB_OUT/failed.log" 2>/dev/null
	exit 1
}

# host COMMAND...: on the nested host, shown as it would be typed
host() {
	echo "host#  $*"
	"$@" >>"$LAB_OUT/host.log" 2>&1 || fail "$*" host.log
}

# in_guest NAME COMMAND: shown as it would be typed, with what it prints
in_guest() {
	echo "$1#  $2"
	guest "$1" "$2" >"$LAB_OUT/$1.out" 2>&1 || fail "$1: $2" "$1.out"
	sed "s/^/       /" "$LAB_OUT/$1.out"
}

digest() {
	in_guest "$1" "head -c 1048576 /dev/ivshmem0 | sha256sum"
	cut -d' ' -f1 "$LAB_OUT/$1.out" >"$LAB_OUT/$1.sha256"
}

echo "nested host is up: Linux $(uname -r), CPUs: $(nproc)"
host insmod "$modules/ivshmem_host.ko"
host ivshmemctl create demo 64M
for g in alpha beta; do
	echo "host#  ivmm -name $g … -device ivshmem,shm=demo,size=64M,vectors=4 &"
	guest_start $g $kernel -device ivshmem,shm=demo,size=64M,vectors=4 ||
		fail "ivmm for $g" $g/ivmm.log
done
for g in alpha beta; do
	guest_wait $g 90 || fail "$g did not boot" $g/console.log
	in_guest $g "uname -sr"
	in_guest $g "insmod /lib/modules/ivshmem.ko && ls -l /dev/ivshmem0"
done

in_guest alpha "echo 'Hello beta, alpha wrote this into shared memory.' >/dev/ivshmem0"
in_guest beta "head -n 1 /dev/ivshmem0"
grep -q "Hello beta" "$LAB_OUT/beta.out" || fail "beta read something else" beta.out
in_guest beta "echo 'Hello alpha, beta read it and answers.' >/dev/ivshmem0"
in_guest alpha "head -n 1 /dev/ivshmem0"
grep -q "Hello alpha" "$LAB_OUT/alpha.out" || fail "alpha read something else" alpha.out

echo "a random block of 1 MiB goes from alpha to beta"
in_guest alpha "head -c 1048576 /dev/urandom >/dev/ivshmem0"
digest alpha
digest beta
cmp -s "$LAB_OUT/alpha.sha256" "$LAB_OUT/beta.sha256" || fail "the digests differ" beta.out
echo "both digests agree"

echo "beta wakes alpha, with no help of a server or of the two ivmm"
in_guest beta "ivshmemctl peers /dev/ivshmem0"
alpha_id=$(guest alpha "cat /sys/class/ivshmem/ivshmem0/position")
echo "alpha#  ivshmemctl wait /dev/ivshmem0 --count 1 &"
guest alpha "ivshmemctl wait /dev/ivshmem0 --count 1 --timeout 60" >"$LAB_OUT/wait.out" 2>&1 &
waiter=$!
until grep -q waits "$LAB_OUT/wait.out"; do
	kill -0 $waiter || fail "alpha does not wait" wait.out
	sleep 0.1
done
in_guest beta "ivshmemctl ring /dev/ivshmem0 $alpha_id 0"
wait $waiter || fail "alpha heard nothing" wait.out
sed "s/^/       alpha: /" "$LAB_OUT/wait.out"

for g in alpha beta; do
	guest_stop $g || fail "$g did not power off" $g/console.log
done
echo "both guests powered off"
host ivshmemctl destroy demo
host rmmod ivshmem_host
