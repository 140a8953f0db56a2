#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Results, table, report and comparison, of figures made up here.
set -u
cd "$(dirname "$0")/../../.." || exit 1
. tests/ktap.sh

R=tests/bench/report
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# figures FILE, of lines NAME N VALUE LEAST GREATEST; a VALUE of null has no spread
figures()
{
	jq -Rn '[inputs | split(" ") | { name: .[0], n: (.[1] | tonumber? // null),
		value: (.[2] | tonumber? // null),
		spread: (if .[3] then .[3:5] | map(tonumber) else null end), repetitions: 5,
		peer: null, peer_value: null, ratio: null, goal: null, holds: null,
		command: "made up" }]' >"$1"
}

# results FILE RIGS: of the arrays in the files behind
results()
{
	local out=$1 rigs=$2

	shift 2
	jq -n -L $R --argjson rigs "$rigs" -f $R/results.jq \
		"$@" </dev/null >"$out"
}

# is FILE FILTER: what the filter says of the file is true
is()
{
	jq -e "$2" "$1" >/dev/null && return
	echo "not so: $2"
	jq -c '.[:5]' "$1"
	return 1
}

case_results_judge()
{
	figures "$dir/native.json" <<-'END'
		native_ring_64k_ratio - 0.98 0.97 0.99
		native_ring_64b_ratio - 0.5 0.4 0.6
		native_awake_doorbells - 0 0 0
		unknown_mb_s 64 3 2 4
	END
	results "$dir/r.json" '{ "native": "" }' "$dir/native.json" || return
	is "$dir/r.json" 'map(select(.name == "native_ring_64k_ratio")) == [.[0]] and .[0].holds' &&
		is "$dir/r.json" '.[1].goal == ">= 0.90" and .[1].holds == false' &&
		is "$dir/r.json" '.[6].name == "native_awake_doorbells" and .[6].holds' &&
		is "$dir/r.json" '.[-1].name == "unknown_mb_s" and .[-1].goal == null'
}

# A rig that claims to hold what it doesn't is found out; one may lift a goal that does not apply.
case_results_not_bent()
{
	cat >"$dir/a.json" <<-'END'
		[{ "name": "ivmm_private_kib", "value": 600, "goal": "<= 1000", "holds": true },
		{ "name": "native_ring_64b_mrecords_s", "value": 9, "goal": null, "holds": null,
		  "why": "no core here copies 10 GB/s" },
		{ "name": "other_us", "value": 3, "ratio": 0.9, "goal": "ratio <= 0.8",
		  "holds": true }]
	END
	results "$dir/r.json" '{}' "$dir/a.json" || return
	is "$dir/r.json" 'any(.[]; .name == "ivmm_private_kib" and .goal == "<= 512" and
			.holds == false)' &&
		is "$dir/r.json" 'any(.[]; .name == "native_ring_64b_mrecords_s" and
			.goal == null and .value == 9)' &&
		is "$dir/r.json" '.[-1].holds == false'
}

case_results_missing()
{
	local goals

	goals=$(jq -n -L $R 'include "goals"; [goals[] | select(.goal)] | length')
	echo '["junk", 3, null, { "name": 4 }]' >"$dir/junk.json"
	results "$dir/r.json" '{ "native": "", "lab": "interrupted" }' "$dir/junk.json" || return
	is "$dir/r.json" "length == $goals" &&
		is "$dir/r.json" 'all(.[]; .value == null and .why and .holds == null)' &&
		is "$dir/r.json" '.[0].why == "the rig did not deliver it"' &&
		is "$dir/r.json" 'any(.[]; .name == "linux_ring_tcp_ratio" and
			.why == "interrupted")'
}

case_table()
{
	case_results_judge || return
	$R/table.sh "$dir/r.json" >"$dir/table" || return
	grep -q '^  held       native_ring_64k_ratio = 0.98 (goal >= 0.97)$' "$dir/table" &&
		grep -q '^  MISSED     native_ring_64b_ratio' "$dir/table" &&
		grep -q '^2 goals held, 1 missed, 14 not taken$' "$dir/table" && return
	cat "$dir/table"
	return 1
}

