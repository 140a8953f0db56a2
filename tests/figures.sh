#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A file of figures (Documentation/testing.rst) as a table.
set -euo pipefail
jq -r '.[] | [
	.name,
	if .value == null then .why else "\(.value)" end,
	if .spread then "\(.spread[0])…\(.spread[1])" else "" end,
	"\(.repetitions // 0) times",
	if .goal then "goal \(.goal)" + ({"true": ": holds", "false": ": missed"}["\(.holds)"] // "") else "" end
] | join("\t")' "$1" | awk -F '\t' '
	{ printf "  %-24s %10s  %-16s %-9s %s\n", $1, $2, $3, $4, $5 }' | sed 's/ *$//'
