#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lint tier: everything compiles without a warning under gcc and clang, sparse finds nothing in
# the modules, shellcheck nothing in the scripts. KTAP on standard output.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=build/lint
mkdir -p $out

n=0 status=0
# check NAME TOOL COMMAND...
check() {
	local name=$1 tool=$2
	shift 2
	n=$((n + 1))
	if ! command -v "$tool" >/dev/null; then
		echo "ok $n - $name # SKIP $tool is not installed (make lint installs it)"
	elif "$@" >"$out/$n.log" 2>&1; then
		echo "ok $n - $name"
	else
		tail -n 30 "$out/$n.log" | sed 's/^/# /'
		echo "not ok $n - $name"
		status=1
	fi
}

compile() {
	make --no-print-directory -j"$(nproc)" B="$out/$1" CC="$1" vmm unit-programs tests-kvm \
		bench-programs
}

# sparse speaks through the compiler's standard error; a warning of ours names a file of ours.
sparse_modules() {
	local kdir
	kdir=$(tests/lab/lab kdir "$1") || return
	make --no-print-directory B=$out KDIR="$kdir" C=2 kmod >"$out/sparse-$1" 2>&1 ||
		{ cat "$out/sparse-$1"; return 1; }
	! grep -E 'kmod/.*(warning|error):' "$out/sparse-$1"
}

scripts() {
	git ls-files | while read -r f; do
		head -n 1 "$f" 2>/dev/null | grep -qE '^#!/bin/(ba)?sh' && echo "$f"
	done
}

shell_clean() {
	local list
	mapfile -t list < <(scripts)
	shellcheck -x -P SCRIPTDIR -S warning "${list[@]}"
}

echo "KTAP version 1"
echo "1..5"
check "gcc" gcc compile gcc
check "clang" clang compile clang
check "sparse, modules for 6.1" sparse sparse_modules 6.1
check "sparse, modules for 6.12" sparse sparse_modules 6.12
check "shellcheck" shellcheck shell_clean
exit $status
