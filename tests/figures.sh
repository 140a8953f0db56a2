#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A file of figures (Documentation/testing.rst) as a table.
set -euo pipefail
jq -r '.[] | [
	.name,
	.n // "",
	if .value == null then .why else "\(.value)" end,
	if .spread then "\(.spread[0])…\(.spread[1])" else "" end,
	"\(.repetitions // 0) times",
	if .peer_value then "\(.peer): \(.peer_value)" else "" end,
	if .goal then
		"goal \(.goal)" + ({"true": ": holds", "false": ": missed"}["\(.holds)"] // "")
	else "" end
] | join("\t")' "$1" | awk -F '\t' '
	{ printf "  %-24s %6s %10s  %-18s %-9s %-34s %s\n", $1, $2, $3, $4, $5, $6, $7 }' |
	sed 's/ *$//'
