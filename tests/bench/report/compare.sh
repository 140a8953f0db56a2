#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# compare.sh OLD NEW: what got better or worse beyond the noise between two files of figures. The
# status is 0 if nothing got worse and all figures are still taken, 1 if not, 2 if a file is none.
set -uo pipefail
here=$(dirname "$0")

usage()
{
	echo "bench-compare: $1" >&2
	echo "usage: make bench-compare OLD=results.json [NEW=results.json]" >&2
	exit 2
}

figures_check()
{
	[ -n "$2" ] || usage "$1= names no file of figures"
	[ -r "$2" ] || usage "$1=$2 can't be read"
	jq -es 'length == 1 and (.[0] | type == "array")' "$2" >/dev/null 2>&1 ||
		usage "$1=$2 is no array of figures"
}

# Another machine or another form explains more than any change does.
machine_check()
{
	local old new

	old=$(dirname "$1")/machine.json
	new=$(dirname "$2")/machine.json
	[ -r "$old" ] && [ -r "$new" ] || return 0
	jq -nr --slurpfile a "$old" --slurpfile b "$new" '
		("Machine", "Kernel", "KVM", "Lab", "Form") | select($a[0][.] != $b[0][.]) |
		"Beware: \(.) was \($a[0][.]), is \($b[0][.])"' 2>/dev/null
}

figures_check OLD "${1-}"
figures_check NEW "${2-}"
machine_check "$1" "$2"
lines=$(jq -nr -L "$here" --slurpfile old "$1" --slurpfile new "$2" \
	-f "$here/compare.jq") || exit 2
sed '$d' <<<"$lines"
[ "${lines##*worse }" = 0 ]
