#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the benchmarks' rigs one after the other and makes results.json, a table and report.html of
# what they deliver (Documentation/benchmarks.rst). QUICK=1 is the short form, RIGS="native boot"
# runs some. The status is 0 if all rigs ran, whatever the goals; 1 if one failed; 130 after Ctrl-C.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

# name, seconds, seconds with QUICK=1 (0: not run); with the report, and a fifteenth of it all that
# rigs may be late, 40 minutes and five
rigs_known='native 420 25
boot 420 75
lab 1200 170
memory 180 0'
report_seconds=10
grace_seconds=20		# to clean up after an interrupt

unset B				# rigs take what they run from build, and no other folder
out=build/bench
rigs=()
declare -A budget why		# by name; why of those that were run, empty if all went well
delivered=()
total=$report_seconds spent=0
interrupted=
started=$SECONDS

rigs_choose()
{
	local name whole quick

	while read -r name whole quick; do
		[ -z "${QUICK-}" ] || whole=$quick
		[[ " ${RIGS-$name} " == *" $name "* && $whole -gt 0 ]] || continue
		rigs+=("$name")
		budget[$name]=$whole
		total=$((total + whole))
	done <<<"$rigs_known"
	[ ${#rigs[@]} -gt 0 ] && return
	echo "bench: RIGS='${RIGS-}': known are native boot lab memory (no memory with QUICK)" >&2
	exit 2
}

# show BUDGET PERCENT SECONDS TEXT: where the whole run is, when a part with this budget is so far
# after so long.
show()
{
	local part=$1 percent=$2 seconds=$3 left

	left=$((part * (100 - percent) / 100))
	# from then on its own pace says more than the budget
	[ "$percent" -lt 20 ] || left=$((seconds * (100 - percent) / percent))
	left=$((total - spent - part + left))
	percent=$(((spent * 100 + part * percent) / total))
	if [ -t 2 ]; then
		printf '\r\e[K%3d %%  %d:%02d left  %.60s' \
			$percent $((left / 60)) $((left % 60)) "$4" >&2
	else
		printf '%3d %%  %d:%02d left  %s\n' $percent $((left / 60)) $((left % 60)) "$4" >&2
	fi
}

# rig_limit NAME: seconds until it is ended. Rigs may be late by a fifteenth of the whole in all,
# and what one has left is the next one's.
rig_limit()
{
	echo $((spent + budget[$1] + total / 15 - (SECONDS - started)))
}

# rig_follow NAME PID FD END: shows its progress until it ends, or its time or the user's patience
# does. It has no $(…): signals that came meanwhile seem to have been lost, with bash 5.2.
rig_follow()
{
	local name=$1 pid=$2 fd=$3 end=$4 begin=$SECONDS line status word percent text

	while [ -z "$interrupted" ] && ((SECONDS < end)); do
		read -r -t 2 -u "$fd" line
		status=$?
		if [ $status -eq 0 ]; then
			read -r word percent text <<<"$line"
			if [[ $word == progress && $percent =~ ^[0-9]{1,3}$ ]]; then
				show "${budget[$name]}" $((10#$percent)) $((SECONDS - begin)) \
					"$name: $text"
			else
				printf '%s\n' "$line" >>"$out/$name.log"
			fi
		elif [ $status -le 128 ] || ! kill -0 "$pid" 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

# rig_stop PID SIGNAL…: all of its group, by one signal after the other until nobody is left.
rig_stop()
{
	local pid=$1 signal tenths

	for signal in "${@:2}"; do
		kill "-$signal" -- "-$pid" 2>/dev/null
		for ((tenths = 0; tenths < grace_seconds * 10; tenths++)); do
			kill -0 -- "-$pid" 2>/dev/null || return 0
			sleep 0.1
		done
	done
}

# rig_keep NAME: what it has written, even if it did not come to its end; false if that is no array,
# and then what an earlier run has written is back.
rig_keep()
{
	local file=$out/$1.json

	if jq -es 'length == 1 and (.[0] | type == "array")' "$file" >/dev/null 2>&1; then
		rm -f "$file.old"
		delivered+=("$file")
	else
		rm -f "$file"
		[ ! -e "$file.old" ] || mv "$file.old" "$file"
		return 1
	fi
}

# rig_why NAME STATUS FINISHED KEPT SECONDS: why figures of it are missing; nothing if none are.
rig_why()
{
	if [ -n "$interrupted" ]; then
		echo "interrupted"
	elif [ "$3" != yes ]; then
		echo "rig $1 was not done in $5 s (log: $out/$1.log)"
	elif [ "$2" -ne 0 ]; then
		echo "rig $1 ended with status $2 (log: $out/$1.log)"
	elif [ "$4" != yes ]; then
		echo "rig $1 wrote no array of figures (log: $out/$1.log)"
	fi
}

# rig_run NAME: in a process group of its own, so that all of it can be ended.
rig_run()
{
	local name=$1 pid fd status finished=yes kept=yes begin=$SECONDS
	local end=$((SECONDS + $(rig_limit "$1")))

	[ ! -e "$out/$name.json" ] || mv "$out/$name.json" "$out/$name.json.old"
	: >"$out/$name.log"
	show "${budget[$name]}" 0 0 "$name: starts"
	set -m
	"tests/bench/$name/run.sh" "$out/$name.json" </dev/null >>"$out/$name.log" \
		2>"$pipe" &
	pid=$!
	set +m
	exec {fd}<"$pipe"
	rig_follow "$name" $pid "$fd" "$end" || finished=
	# as Ctrl-C does, and harder when that is not enough
	[ -n "$finished" ] || rig_stop $pid INT TERM KILL
	exec {fd}<&-
	wait $pid 2>/dev/null
	status=$?
	# what it has left behind would disturb the next one
	rig_stop $pid TERM KILL
	rig_keep "$name" || kept=
	why[$name]=$(rig_why "$name" $status "$finished" "$kept" $((SECONDS - begin)))
	[ -z "${why[$name]}" ] || printf '\nbench: %s\n' "${why[$name]}" >&2
	spent=$((spent + budget[$name]))
}

# {"native": "why", …}: of each rig, also of those that were not run
rigs_json()
{
	local name

	while read -r name _; do
		printf '%s\t%s\n' "$name" "${why[$name]-rig $name was not run}"
	done <<<"$rigs_known" | jq -Rn '[inputs / "\t" | { (.[0]): .[1] }] | add'
}

# What an earlier run has written stays, and is not taken for this one's.
results_write()
{
	jq -n -L tests/bench/report --argjson rigs "$(rigs_json)" \
		-f tests/bench/report/results.jq "${delivered[@]}" \
		>"$out/results.json.new" </dev/null &&
		mv "$out/results.json.new" "$out/results.json" && return
	echo "bench: can't write $out/results.json: figures are in $out/RIG.json alone" >&2
	return 1
}

# form: how much of a run this is
form()
{
	local name form

	form=$([ -n "${QUICK-}" ] && echo "QUICK=1: few repetitions" || echo "whole run")
	[ -z "${RIGS-}" ] || form+=", of ${rigs[*]} alone"
	[ -z "$interrupted" ] || form+=", interrupted"
	for name in "${rigs[@]}"; do
		[ -n "$interrupted" ] || [ -z "${why[$name]}" ] || form+=", $name failed"
	done
	echo "$form"
}

report_write()
{
	show $report_seconds 0 0 "report"
	printf '\n' >&2
	FORM=$(form) SECONDS_TAKEN=$((SECONDS - started)) tests/bench/report/machine.sh \
		>"$out/machine.json"
	tests/bench/report/report.sh "$out" >"$out/report.html.new" &&
		mv "$out/report.html.new" "$out/report.html" && return
	echo "bench: can't write $out/report.html: one that is there is of an earlier run" >&2
	return 1
}

# finish: everything that is made of the rigs' figures
finish()
{
	results_write || return
	report_write
	local status=$?

	tests/bench/report/table.sh $out/results.json
	echo "Figures: $out/results.json$([ $status -ne 0 ] || echo "; pictures: $out/report.html")"
	return $status
}

rigs_choose
mkdir -p $out
tmp=$(mktemp -d)
pipe=$tmp/progress
mkfifo "$pipe"
trap 'rm -rf "$tmp"' EXIT
trap 'interrupted=yes' HUP INT TERM

for rig in "${rigs[@]}"; do
	rig_run "$rig"
	[ -z "$interrupted" ] || break
done
trap '' HUP INT TERM
status=0
finish || status=1
[ -z "$interrupted" ] || exit 130
for rig in "${rigs[@]}"; do
	[ -z "${why[$rig]}" ] || status=1
done
exit $status
