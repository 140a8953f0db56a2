#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No line of C or shell is wider than 100 columns, with tabs of 8. One test a folder.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 1

# wide FOLDER: its files with such lines, and these
wide()
{
	local width file

	find "$1" -type f \( -name '*.[ch]' -o -name '*.sh' \) -exec wc -L {} + | sort -k 2 |
		while read -r width file; do
			[ "$width" -gt 100 ] && [ "$file" != total ] || continue
			echo "$file: $width columns"
			expand -t 8 "$file" | grep -nE '^.{101}'
		done
}

folders=(include kmod vmm tests)
number=0
status=0
echo "1..${#folders[@]}"
for folder in "${folders[@]}"; do
	number=$((number + 1))
	found=$(wide "$folder")
	if [ -z "$found" ]; then
		echo "ok $number - $folder has lines of 100 columns at most"
	else
		printf '%s\n' "$found" | sed 's/^/# /'
		echo "not ok $number - $folder has lines of 100 columns at most"
		status=1
	fi
done
exit $status
