# SPDX-License-Identifier: GPL-2.0-only
# KTAP on standard input -> a line a test program for people, every failure whole, and a last line
# "passed failed skipped" for check.sh in the file named by -v counts=FILE. A program's own verdict
# counts only where it has no subtests; a plan that was not kept is a failure.

function depth(line) { match(line, /^ */); return int(RLENGTH / 4) }

function note_plan(d, n,    i)
{
	for (i = deepest; i >= d; i--)
		check_plan(i)
	if (d > deepest)
		deepest = d
	plan[d] = n
	seen[d] = 0
}

function check_plan(d)
{
	if (d in plan && plan[d] != seen[d]) {
		failed++
		printf "    not ok: %d of %d results arrived\n", seen[d], plan[d]
		block_failed = 1
	}
	delete plan[d]
}

function describe(line) { sub(/^ *(not )?ok [0-9]+ *-? */, "", line); return line }

function result(line, d,    i, bad, skip)
{
	for (i = deepest; i > d; i--)
		check_plan(i)
	seen[d]++
	bad = line ~ /^ *not ok/
	skip = line ~ /# SKIP/
	if (below[d + 1]) {		# a summary of what came before it
		if (bad && !block_failed)
			failed++
	} else if (skip) {
		skipped++
		sub_skipped++
	} else if (bad) {
		failed++
		sub_failed++
		block_failed = 1
	} else {
		passed++
		sub_passed++
	}
	below[d + 1] = 0
	below[d] = 1
	deepest = d
	if (d)
		return
	block = bad || block_failed ? block : ""
	printf "  %-7s %s", bad || block_failed ? "FAILED" : sub_passed ? "ok" : "skipped", describe(line)
	if (sub_passed + sub_failed + sub_skipped > 1)
		printf " (%d passed, %d failed, %d skipped)", sub_passed, sub_failed, sub_skipped
	printf "\n%s", block
	if (block == "" && reasons != "")
		printf "%s", reasons
	fflush()
	block = reasons = ""
	block_failed = sub_passed = sub_failed = sub_skipped = 0
}

{ block = block $0 "\n" }
/^ *1\.\.[0-9]+/ { split($0, p, /\.\./); note_plan(depth($0), p[2] + 0); next }
/^ *(not )?ok [0-9]+/ {
	if (/# SKIP/)
		reasons = reasons "          skipped: " describe($0) "\n"
	result($0, depth($0))
	next
}

END {
	for (i = deepest; i >= 0; i--)
		check_plan(i)
	if (block ~ /[^ \n]/)
		printf "%s", block
	print passed + 0, failed + 0, skipped + 0 > counts
}
