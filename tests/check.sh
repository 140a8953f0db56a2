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

# tier NAME COMMAND...: KTAP on its standard output
tier() {
	local name=$1 status p f s start=$SECONDS
	shift
	echo "$name: $*"
	"$@" 2>"$out/$name.err" | tee "$out/$name.ktap" |
		"${awk[@]}" -v counts="$out/$name.counts" -f tests/summary.awk
	status=${PIPESTATUS[0]}
	read -r p f s 2>/dev/null <"$out/$name.counts" || p=0 f=0 s=0
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "  FAILED  $name ended with status $status; its last words ($out/$name.err):"
		tail -n 20 "$out/$name.err"
		f=1
	fi
	if [ $((p + f + s)) -eq 0 ]; then
		echo "  FAILED  $name ran no test"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	echo "$name: $p passed, $f failed, $s skipped in $((SECONDS - start)) s"
	echo
}

# In one boot of a nested host: the tiers of it that were asked for.
lab_tier() {
	local name=$1 kernel=$2 timeout=$3
	shift 3
	mkdir -p "$out/$name"
	tier "$name" tests/lab/lab run --kernel "$kernel" --timeout "$timeout" --out "$out/$name" \
		-- tests/tiers.sh "$@"
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
if want kmod && want boot; then
	lab_tier lab-6.12 6.12 1200 kmod boot
elif want kmod; then
	lab_tier lab-6.12 6.12 600 kmod
elif want boot; then
	lab_tier lab-6.12 6.12 900 boot
fi
want kmod && lab_tier lab-6.1 6.1 600 kmod

[ ! -e $out/lab-6.12/figures.json ] || {
	cp $out/lab-6.12/figures.json $out/
	echo "Figures (also in $out/figures.json):"
	tests/figures.sh $out/figures.json
}
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
