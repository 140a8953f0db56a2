#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every unit test and prints KTAP: a subtest a program. Those built elsewhere, as with
# sanitizers, are run with the folder as the argument. The exit status is the verdict.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/ktap.sh

dir=${1:-build/tests/unit}
programs=()
for source in tests/unit/test_*.c; do
	programs+=("$dir/$(basename "$source" .c)")
done
export CMOCKA_MESSAGE_OUTPUT=TAP
ktap_programs "${programs[@]}" tests/unit/check-*.sh
