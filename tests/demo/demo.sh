#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make demo`: build everything, boot the lab, and let guests alpha and beta share a region.
# A line a step, with the seconds since the start; full logs in build/demo.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

out=build/demo
mkdir -p $out
rm -rf ${out:?}/*
start=$(date +%s%N)

stamp() {
	local ms=$((($(date +%s%N) - start) / 1000000))
	printf '[%4d.%d s] %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*"
}

fail() {
	stamp "FAILED: $1"
	if [ -s "$2" ]; then
		echo "The last lines of $2:"
		tail -n 15 "$2" | sed 's/^/    /'
	fi
	exit 1
}

# step TEXT LOG COMMAND...: its output goes to the log
step() {
	local text=$1 log=$out/$2
	shift 2
	stamp "$text"
	"$@" >"$log" 2>&1 </dev/null || fail "$text" "$log"
}

# shown TEXT LOG COMMAND...: its output goes to the log and, indented, to the reader
shown() {
	local text=$1 log=$out/$2
	shift 2
	stamp "$text"
	"$@" 2>&1 </dev/null | tee "$log" | sed -u 's/^/           /'
	[ "${PIPESTATUS[0]}" -eq 0 ] || fail "$text" "$log"
}

shown "Debian packages" deps.log tests/deps.sh
shown "kernels and emulator of the lab (about 300 MB, once; kept in build/lab)" fetch.log \
	tests/lab/lab fetch
step "building ivmm, ivshmemctl and both modules" build.log make --no-print-directory -j"$(nproc)" \
	vmm kmod-lab lab-images
stamp "booting the nested host: the machine that the host module is loaded into"
# Each line of the lab and of the part inside it is a step.
tests/lab/lab run --verbose --timeout 300 --out $out -- tests/demo/guests.sh 2>&1 </dev/null |
	tee $out/lab.log | while IFS= read -r line; do stamp "$line"; done
status=${PIPESTATUS[0]}
if [ "$status" -eq 130 ]; then
	stamp "interrupted"
	exit 130
fi
[ "$status" -eq 0 ] || fail "the part in the lab ended with status $status" $out/failed.log
stamp "done: two virtual machines shared memory as a file; logs are in $out"
