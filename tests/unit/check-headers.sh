#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each header compiles alone: all in C, those for others (include/) in C++ and pedantically too.
set -u
cd "$(dirname "$0")/../.." || exit 1

flags=(-Wall -Wextra -Werror -fsyntax-only -Ivmm -Iinclude -Iinclude/uapi)
number=0
status=0

# check NAME COMMAND...
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		status=1
	fi
}

all=$(find vmm include -name '*.h' | sort)
public=$(find include -name '*.h' | sort)
echo "1..$(wc -w <<<"$all $public")"
for header in $all; do
	check "$header in C" "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE "${flags[@]}" -x c \
		-include "$header" /dev/null
done
for header in $public; do
	check "$header in C++" "${CXX:-g++}" -std=c++11 -pedantic "${flags[@]}" -x c++ \
		-include "$header" /dev/null
done
exit $status
