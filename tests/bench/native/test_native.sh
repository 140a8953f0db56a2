#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The rig of bare guests, as far as it says anything without taking a time.
set -u
cd "$(dirname "$0")/../../.." || exit 1
. tests/ktap.sh

native=${B:-build}/tests/bench/native/native
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

case_records()
{
	local text

	text=$($native --check 2>&1) || { echo "$text"; return 1; }
	[ -z "$text" ] || ktap_skip "$text"
}

# With one CPU nothing is measured, wherever this runs.
case_null()
{
	local cpus names

	cpus=$(taskset -pc $$ | sed 's/.*: \([0-9]*\).*/\1/')
	taskset -c "$cpus" tests/bench/native/run.sh "$dir/f.json" 2>"$dir/err" ||
		{ cat "$dir/err"; return 1; }
	jq -e 'length > 50 and all(.[]; .value == null and .holds == null and
		(.why | type == "string")) and (map([.name, .n]) | length == (unique | length))' \
		"$dir/f.json" >/dev/null || { cat "$dir/f.json"; return 1; }
	names=$(jq -r '.[] | select(.goal) | .name' "$dir/f.json" | sort | tr '\n' ' ')
	[ "$names" = "native_awake_doorbells native_doorbell_parts_ratio native_pingpong_ratio \
native_random_read_ratio native_ring_64b_ratio native_ring_64k_ratio " ] ||
		{ echo "goals: $names"; return 1; }
}

# refused STATUS TEXT ARGUMENT…
refused()
{
	local expected=$1 text=$2 status
	shift 2

	$native "$@" >"$dir/out" 2>&1
	status=$?
	[ $status -eq "$expected" ] && grep -q "$text" "$dir/out" && return
	echo "native $*: status $status"
	cat "$dir/out"
	return 1
}

case_refused()
{
	refused 2 Usage: && refused 2 Usage: a b && refused 2 Usage: --check a &&
		refused 2 "unrecognized option" --slow a &&
		refused 1 "can't write $dir/no/f.json" "$dir/no/f.json"
}

ktap_main case_records "records of all sizes arrive from guest to guest, byte by byte" \
	case_null "what can't be measured is null, and says why" \
	case_refused "what makes no sense is refused before anything is measured"
