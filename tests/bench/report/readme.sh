#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# readme.sh DIR: puts the numbers and the pictures of the run in DIR into README.md, between its
# lines "<!-- make bench-readme -->" and "<!-- end -->". A number that was not taken says why.
set -euo pipefail
dir=$(realpath "$1")

refuse()
{
	echo "bench-readme: $1; \`make bench\` without QUICK first" >&2
	exit 1
}

[[ -r $dir/results.json && -r $dir/machine.json ]] || refuse "$dir has no results of a run"
[[ $(jq -r '.Form // "unknown"' "$dir/machine.json") == "whole run" ]] ||
	refuse "the run in $dir is no whole one, which README.md wants"
cd "$(dirname "$0")/../../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for plot in native-ring linux-ring; do
	tests/bench/report/report.sh "$dir" $plot >"$tmp/plot.svg"
	[ ! -s "$tmp/plot.svg" ] || cp "$tmp/plot.svg" Documentation/benchmarks-$plot.svg
done
jq -r -L tests/bench/report --argjson machine "$(cat "$dir/machine.json")" '
	include "numbers";
	(number_parts($machine) | "- **\(.value) \(.unit)** \(.text)\(.notes). \(.under)" |
		rtrimstr(" ")),
	"", "`make bench` of \($machine.Source // "?"), \($machine.Date), \($machine.Form). \(
		$machine.Machine), " +
	"\($machine.Kernel). KVM: \($machine.KVM). Lab: \($machine.Lab)."' \
	"$dir/results.json" >"$tmp/lines"
awk -v lines="$tmp/lines" '
	/^<!-- end -->$/ { inside = 0 }
	!inside
	/^<!-- make bench-readme -->$/ {
		inside = 1
		while ((getline line <lines) > 0)
			print line
	}' README.md >"$tmp/readme"
cat "$tmp/readme" >README.md
