#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh OUT.json: figures of bare guests on /dev/kvm beside processes. QUICK=1: less of it.
set -euo pipefail
(( $# == 1 )) || { echo "usage: $0 OUT.json" >&2; exit 2; }
out=$(realpath -m "$1")
cd "$(dirname "$0")/../../.."
exec "${B:-build}/tests/bench/native/native" ${QUICK:+--quick} "$out"
