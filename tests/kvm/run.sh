#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test on /dev/kvm and prints KTAP: a subtest a program. The exit status is the verdict.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/ktap.sh

programs=()
for source in tests/kvm/test_*.c; do
	programs+=("build/tests/kvm/$(basename "$source" .c)")
done
ktap_programs "${programs[@]}" tests/bench/native/test_native.sh
