#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What Documentation/ring.rst says of the layout is what the headers have: each row "0x…, size,
# name" of its tables is a field of the structure named above it. KTAP on standard output.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
. tests/ktap.sh
page=Documentation/ring.rst

# "structure offset size field", a line a row
fields()
{
	awk '
	/^``struct ivs_[a-z_]+``/ { gsub(/`/, "", $2); name = $2; sub(/,$/, "", name) }
	/^ *0x[0-9a-f]+ +[0-9]+ +[a-z_]+( |$)/ && name { print name, $1, $2, $3 }
	' $page
}

fields_are()
{
	local dir status
	dir=$(mktemp -d)
	{
		echo '#include <ivshmem/queue.h>'
		fields | while read -r name offset size field; do
			echo "static_assert(offsetof(struct $name, $field) == $offset &&" \
				"sizeof(((struct $name *)0)->$field) == $size," \
				"\"$name $field\");"
		done
	} >"$dir/fields.c"
	grep -c static_assert "$dir/fields.c"
	[ "$(grep -c static_assert "$dir/fields.c")" -ge 15 ] &&
		"${CC:-gcc}" -std=gnu11 -Iinclude -fsyntax-only "$dir/fields.c"
	status=$?
	rm -rf "$dir"
	return $status
}

# Each "NAME = number" of the page, as IVS_NAME is in C.
numbers_are()
{
	local count=0 name value
	while read -r name value; do
		count=$((count + 1))
		printf '#include <ivshmem/queue.h>\n#include <ivshmem/ring.h>\n%s\n' \
			"static_assert($name == $value, \"\");" |
			"${CC:-gcc}" -std=gnu11 -Iinclude -fsyntax-only -x c - || return
	done < <(sed -nE 's/^-? *``(IVS_[A-Z_]+) = ([0-9a-fx]+)``.*/\1 \2/p' $page)
	echo "$count numbers"
	[ $count -ge 10 ]
}

examples_are_short()
{
	local file
	for file in Documentation/examples/*.c; do
		echo "$file: $(wc -l <"$file") lines"
		[ "$(wc -l <"$file")" -lt 60 ] || return
		grep -q "$(basename "$file")" $page || return
	done
}

ktap_main fields_are "fields are where the page says" \
	numbers_are "numbers are what the page says" \
	examples_are_short "examples are on the page, of less than 60 lines"
