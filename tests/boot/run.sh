#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The boot tier, inside a nested host: every program of it; KTAP on standard output.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/ktap.sh
. tests/ktap.sh

ktap_programs tests/boot/{refusal,driver,uncached,sharing,hugepages,readonly,relocation,ending,killing}.sh \
	tests/boot/sizes.sh tests/boot/figures.sh
