#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# report.sh DIR: report.html on standard output, of results.json and what else lies in DIR:
# machine.json, memory.json (for a run without that rig), lab-notes.txt. One file, which needs
# nothing else. `report.sh DIR PLOT` is one picture alone, for a light ground.
set -euo pipefail
dir=$(realpath "$1")
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The memory model's figures of an earlier run, if this one has none: for a picture, no verdict.
earlier()
{
	if [ -s "$dir/memory.json" ] &&
		! jq -e 'any(.[]; .name == "bar_move_us")' "$dir/results.json" >/dev/null; then
		cat "$dir/memory.json"
	else
		echo '[]'
	fi
}

# plot ID TERMINAL-OPTIONS: its SVG; nothing if there is nothing to show.
plot()
{
	local script

	script=$(jq -r -L . --arg id "$1" --arg terminal "$2" -f plot.jq "$tmp/figures.json")
	[ -z "$script" ] || LC_ALL=C.UTF-8 gnuplot <<<"$script"
}

# A picture in a page takes the page's colours, and shares its names with other pictures.
inline()
{
	sed -e '1d' -e '/^<title>/d; /^<desc>/d' \
		-e "s/'black'/'currentColor'/g; s/\"black\"/\"currentColor\"/g" \
		-e "s/gpPt/$1-gpPt/g; s/gpDot/$1-gpDot/g; s/gnuplot_canvas/$1-canvas/" \
		-e "/<filter/,/<\/filter>/d" -e 's/<svg/<svg role="img"/'
}

# {"native-ring": "<svg…", …}
pictures()
{
	local id

	for id in $(jq -nr -L . 'include "plots"; plots[].id'); do
		plot "$id" "" >"$tmp/plot.svg"
		[ -s "$tmp/plot.svg" ] || continue
		inline "$id" <"$tmp/plot.svg" | jq -Rs --arg id "$id" '{ ($id): . }'
	done | jq -s 'add // {}'
}

# What the lab noted, if it is of this run: without a figure of the lab's it is of an earlier one.
notes()
{
	if [ -f "$dir/lab-notes.txt" ] &&
		jq -e 'any(.[]; (.name? // "" | tostring | startswith("linux_")) and
			.value != null)' "$dir/results.json" >/dev/null; then
		cat "$dir/lab-notes.txt"
	fi
}

earlier >"$tmp/earlier.json"
jq -s 'add' "$dir/results.json" "$tmp/earlier.json" >"$tmp/figures.json"
if [ $# -gt 1 ]; then
	plot "$2" 'background "white"' |
		sed '1s/$/\n<!-- SPDX-License-Identifier: GPL-2.0-only -->/'
	exit
fi
echo '{}' >"$tmp/pictures.json"
if command -v gnuplot >/dev/null; then
	pictures >"$tmp/pictures.json"
fi
notes >"$tmp/notes"
jq -r -L . --argjson machine "$(cat "$dir/machine.json")" --slurpfile svg "$tmp/pictures.json" \
	--rawfile style style.css --rawfile notes "$tmp/notes" \
	--slurpfile earlier "$tmp/earlier.json" \
	--arg earlier_date "$(date -u -r "$dir/memory.json" '+%F' 2>/dev/null)" \
	-f page.jq "$dir/results.json"
