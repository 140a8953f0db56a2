#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The theorems of range.smt2, and that its functions compute what the C code does: KTAP, a test a
# theorem or function. The argument is the program range_vectors; SEED=N repeats its random numbers.
set -u
cd "$(dirname "$0")/../.." || exit 1

vectors=${1:-build/tests/proof/range_vectors}
model=tests/proof/range.smt2
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}

echo "KTAP version 1"
if ! command -v z3 >/dev/null; then
	echo "1..1"
	echo "ok 1 - range arithmetic for all 64-bit addresses # SKIP no z3 (apt-get install z3)"
	exit 0
fi

if [ ! -x "$vectors" ]; then
	echo "1..1"
	echo "not ok 1 - $vectors is not there: make proof"
	exit 1
fi

# z3 prints a name, "sat" for the assumptions and "unsat" for the negated conclusion.
verdicts()
{
	awk '
	function verdict() {
		if (name == "")
			return
		bad = answers != " sat unsat"
		failed += bad
		results = results sprintf("%s %d - %s\n", bad ? "not ok" : "ok", ++number, name)
		if (bad)
			results = results "# expected \"sat unsat\", z3 says:" answers "\n"
	}
	/^(sat|unsat|unknown|timeout|\(error)/ { answers = answers " " $0; next }
	{ verdict(); name = $0; answers = "" }
	END {
		verdict()
		printf "1..%d\n%s", number, results
		exit failed || !number
	}'
}

echo "# SEED=$seed"
{
	z3 -T:300 $model
	# the model without the theorems, and behind it what the C code says
	{
		sed '/^(declare-const af /,$d' $model
		"$vectors" "$seed"
	} | z3 -T:300 -in
} 2>&1 | verdicts
exit "${PIPESTATUS[1]}"
