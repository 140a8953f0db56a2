#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ivshmem-bench, both sides of it as processes of this machine: each mode verified, figures as
# programs want them, what is wrong is told, and whoever dies leaves nothing in the other's way.
set -u
cd "$(dirname "$0")/../../.." || exit 1
. tests/ktap.sh

B=${B:-build}
bench=$B/tests/bench/ivshmem-bench
dir=$(mktemp -d /dev/shm/ivshmem-bench.XXXXXX)
memory=$dir/memory
socket=unix:$dir/socket
answerer=
leader=
trap 'leader_end; answer_end; rm -rf "$dir"' EXIT
truncate -s 16M "$memory"
mkfifo "$dir/said"

# What has not come by then never will: long enough for any machine, and a test that passes never
# takes as long.
patience=120

# Another one for each run of this script, and none that a connection may have for its own end.
port=$((20000 + $$ % 10000))

# answer PLACE OPTION…: the other side, from now on, in place of one that a case has left
answer()
{
	answer_end
	"$bench" --answer "${@:2}" "$1" &
	answerer=$!
}

answer_end()
{
	[[ -z $answerer ]] || { kill "$answerer"; wait "$answerer"; } 2>/dev/null
	answerer=
}

# lead MODE PLACE: the leading side, for longer than the test takes; it has begun to measure
lead()
{
	local line=

	leader_end
	"$bench" --mode "$1" --seconds 600 --repeat 1 --block 64 --progress "$2" 2>"$dir/said" &
	leader=$!
	exec {said}<"$dir/said"
	read -r -t $patience line <&"$said" && [[ $line == progress* ]] && return
	echo "--mode $1 does not measure: '$line'"
	return 1
}

# lead_ends SIGNAL STATUS WORDS: it is sent the signal, if it is not none, ends with STATUS, and has
# said WORDS
lead_ends()
{
	local status words

	[[ $1 == none ]] || kill "-$1" $leader
	# to the end of all that it says, which is its own end
	words=$(timeout $patience cat <&"$said") || kill -KILL $leader
	wait $leader 2>/dev/null
	status=$?
	leader=
	exec {said}<&-
	((status == $2)) && grep -q "$3" <<<"$words" && return
	echo "status $status, expected $2; it said '$words', expected '$3'"
	return 1
}

# One that a case has left.
leader_end()
{
	[[ -z $leader ]] || { kill -KILL $leader; wait $leader; exec {said}<&-; } 2>/dev/null
	leader=
}

# Waits until the answering side means nobody (struct meeting_side in meeting.h).
answer_free()
{
	local end=$((SECONDS + patience))

	until od -A n -t x8 -j 24 -N 8 "$memory" | grep -q ' 0000000000000000$'; do
		((SECONDS < end)) || return
		sleep 0.05
	done
}

# It was killed, which the shell would tell.
answer_reap()
{
	wait "$answerer" 2>/dev/null
	answerer=
}

# fails STATUS WORDS COMMAND…: it ends with STATUS and says WORDS
fails()
{
	local out status

	out=$("${@:3}" 2>&1 >/dev/null)
	status=$?
	((status == $1)) && [[ $out == *"$2"* ]] && return
	echo "status $status, expected $1; it said '$out', expected '$2': ${*:3}"
	return 1
}

# figures FILTER COMMAND…: what it prints is figures, and FILTER is true of them
figures()
{
	local out

	out=$("${@:2}" --json) && jq -e "$fields and ($1)" >/dev/null <<<"$out" && return
	echo "$out"
	echo "not so: $1"
	return 1
}
fields='all(.[]; keys - ["why"] == (["name", "n", "value", "spread", "repetitions", "peer",
	"peer_value", "ratio", "goal", "holds", "command"] | sort) and
	(.value == null) == has("why") and
	(.value == null or (.value >= 0 and .spread[0] <= .spread[1])))'

# verified MODE PLACE OPTION…: a flow, each byte of which is checked
verified()
{
	figures "([.[] | select(.name == \"$1_mb_s\") | .n] == [64, 65536]) and
		all(.[]; .value > 0 and .repetitions == 2)" \
		"$bench" --mode "$1" --verify --seconds 0.02 --repeat 2 --block 64,64k "${@:3}" "$2"
}