# Whatever a file of figures says, the page has no tag and no script that is not ours.
case_report_hostile()
{
	local evil='<script>alert(1)</script>"onload=&'

	jq -n --arg evil "$evil" '[{ n: $evil,
		name: ("native_ring_64k_ratio", "linux_x_mb_s", $evil),
		value: ($evil, 5, null), spread: [$evil, $evil], repetitions: $evil, peer: $evil,
		peer_value: 3, ratio: $evil, goal: ($evil, "<= 3"), holds: $evil, command: $evil,
		why: $evil }]' >"$dir/results.json"
	jq -n --arg evil "$evil" '{ Date: $evil, Machine: $evil, Kernel: $evil, Form: $evil,
		Lab: $evil, ($evil): $evil }' >"$dir/machine.json"
	echo "$evil" >"$dir/lab-notes.txt"
	$R/report.sh "$dir" >"$dir/report.html" || return
	rm "$dir/lab-notes.txt"
	grep -q '&lt;script&gt;' "$dir/report.html" &&
		grep -q 'What the lab noted' "$dir/report.html" || return
	! grep -iE '<script|"onload' "$dir/report.html"
}

case_report_empty()
{
	echo '[]' >"$dir/results.json"
	echo '{}' >"$dir/machine.json"
	$R/report.sh "$dir" >"$dir/report.html" || return
	grep -q '0 goals held' "$dir/report.html" && grep -q 'No picture' "$dir/report.html"
}

# It refers to nothing outside; its tags match.
case_report_whole()
{
	local tag

	case_results_judge || return
	cp "$dir/r.json" "$dir/results.json"
	$R/machine.sh >"$dir/machine.json" && $R/report.sh "$dir" >"$dir/report.html" || return
	grep -q '0\.98' "$dir/report.html" && grep -q 'unknown_mb_s' "$dir/report.html" || return
	for tag in table details section figure div svg p; do
		[ "$(grep -oE "<${tag}[ >]" "$dir/report.html" | wc -l)" -eq \
			"$(grep -o "</$tag>" "$dir/report.html" | wc -l)" ] && continue
		echo "<$tag> is not closed as often as it is opened"
		return 1
	done
	! sed 's/xmlns[:a-z]*="[^"]*"//g' "$dir/report.html" |
		grep -E 'https?://|<link|<img|@import'
}

# Figures of an earlier run make a picture, and no verdict.
case_report_earlier()
{
	case_results_judge || return
	cp "$dir/r.json" "$dir/results.json"
	echo '{}' >"$dir/machine.json"
	echo '[{ "name": "bar_move_us", "n": 64, "value": 3, "goal": "<= 2", "holds": false,
		"command": "earlier" }]' >"$dir/memory.json"
	$R/report.sh "$dir" >"$dir/report.html" || return
	rm "$dir/memory.json"
	grep -q 'Of an earlier run' "$dir/report.html" &&
		grep -q '2 goals held.*>1 missed' <(tr '\n' ' ' <"$dir/report.html")
}

# What the lab noted belongs to figures of the lab.
case_report_notes()
{
	local value

	echo '{}' >"$dir/machine.json"
	for value in 5 null; do
		figures "$dir/results.json" <<<"linux_ring_mb_s 64 $value"
		echo "alpha: write-back" >"$dir/lab-notes.txt"
		$R/report.sh "$dir" >"$dir/report-$value.html" || return
		rm "$dir/lab-notes.txt"
	done
	grep -q 'alpha: write-back' "$dir/report-5.html" || return
	! grep 'alpha: write-back' "$dir/report-null.html"
}

case_plot()
{
	local plot

	command -v gnuplot >/dev/null || { ktap_skip "gnuplot is not installed"; return; }
	figures "$dir/results.json" <<-'END'
		native_guest_ring_mb_s 64 1000 900 1100
		native_guest_ring_mb_s 65536 9000 8500 9100
		native_process_ring_mb_s 64 null
		native_guest_pingpong_p50_ns - 200 190 210
		native_guest_pingpong_max_ns - 20000 9000 40000
		linux_ring_mb_s 64 0 0 0
		linux_ring_mb_s null 5 4 6
	END
	for plot in native-ring native-latency; do
		$R/report.sh "$dir" $plot 2>"$dir/err" | grep -q '</svg>' && ! [ -s "$dir/err" ] &&
			continue
		cat "$dir/err"
		return 1
	done
	[ -z "$($R/report.sh "$dir" linux-ring)" ]
}

