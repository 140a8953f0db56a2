#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# table.sh RESULTS: all figures as a table, what each goal says, and how many hold.
set -euo pipefail
cd "$(dirname "$0")/../../.."
results=$(realpath "$1")

tests/figures.sh "$results"
jq -r -L tests/bench/report 'include "figures";
	[.[] | select(.goal != null)] |
	"Goals:", (.[] | "  \({ "true": "held     ", "false": "MISSED   " }["\(.holds)"] //
		"not taken")  \(.name) \(.n // "")\(if .n then " " else "" end)\(
		if .value == null then "" else "= \(.value | figure_text) " end)(goal \(.goal))\(
		if .value == null then ": \(.why | text)" else "" end)"),
	"\(map(select(.holds == true)) | length) goals held, \(
	   map(select(.holds == false)) | length) missed, \(
	   map(select(.holds == null)) | length) not taken"' "$results"
