# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# KTAP from shell scripts. A test program is a table of cases, pairs of a function (with arguments
# behind it, as words) and what it shows:
#
#	ktap_main case_read "what one guest writes the other reads" "case_size 64M" "…"
#
# A case passes if its function returns 0; what it prints is shown if it fails. One that prints
# KTAP, beginning with its plan, is a test with subtests. `ktap_skip REASON; return` leaves it out.
# `ktap_figure` prints a measurement, which is shown whatever became of the case.

KTAP_SKIPPED=77

ktap_skip()
{
	printf 'skip: %s\n' "$*"
	return $KTAP_SKIPPED
}

KTAP_FIGURE='# figure'

# ktap_figure NAME VALUE…: its median, least and greatest, and how many they were; check.sh makes
# figures.json of them.
ktap_figure()
{
	local name=$1

	shift
	printf '%s\n' "$@" | sort -g | awk -v name="$KTAP_FIGURE $name" '{ value[NR] = $1 }
		END { print name, value[int(NR / 2) + 1], value[1], value[NR], NR }'
}

# ktap_result NUMBER STATUS TEXT LOG: the lines of one case.
ktap_result()
{
	local number=$1 status=$2 text=$3 log=$4

	if ((status == KTAP_SKIPPED)); then
		printf 'ok %d - %s # SKIP %s\n' "$number" "$text" \
			"$(sed -n 's/^skip: //p' "$log" | tail -n 1)"
		return
	fi
	if grep -q '^1\.\.[0-9]' "$log"; then
		sed 's/^/    /' "$log"
	else
		grep "^$KTAP_FIGURE " "$log"
		((status)) && grep -v "^$KTAP_FIGURE " "$log" | tail -n 40 | sed 's/^/# /'
	fi
	((status)) && printf 'not '
	printf 'ok %d - %s\n' "$number" "$text"
}

# ktap_main FUNCTION TEXT [FUNCTION TEXT…]: runs them all; the status is 0 if all passed.
ktap_main()
{
	local log number=0 failed=0 status

	log=$(mktemp)
	printf 'KTAP version 1\n1..%d\n' $(($# / 2))
	while (($#)); do
		number=$((number + 1))
		# shellcheck disable=SC2086 # words are what it is made of
		$1 >"$log" 2>&1 </dev/null
		status=$?
		((status == 0 || status == KTAP_SKIPPED)) || failed=1
		ktap_result $number $status "$2" "$log"
		shift 2
	done
	rm -f "$log"
	return $failed
}

# A program that hangs is ended, so that the others run and its name is known.
KTAP_SECONDS=${KTAP_SECONDS:-900}

# ktap_program FILE-OR-FUNCTION
ktap_program()
{
	if [[ -x $1 ]]; then
		timeout --foreground -k 5 "$KTAP_SECONDS" "$1"
	else
		"$1"
	fi
	local status=$?

	((status != 124 && status != 137)) || echo "# not done in $KTAP_SECONDS s: ended"
	return $status
}

# ktap_programs FILE…: runs test programs, each a test whose cases are its subtests.
ktap_programs()
{
	local program number=0 failed=0 verdict

	printf 'KTAP version 1\n1..%d\n' $#
	for program in "$@"; do
		number=$((number + 1))
		verdict=
		printf '    # Subtest: %s\n' "$(basename "$program" .sh)"
		ktap_program "$program" </dev/null | sed -u 's/^/    /'
		((PIPESTATUS[0])) && verdict='not ' failed=1
		printf '%sok %d - %s\n' "$verdict" $number "$(basename "$program" .sh)"
	done
	return $failed
}