# says WORDS…: the comparison's headings, and the names below them
says()
{
	local said

	said=$(sed -E 's/^  ([a-z_]+).*/\1/' "$dir/out" | tr '\n' ' ')
	[ "$said" = "$* " ] && return
	cat "$dir/out"
	return 1
}

case_compare()
{
	local status

	figures "$dir/old.json" <<-'END'
		down_mb_s 64 100 98 102
		up_mb_s 64 100 98 102
		slow_us - 100 98 102
		noisy_us - 100 50 150
		close_us - 100 99.9 100.1
		bells_doorbells_s - 10 10 10
		lost_ms - 5 4 6
		null_ms - null
	END
	figures "$dir/new.json" <<-'END'
		down_mb_s 64 80 79 81
		up_mb_s 64 130 129 131
		slow_us - 130 129 131
		noisy_us - 149 90 190
		close_us - 104 103.9 104.1
		bells_doorbells_s - 20 20 20
		fresh_ms - 5 4 6
		null_ms - null
	END
	$R/compare.sh "$dir/old.json" "$dir/new.json" >"$dir/out"
	status=$?
	says "Worse (2): down_mb_s slow_us No longer taken (1): lost_ms Better (1): up_mb_s" \
		"Changed, neither better nor worse (1): bells_doorbells_s New (1): fresh_ms" \
		"2 figures are the same within the noise." && [ $status -eq 1 ]
}

# The goal knows better than the unit which way is up.
case_compare_goals()
{
	cat >"$dir/old.json" <<-'END'
		[{ "name": "a_ratio", "value": 1, "goal": ">= 0.9", "holds": true,
		   "spread": [1, 1], "repetitions": 5 },
		{ "name": "b_ratio", "value": 1, "goal": "<= 0.9", "holds": false,
		  "repetitions": 3 }]
	END
	cat >"$dir/new.json" <<-'END'
		[{ "name": "a_ratio", "value": 0.5, "goal": ">= 0.9", "holds": false,
		   "spread": [0.4, 0.6], "repetitions": 5 },
		{ "name": "b_ratio", "value": 0.5, "goal": "<= 0.9", "holds": true,
		  "repetitions": 3 }]
	END
	$R/compare.sh "$dir/old.json" "$dir/new.json" >"$dir/out"
	grep -q 'a_ratio.*, goal >= 0.9 no longer holds$' "$dir/out" &&
		says "Worse (1): a_ratio Better (1): b_ratio" \
			"0 figures are the same within the noise."
}

# One or two repetitions on either side say nothing of the noise.
case_compare_few()
{
	figures "$dir/old.json" <<-'END'
		many_mb_s 64 100 98 102
		few_mb_s 64 100 98 102
		same_mb_s 64 100 98 102
	END
	jq 'map(if .name != "many_mb_s" then .repetitions = 2 else . end)' "$dir/old.json" \
		>"$dir/few.json"
	jq 'map(if .name != "same_mb_s" then .value = 50 | .spread = [49, 51] else . end |
		.repetitions = 3)' "$dir/old.json" >"$dir/new.json"
	$R/compare.sh "$dir/few.json" "$dir/new.json" >"$dir/out"
	says "Worse (1): many_mb_s No verdict, too few repetitions (1): few_mb_s" \
		"1 figures are the same within the noise." || return
	jq 'map(.repetitions = 1)' "$dir/new.json" >"$dir/once.json"
	$R/compare.sh "$dir/old.json" "$dir/once.json" >"$dir/out" && says \
		"No verdict, too few repetitions (2): many_mb_s few_mb_s" \
		"1 figures are the same within the noise."
}

case_compare_same()
{
	case_results_judge && $R/compare.sh "$dir/r.json" "$dir/r.json" >"$dir/out" &&
		grep -q '^4 figures are the same within the noise.$' "$dir/out"
}

