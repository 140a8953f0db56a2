#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the unit tests and prints KTAP: a subtest a program. `run.sh` is the whole tier, with the
# proof, the tests of the ring and of ivshmem-bench, and all that is built in other ways; `run.sh
# FOLDER` the programs in there. The exit status is the verdict.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/ktap.sh

export CMOCKA_MESSAGE_OUTPUT=TAP
export TSAN_OPTIONS=suppressions=tests/unit/tsan.supp
if [ $# -gt 0 ]; then
	ktap_programs "$1"/test_*
	exit
fi
programs=()
for source in tests/unit/test_*.c; do
	programs+=("build/tests/unit/$(basename "$source" .c)")
done

# Beside the others; what they print is shown behind them.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# beside NAME COMMAND…
beside()
{
	local name=$1
	shift
	{
		"$@" >"$out/$name"
		echo $? >"$out/$name.status"
	} &
	echo $! >"$out/$name.pid"
}

shown()
{
	tail -n +1 -f --pid="$(cat "$out/$1.pid")" "$out/$1"
	return "$(cat "$out/$1.status")"
}

under_address_sanitizer() { shown asan; }
under_thread_sanitizer() { shown tsan; }
range_arithmetic_proved() { shown proof; }
rings_and_queues() { shown ring; }
ivshmem_bench() { shown bench; }
report_of_benchmarks() { tests/bench/report/test.sh; }
random_with_small_leaves() { build/leaves/tests/unit/test_random; }

beside proof tests/proof/proof.sh
beside ring tests/ring/run.sh
beside bench tests/bench/tool/test.sh
beside asan tests/unit/run.sh build/asan/tests/unit
beside tsan tests/unit/run.sh build/tsan/tests/unit
ktap_programs "${programs[@]}" random_with_small_leaves tests/unit/check-*.sh \
	report_of_benchmarks range_arithmetic_proved rings_and_queues ivshmem_bench \
	under_address_sanitizer under_thread_sanitizer
