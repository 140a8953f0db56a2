#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tiers named on the command line, shows each test program in a line, and closes with
# "N passed, N failed, N skipped". Logs and KTAP stay in build/check.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

out=build/check
passed=0 failed=0 skipped=0
# mawk waits for a full buffer unless told not to
awk=(awk)
if awk -W version 2>&1 </dev/null | grep -q mawk; then
	awk=(mawk -W interactive)
fi
rm -rf $out
mkdir -p $out
trap 'echo; echo "check: interrupted"; exit 130' INT

# What the lab itself ends with when it is the nested host, not a test, that failed.
lab_lost=(120 121 122 124 125)

# broken_off NAME STATUS: tells how far a tier came, and what its standard error said last.
broken_off() {
	echo "  FAILED  $1 ended with status $2"
	if [[ " ${lab_lost[*]} " == *" $2 "* ]]; then
		echo "    the nested host was lost, or what became of it is not known; the last" \
			"program was" \
			"'$(sed -n 's/^ *# Subtest: //p' "$out/$1.ktap" | tail -n 1)'," \
			"its last result:"
		grep -E '^ *(not )?ok ' "$out/$1.ktap" | tail -n 1 | sed 's/^ */    /'
	fi
	echo "    last words ($out/$1.err):"
	tail -n 40 "$out/$1.err" | sed 's/^/    /'
}

# tier NAME COMMAND...: KTAP on its standard output
tier() {
	local name=$1 status p f s start=$SECONDS
	shift
	echo "$name: $*"
	"$@" 2>"$out/$name.err" | tee "$out/$name.ktap" |
		"${awk[@]}" -v counts="$out/$name.counts" -f tests/summary.awk
	status=${PIPESTATUS[0]}
	read -r p f s 2>/dev/null <"$out/$name.counts" || p=0 f=0 s=0
	if [ "$status" -ge 120 ] || { [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		broken_off "$name" "$status"
		f=$((f + 1))
	fi
	if [ $((p + f + s)) -eq 0 ]; then
		echo "  FAILED  $name ran no test"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	echo "$name: $p passed, $f failed, $s skipped in $((SECONDS - start)) s"
	echo
}

# lab_tier NAME KERNEL [OPTION...] -- COMMAND...: in one boot of a nested host. Its deadline is for
# machines several times slower than it takes a slow one.
lab_tier() {
	local name=$1 kernel=$2
	shift 2
	mkdir -p "$out/$name"
	tier "$name" tests/lab/lab run --kernel "$kernel" --timeout 3000 --out "$out/$name" "$@"
}

want() { [[ " $tiers " == *" $1 "* ]]; }

tiers=$*
for t in $tiers; do
	case $t in
	unit | kvm | kmod | boot | lint) ;;
	*)
		echo "check: TIER=$t: the tiers are unit, kvm, kmod, boot, lint" >&2
		exit 2
		;;
	esac
done

want lint && tier lint tests/lint/run.sh
want unit && tier unit tests/unit/run.sh
want kvm && tier kvm tests/kvm/run.sh
# Modules and driver want two CPUs to race on; guests are started where there is one (tests/lab).
# With two emulated ones 6.1 hangs in one of some twenty boots.
if want kmod; then
	lab_tier kmod-6.12 6.12 --smp 2 -- tests/kmod/run.sh
	lab_tier kmod-6.1 6.1 -- tests/kmod/run.sh
fi
if want boot; then
	lab_tier boot-6.12 6.12 -- tests/boot/run.sh
	for kernel in 6.12 6.1; do
		lab_tier driver-$kernel $kernel --ivshmem --smp 2 -- tests/boot/run.sh driver
	done
	lab_tier uncached-6.12 6.12 --ivshmem --mem 1G -- tests/boot/run.sh uncached
fi

# figure_lines: tier, name, median, least, greatest, repetitions and problem size of each figure
# that a tier has printed; the newer kernel's where two have taken it, and the first of several.
figure_lines() {
	local name

	for name in unit kvm kmod-6.12 boot-6.12; do
		sed -nE "s/^ *# figure (.*)/${name%%-*} \1/p" "$out/$name.ktap" 2>/dev/null
	done | awk '!seen[$2, $7]++'
}

figures_json() {
	jq -Rsc 'split("\n") | map(select(. != "") | split(" ") | {name: .[1],
		n: (.[6] | tonumber? // null), value: (.[2] | tonumber),
		spread: (.[3:5] | map(tonumber)), repetitions: (.[5] | tonumber), peer: null,
		peer_value: null, ratio: null, goal: null, holds: null,
		command: "make check TIER=\(.[0])"})'
}

if figure_lines | grep -q .; then
	figure_lines | figures_json >$out/figures.json
	echo "Figures (also in $out/figures.json):"
	tests/figures.sh $out/figures.json
fi
# By name, since what is above them fills screens.
[ "$failed" -eq 0 ] || grep -H '^not ok' $out/*.ktap |
	sed 's/^\([^:]*\):not ok [0-9]* - /failed: \1: /'
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