case_compare_refuses()
{
	local bad status

	echo '{}' >"$dir/object.json"
	echo '[' >"$dir/broken.json"
	: >"$dir/empty.json"
	echo '[]' >"$dir/none.json"
	for bad in "" "$dir/absent.json" "$dir/object.json" "$dir/broken.json" "$dir/empty.json"; do
		$R/compare.sh "$bad" "$dir/none.json" >/dev/null 2>"$dir/err"
		status=$?
		[ $status -eq 2 ] && grep -q "^bench-compare: OLD=$bad" "$dir/err" && continue
		echo "OLD=$bad: status $status, $(cat "$dir/err")"
		return 1
	done
}

# rig NAME, a script on standard input; below $dir/tree, which has all else that run.sh needs
rig()
{
	mkdir -p "$dir/tree/tests/bench/$1"
	{ echo '#!/bin/bash'; cat; } >"$dir/tree/tests/bench/$1/run.sh"
	chmod +x "$dir/tree/tests/bench/$1/run.sh"
}

tree()
{
	rm -rf "$dir/tree"
	mkdir -p "$dir/tree/tests/bench"
	ln -s "$PWD/tests/lab" "$PWD/tests/figures.sh" "$dir/tree/tests"
	ln -s "$PWD/$R" "$dir/tree/tests/bench"
	mkdir "$dir/tree/Documentation"
	cp tests/bench/run.sh "$dir/tree/tests/bench"
}

# ran STATUS FILTER: it ends so, and the filter says true of results.json. Signals are as in a
# terminal, whoever runs this: below nohup, a shell can't even trap the one that is ignored.
ran()
{
	QUICK=1 RIGS='native boot lab' env --default-signal=HUP,INT,TERM \
		"$dir/tree/tests/bench/run.sh" >"$dir/out" 2>&1
	[ $? -eq "$1" ] && is "$dir/tree/build/bench/results.json" "$2" &&
		grep -q '</html>' "$dir/tree/build/bench/report.html" && return
	cat "$dir/out"
	return 1
}

case_run()
{
	tree
	rig native <<-'END'
		echo "progress 50 half of it" >&2
		echo "a word" >&2
		echo '[{ "name": "native_ring_64k_ratio", "value": 1 }]' >"$1"
	END
	rig boot <<-'END'
		echo '[{ "name": "boot_init_ratio", "value": 0.5 }]' >"$1"
		exit 3
	END
	rig lab <<-'END'
		echo '[{' >"$1"
	END
	ran 1 'any(.[]; .name == "native_ring_64k_ratio" and .holds) and
		any(.[]; .name == "boot_init_ratio" and .holds) and
		any(.[]; .name == "boot_kernel_ratio" and (.why | test("status 3"))) and
		any(.[]; .name == "linux_ring_tcp_ratio" and (.why | test("no array")))' || return
	is "$dir/tree/build/bench/machine.json" '.Form | test(", boot failed, lab failed$")' &&
		grep -q 'native: half of it$' "$dir/out" &&
		grep -q '^a word$' "$dir/tree/build/bench/native.log"
}

