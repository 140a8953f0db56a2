#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The header library's tests: KTAP, a subtest a program. The exit status is the verdict.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/ktap.sh

B=${B:-build}

ring_under_address_sanitizer() { "$B/asan/tests/ring/ring"; }
queue_under_address_sanitizer() { "$B/asan/tests/ring/queue"; }
stress_under_address_sanitizer() { "$B/asan/tests/ring/stress"; }
stress_under_thread_sanitizer() { "$B/tsan/tests/ring/stress" threads; }

ktap_programs "$B/tests/ring/ring" "$B/tests/ring/queue" "$B/tests/ring/stress" \
	ring_under_address_sanitizer queue_under_address_sanitizer \
	stress_under_address_sanitizer stress_under_thread_sanitizer tests/ring/model.sh \
	tests/ring/documented.sh
