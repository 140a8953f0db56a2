#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh OUT.json: the memory model's figures as a rig of `make bench`.
set -o pipefail
cd "$(dirname "$0")/../../.." || exit 1

# Beside a QEMU of the machine's, or else the lab's. Of nine repetitions the first one is half of
# it, since Unicorn is slow then.
PATH=$PATH:$PWD/build/lab/bin build/tests/bench/memory/memory "$1" 2>&1 | awk '
	/^  repetition [0-9]+ of/ {
		print "progress", $2 == 1 ? 5 : 40 + 6 * $2, "repetition " $2 " of " $4
		fflush()
		next
	}
	{ print; fflush() }' >&2