trips()
{
	figures 'map(.name) == ["pingpong_mean_ns", "pingpong_p50_ns", "pingpong_p90_ns",
		"pingpong_p99_ns", "pingpong_p999_ns", "pingpong_max_ns"] and .[0].value > 0 and
		(.[2].value == null or .[1].value <= .[2].value) and
		.[5].value == .[5].spread[1]' \
		"$bench" --mode pingpong --verify --seconds 0.1 --repeat 2 "$1"
}

case_alone()
{
	verified read "$memory" && verified write "$memory" && verified mmap "$memory" &&
		verified mmap "$memory" --copy libc
}

case_memory()
{
	answer "$memory"
	verified ring "$memory" && verified queue "$memory" --size 512k &&
		verified ring "$memory" --batch 7 --copy libc && trips "$memory"
	local status=$?
	answer_end
	return $status
}

case_sockets()
{
	local place

	for place in "$socket" "tcp:127.0.0.1:$port" "tcp:::1:$port"; do
		[[ $place != tcp:::1* ]] || grep -q ' lo$' /proc/net/if_inet6 || continue
		answer "$place"
		verified stream "$place" && trips "$place" || return
		answer_end
	done
	[[ ! -e ${socket#unix:} ]]
}

case_unverified()
{
	answer "$memory"
	figures 'all(.[]; .value != null)' "$bench" --mode ring --seconds 0.02 --block 8..128 \
		"$memory"
	local status=$?
	answer_end
	return $status
}

# corrupt OFFSET COMMAND…: while that runs a byte of the memory becomes one or another, over and
# over: either may be what belongs there
corrupt()
{
	local byte status

	: >"$dir/corrupt"
	while [[ -e $dir/corrupt ]]; do
		for byte in x y; do
			printf %s $byte | dd of="$memory" bs=1 seek="$1" conv=notrunc status=none
			sleep 0.01
		done
	done &
	"${@:2}"
	status=$?
	rm "$dir/corrupt"
	wait $!
	return $status
}

# What is in the memory stays as it is in this mode.
case_corrupt_read()
{
	corrupt 1234567 \
		fails 1 'what was received is not what was sent: message 18, from byte 46727' \
		"$bench" --mode read --verify --seconds 20 --block 64k "$memory"
}

# Here the memory is written over and over: again and again, until it is in time. A record with its
# header has 64k, so that the byte is never one of a header.
case_corrupt_ring()
{
	answer "$memory"
	corrupt 100000 fails 1 'what was received is not what was sent: message' \
		"$bench" --mode ring --verify --seconds 20 --block 65528 "$memory" &&
		verified ring "$memory"
	local status=$?
	answer_end
	return $status
}

case_answerer_dies()
{
	answer "$memory"
	lead ring "$memory" || return
	kill -9 $answerer
	answer_reap
	lead_ends none 1 'is gone'
}

case_answerer_stands()
{
	answer "$memory"
	lead ring "$memory" || return
	kill -STOP $answerer
	lead_ends none 1 'is gone'
	local status=$?
	kill -CONT $answerer
	((status == 0)) && verified ring "$memory" || return
	answer_end
}

case_leader_dies()
{
	local mode

	answer "$memory"
	for mode in ring queue pingpong; do
		lead $mode "$memory" && lead_ends KILL 137 '' && verified ring "$memory" || return
	done
	answer_end
}

# Who stands still for too long finds that the other side has gone on.
case_leader_stands()
{
	answer "$memory"
	lead ring "$memory" || return
	kill -STOP $leader
	answer_free && verified ring "$memory" &&
		lead_ends CONT 1 'is gone\|somebody else' && verified ring "$memory" || return
	answer_end
}

case_socket_dies()
{
	answer "$socket"
	lead stream "$socket" && lead_ends KILL 137 '' && verified stream "$socket" &&
		lead stream "$socket" || return
	kill -9 $answerer
	answer_reap
	lead_ends none 1 "$socket" || return
	rm -f "${socket#unix:}"
}

case_signals()
{
	local mode

	for mode in ring queue pingpong; do
		answer "$memory"
		lead $mode "$memory" && lead_ends TERM 1 'ended by a signal' &&
			lead $mode "$memory" || return
		kill "$answerer"
		wait "$answerer" || return
		answerer=
		lead_ends none 1 'is gone' || return
	done
	fails 1 'nobody answers' "$bench" --mode ring --patience 0.2 "$memory"
}

case_once()
{
	local place

	for place in "$memory" "$socket"; do
		answer "$place" --once
		"$bench" --mode pingpong --seconds 0.1 --repeat 2 "$place" >/dev/null || return
		wait $answerer || return
		answerer=
	done
}

case_one_of_each()
{
	answer "$memory"
	lead ring "$memory" && fails 1 'somebody else answers' "$bench" --answer "$memory" &&
		fails 1 'somebody else measures' "$bench" --mode ring "$memory" &&
		lead_ends INT 1 'ended by a signal' || return
	answer_end
}

# A leading side that is none of ours.
case_hostile()
{
	answer "$memory"
	"$B/tests/bench/test_hostile" "$memory" && kill -0 $answerer && verified ring "$memory" ||
		return
	answer_end
}

# Whatever is in the memory.
case_garbage()
{
	head -c 1M /dev/urandom | dd of="$memory" conv=notrunc status=none
	case_memory
}

case_unresolved()
{
	local out

	out=$("$bench" --mode mmap --block 64 --seconds 0.0000001 --json "$memory" 2>/dev/null)
	(($? == 1)) && jq -e "$fields and all(.[]; .why | test(\"too short\"))" <<<"$out" >/dev/null
}

case_too_large()
{
	answer "$memory"
	figures '.[-1].n == 65536 and .[-1].value == null and (.[-1].why | test("64K does not fit"))
		and .[0].value > 0' "$bench" --mode ring --seconds 0.02 --size 64k --block 64,64k \
		"$memory"
	local status=$?
	answer_end
	return $status
}

case_usage()
{
	fails 2 '--mode or --answer is missing' "$bench" "$memory" &&
		fails 2 'one PLACE is wanted' "$bench" --mode ring &&
		fails 2 'one PLACE is wanted' "$bench" --mode ring "$memory" "$memory" &&
		fails 2 'one of read, write' "$bench" --mode fast "$memory" &&
		fails 2 'leave one of the two out' "$bench" --answer --mode ring "$memory" &&
		fails 2 'multiples of 8' "$bench" --mode ring --block 64,12 "$memory" &&
		fails 2 'multiples of 8' "$bench" --mode ring --block 1M..64 "$memory" &&
		fails 2 'multiples of 8' "$bench" --mode ring --block 128M "$memory" &&
		fails 2 'number of 1 to 100' "$bench" --mode ring --repeat 0 "$memory" &&
		fails 2 'number of seconds' "$bench" --mode ring --seconds -1 "$memory" &&
		fails 2 '--frob' "$bench" --frob "$memory" &&
		fails 2 'wants a value' "$bench" --mode ring "$memory" --size &&
		fails 2 'is a socket' "$bench" --mode ring "$socket" &&
		fails 2 'wants a socket' "$bench" --mode stream "$memory" &&
		fails 2 'is no address' "$bench" --mode stream tcp:localhost &&
		fails 2 'is not there' "$bench" --mode read "$dir/none" &&
		fails 2 'has no doorbells' "$bench" --mode doorbell "$memory" &&
		fails 2 '64K at least' "$bench" --mode read /dev/null
}

case_help()
{
	"$bench" --help | grep -q 'usage: ivshmem-bench' && "$bench" --version | grep -q '^ivshmem-'
}

histogram_sorted() { "$B/tests/bench/test_histogram"; }

ktap_main \
	histogram_sorted "the histogram tells what sorting tells" \
	case_alone "read, write and mmap get the bytes that were written" \
	case_memory "ring, queue and ping-pong through memory get what was sent" \
	case_sockets "streams and ping-pong through sockets, too" \
	case_unverified "without a check, each block of a list has figures" \
	case_garbage "what was in the memory before does not matter" \
	case_corrupt_read "a byte that changes in the memory is found" \
	case_corrupt_ring "and one that changes in a ring; who answers goes on" \
	case_answerer_dies "a killed answering side is noticed" \
	case_answerer_stands "and one that stands still, which then answers others" \
	case_leader_dies "a killed leading side leaves the answering one to the next" \
	case_leader_stands "and so does one that stands still" \
	case_socket_dies "sockets are left by the dead, too" \
	case_signals "signals end both sides, which leave" \
	case_once "--once ends with the first leading side" \
	case_hostile "a hostile leading side neither ends nor stops who answers" \
	case_one_of_each "there is one of each side" \
	case_unresolved "what the clock can't resolve is no figure" \
	case_too_large "a block that does not fit is no figure" \
	case_usage "what can't be asked for is told, with its fix" \
	case_help "--help and --version"
