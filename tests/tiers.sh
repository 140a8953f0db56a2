#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside a nested host: the tiers named, one after the other; KTAP on standard output.
cd "$(dirname "$0")/.." || exit 1
status=0
for tier in "$@"; do
	"tests/$tier/run.sh" || status=1
done
exit $status
