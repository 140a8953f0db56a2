#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The boot tier, inside a nested host; KTAP on standard output. Without a program named it is all of
# those that need guests; driver and uncached are for nested hosts that are guests themselves.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/ktap.sh
. tests/ktap.sh

guests=(refusal sharing stranger hugepages readonly relocation ending killing sizes snapshot)
guests+=(doorbell crowd figures)
programs=("${@:-${guests[@]}}")
programs=("${programs[@]/#/tests/boot/}")
ktap_programs "${programs[@]/%/.sh}"
