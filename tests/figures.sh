#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A file of figures (Documentation/testing.rst) as a table, its columns as wide as they need be.
set -euo pipefail
jq -r 'def short: if type != "number" or . == 0 then .
		elif fabs >= 1000 then . * 10 | round / 10
		else pow(10; 3 - (fabs | log10 | floor)) as $scale | . * $scale | round / $scale
		end;
	["figure", "n", "median", "least…greatest", "", "peer: its median", ""], (.[] | [
	.name,
	.n // "",
	if .value == null then "–" else .value | short end,
	if .spread then "\(.spread[0] | short)…\(.spread[1] | short)" else "" end,
	if .repetitions > 0 then "of \(.repetitions)" else "" end,
	if .peer_value then "\(.peer): \(.peer_value | short)" else "" end,
	if .goal then
		"goal \(.goal)" + ({ "true": ": holds", "false": ": missed" }["\(.holds)"] // "")
	else "" end +
	if .value == null and .why then "  \(.why)" else "" end
]) | map(tostring | gsub("[[:cntrl:]]"; " ")) | join("\t")' "$1" | LC_ALL=C awk -F '\t' '
	# characters, not bytes: those that go on with one do not count
	function width(s) { gsub(/[\200-\277]/, "", s); return length(s) }
	function pad(n) { return sprintf("%" (n > 0 ? n : 0) "s", "") }
	{
		for (i = 1; i <= 7; i++) {
			cell[NR, i] = $i
			if (width($i) > widest[i])
				widest[i] = width($i)
		}
	}
	END {
		for (row = 1; row <= NR; row++) {
			line = " "
			for (i = 1; i <= 7; i++) {
				gap = pad(widest[i] - width(cell[row, i]))
				right = i == 2 || i == 3
				line = line " " (right ? gap cell[row, i] : cell[row, i] gap)
			}
			sub(/ +$/, "", line)
			print line
		}
	}'
