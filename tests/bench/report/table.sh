#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# table.sh RESULTS: all figures as a table, what each goal says, how many hold, and it all in short.
set -euo pipefail
cd "$(dirname "$0")/../../.."
results=$(realpath "$1")

tests/figures.sh "$results"
machine=$(dirname "$results")/machine.json
[ -r "$machine" ] || machine=/dev/null
jq -r -L tests/bench/report --slurpfile machine "$machine" '
	include "figures"; include "numbers"; . as $all |
	[.[] | select(.goal != null)] |
	"Goals:", (.[] | "  \({ "true": "held     ", "false": "MISSED   " }["\(.holds)"] //
		"not taken")  \(.name) \(.n // "")\(if .n then " " else "" end)\(
		if .value == null then "" else "= \(.value | figure_text) " end)(goal \(.goal))\(
		if .value == null then ": \(.why | text)" else "" end)"),
	"\(map(select(.holds == true)) | length) goals held, \(
	   map(select(.holds == false)) | length) missed, \(
	   map(select(.holds == null)) | length) not taken",
	"In short:", ($all | number_parts($machine[0] // {}) |
		"  \(.value) \(.unit) \(.text)\(.notes). \(.under)")' "$results"