# The next rig meets nothing that one has left behind.
case_run_leftover()
{
	tree
	rig native <<-'END'
		echo '[]' >"$1"
		sleep 1000 </dev/null >/dev/null 2>&1 &
		echo $! >"$1.left"
	END
	rig boot <<-'END'
		! kill -0 "$(<"${1%/*}/native.json.left")" && echo '[]' >"$1"
	END
	rig lab <<-'END'
		echo '[]' >"$1"
	END
	ran 0 'length > 0'
}

# Figures that an earlier run has written are not shown for those of this one.
case_run_unwritten()
{
	tree
	mkdir -p "$dir/tree/build/bench/results.json.new"
	echo '[{ "name": "of_old_us", "value": 1 }]' >"$dir/tree/build/bench/results.json"
	rig native <<-'END'
		echo '[]' >"$1"
	END
	RIGS=native "$dir/tree/tests/bench/run.sh" >"$dir/out" 2>&1
	[ $? -eq 1 ] && grep -q "^bench: can't write build/bench/results.json" "$dir/out" &&
		! grep -E 'of_old_us|^Figures:' "$dir/out" && return
	cat "$dir/out"
	return 1
}

# The short form is done in five minutes even if its rigs are as late as they may be.
case_run_budget()
{
	local whole quick report

	report=$(sed -n 's/^report_seconds=//p' tests/bench/run.sh)
	read -r whole quick < <(sed -n "/^rigs_known='/,/'$/p" tests/bench/run.sh |
		tr -d "'" | awk -v r="$report" '{ w += $2; q += $3 }
			END { print (w + r) * 16 / 15, (q + r) * 16 / 15 }')
	echo "at most $whole s, $quick s with QUICK=1"
	awk -v w="$whole" -v q="$quick" 'BEGIN { exit !(w <= 2400 && q <= 300) }'
}

# Two folders of what was built would mix.
case_make_other_folder()
{
	! env -u MAKEFLAGS -u MAKELEVEL make B="$dir/other" bench >"$dir/out" 2>&1 &&
		grep -q "leave B=$dir/other out" "$dir/out" && [ ! -e "$dir/other" ] && return
	cat "$dir/out"
	return 1
}

case_run_hung_up()
{
	case_run_interrupted HUP
}

case_run_interrupted()
{
	tree
	rig native <<-'END'
		echo '[{ "name": "native_ring_64k_ratio", "value": 1 }]' >"$1"
	END
	rig boot <<-'END'
		echo '[{ "name": "boot_init_ratio", "value": 0.5 }]' >"$1"
		kill -SIGNAL $PPID
		sleep 1000
	END
	sed -i "s/-SIGNAL/-${1-TERM}/" "$dir/tree/tests/bench/boot/run.sh"
	rig lab <<-'END'
		touch "$1.ran"
	END
	ran 130 'any(.[]; .name == "native_ring_64k_ratio" and .holds) and
		any(.[]; .name == "boot_init_ratio" and .holds) and
		any(.[]; .name == "boot_kernel_ratio" and .why == "interrupted") and
		any(.[]; .name == "linux_ring_tcp_ratio" and .why == "rig lab was not run")' &&
		is "$dir/tree/build/bench/machine.json" '.Form | test(", interrupted$")' &&
		! ls "$dir"/tree/build/bench/*.ran 2>/dev/null
}

# readme_tree FORM: a README.md, and results of a run of this form
readme_tree()
{
	tree
	figures "$dir/one.json" <<-'END'
		native_guest_ring_mb_s 65536 17210 17000 18000
		native_ring_64k_ratio - 0.955 0.95 0.96
		ivmm_private_kib - 576 576 576
		linux_ring_tcp_ratio - 41 40 42
	END
	results "$dir/results.json" '{ "lab": "no time was left" }' "$dir/one.json" || return
	jq -n --arg form "$1" '{ Form: $form, Lab: "software emulation: worthless" }' \
		>"$dir/machine.json"
	printf '%s\n' before '<!-- make bench-readme -->' old '<!-- end -->' after \
		>"$dir/tree/README.md"
}

case_readme()
{
	local line

	command -v gnuplot >/dev/null || { ktap_skip "gnuplot is not installed"; return; }
	readme_tree "whole run" && "$dir/tree/$R/readme.sh" "$dir" || return
	[ -s "$dir/tree/Documentation/benchmarks-native-ring.svg" ] || return
	[ ! -e "$dir/tree/Documentation/benchmarks-linux-ring.svg" ] || return
	for line in '^before$' '^after$' '^<!-- end -->$' \
		'^- \*\*17.2 GB/s\*\* .* 95.5 % of .* (goal ≥ 97 %: missed)\.$' \
		'^- \*\*41 ×\*\* .*QEMU.* (in the lab: software emulation, less on hardware)\.$' \
		'^- \*\*– ×\*\* .*doorbell.* Not taken: no time was left\.$' \
		'^- \*\*576 KiB\*\* .*emulation; goal ≤ 512 KiB: missed)\.'; do
		grep -q "$line" "$dir/tree/README.md" && continue
		echo "not there: $line"
		cat "$dir/tree/README.md"
		return 1
	done
	! grep '^old$' "$dir/tree/README.md"
}

# A few repetitions are no numbers for the world.
case_readme_refuses()
{
	readme_tree "QUICK=1: few repetitions" || return
	! "$dir/tree/$R/readme.sh" "$dir" >"$dir/out" 2>&1 &&
		grep -q '^bench-readme: .*make bench.* without QUICK' "$dir/out" &&
		grep -q '^old$' "$dir/tree/README.md" && return
	cat "$dir/out"
	return 1
}

goal_lines()
{
	jq -r -L $R 'include "figures"; .[] | select(.goal) |
		.name + (.goal | goal_parsed | " \(.op) \(.limit)")' | sort
}

# goals_here RIG: "NAME OP LIMIT" of each goal of this rig, as the report knows it
goals_here()
{
	jq -n -L $R --arg rig "$1" 'include "goals"; [goals[] | select(.rig == $rig)]' | goal_lines
}

# goals_jq RIG WORDS…: as its program says it, of no samples
goals_jq()
{
	jq -n "${@:2}" -f "tests/bench/$1/figures.jq" </dev/null | goal_lines
}

# goals_native: as its source says it, since it can't run without /dev/kvm
goals_native()
{
	local name='"([a-z0-9_]+)"' number='([0-9.]+)' goal='GOAL_([A-Z]+)' set='.*figure_set_goal'

	cat tests/bench/native/*.c | tr '\n\t' '  ' | sed -E "s/[;}]/&\n/g" | sed -nE "
		s/.*\.name = $name,.*\.goal = $goal, \.bound = $number.*/\1 \2 \3/p
		s/.*goal_ratio\(all, $name, [0-9]+, $number.*/\1 LEAST \2/p
		s/$set\(.*AWAKE_NAME.*, $goal, $number.*/native_awake_doorbells \1 \2/p
		s/$set\(f, $goal, $number.*/native_ring_64b_mrecords_s \1 \2/p" |
		sed 's/ LEAST / >= /; s/ MOST / <= /' | sort
}

# Rigs run alone as well, and say their goals themselves.
case_goals_agree()
{
	diff -u <(goals_here native) <(goals_native) &&
		diff -u <(goals_here boot) <(goals_jq boot -R --arg why none) &&
		diff -u <(goals_here lab) <(goals_jq lab --argjson samples '[]' \
			--argjson whys '{}' --rawfile series tests/bench/lab/series)
}

# Each goal is explained where people look for it.
case_documented()
{
	local name

	for name in $(jq -nr -L $R 'include "goals"; goals[] | select(.goal) | .name'); do
		grep -q "$name" Documentation/benchmarks.rst && continue
		echo "Documentation/benchmarks.rst does not speak of $name"
		return 1
	done
}

ktap_main case_results_judge "each goal has its verdict, and what is unknown stays" \
	case_results_not_bent "a verdict is that of the value and of the goal here" \
	case_results_missing "a goal that nobody took has its reason" \
	case_table "the table closes with how many goals hold" \
	case_report_hostile "the report quotes whatever the figures say" \
	case_report_empty "a report without a figure" \
	case_report_whole "the report is one file, and its tags match" \
	case_report_earlier "what an earlier run has is told from this one's" \
	case_report_notes "notes of the lab stand beside figures of the lab alone" \
	case_plot "pictures of what is there alone" \
	case_compare "what is worse, gone, better, changed, new, or noise" \
	case_compare_goals "a goal says which way is up" \
	case_compare_few "no verdict of one repetition or two" \
	case_compare_same "a file beside itself" \
	case_compare_refuses "files that are none" \
	case_run "a rig that fails costs its own figures" \
	case_run_interrupted "an interrupt keeps what was measured" \
	case_run_hung_up "so does a terminal that goes away" \
	case_run_leftover "what a rig leaves behind is ended" \
	case_run_unwritten "figures of an earlier run are not shown as this one's" \
	case_run_budget "40 minutes are not passed, nor five" \
	case_make_other_folder "benchmarks of another folder than build are refused" \
	case_readme "the numbers in README.md are those of a run" \
	case_readme_refuses "a quick run's numbers are none for README.md" \
	case_goals_agree "rigs that run alone have the same goals" \
	case_documented "each goal is documented"
