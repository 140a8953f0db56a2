#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# inside.sh REPETITIONS TRIPS SECONDS BLOCKS PART…: measures the series of these parts (series,
# beside this file) in a nested host that run.sh has started: round trips for TRIPS seconds, what
# flows for SECONDS with each block of the list BLOCKS. Each run's figures become a line of
# $LAB_OUT/samples at once, so that an emulator that ends costs no more than the rest; what has a
# line there already is not measured again.
cd "$(dirname "$0")/../../.." || exit 1
# shellcheck source=tests/bench/lab/guests.sh
. tests/bench/lab/guests.sh

repetitions=$1
trips=$2
seconds=$3
blocks=$4
patience=25			# seconds for one run
bench=build/tests/bench/ivshmem-bench
samples=$LAB_OUT/samples
names=()			# of all guests
log=$LAB_OUT/bench.log
sockets=':(tcp|vsock|unix):'

# part_series PART: its lines
part_series()
{
	grep -P "^$1\t" tests/bench/lab/series
}

# at WHERE COMMAND…: in a guest, or here
at()
{
	local where=$1

	shift
	if [[ $where == host ]]; then
		timeout -k 1 $patience "$@"
	else
		GUEST_TIMEOUT=$patience guest "$where" "$@"
	fi
}

# program WHERE: the tool there
program()
{
	[[ $1 == host ]] && echo $bench || echo ivshmem-bench
}

# options MODE: how long, and with which blocks
options()
{
	case $1 in
	pingpong | doorbell) echo "--seconds $trips" ;;
	queue) echo "--seconds $seconds --block 64,256,1K,4K" ;;
	*) echo "--seconds $seconds --block $blocks" ;;
	esac
}

# answer WHERE:PLACE: the other side of one leader, in the background
answer()
{
	local where=${1%%:*} pin=

	[[ $where != host ]] || pin="--pin 1"
	# shellcheck disable=SC2086 # words
	at "$where" "$(program "$where")" --answer --once $pin "${1#*:}" >>$log 2>&1 &
	answerer=$!
}

# sockets_answer PART: those who answer at sockets, where waiting costs nothing, stay for all.
sockets_answer()
{
	local answerers who

	mapfile -t answerers < <(part_series "$1" | cut -f 5 | grep -E "$sockets" | sort -u)
	for who in "${answerers[@]}"; do
		case $who in
		host:*) $bench --answer --pin 1 "${who#*:}" >>$log 2>&1 & ;;
		*) guest "${who%%:*}" "ivshmem-bench --answer ${who#*:} >/dev/null 2>&1 &" ;;
		esac
	done
}

# lead MODE WHERE:PLACE OPTION…: prints the figures of one repetition
lead()
{
	local mode=$1 where=${2%%:*} place=${2#*:}

	shift 2
	[[ $where == host ]] && set -- "$@" --pin 0
	# shellcheck disable=SC2046 # words
	at "$where" "$(program "$where")" --mode "$mode" --repeat 1 --json $(options "$mode") "$@" \
		"$place" 2>>$log
}

# sample SERIES REPETITION FIGURES
sample()
{
	printf '{"series":"%s","repetition":%d,"boot":"%s","figures":%s}\n' "$1" "$2" \
		"${LAB_OUT##*/}" "$3" >>"$samples"
}

# sampled SERIES REPETITION: is there a line?
sampled()
{
	grep -qsF "\"series\":\"$1\",\"repetition\":$2," "$samples"
}

# answers WHERE: a guest that does not take commands any more is lost, and the part with it
answers()
{
	[[ $1 == host || $1 == - ]] || GUEST_TIMEOUT=5 guest "$1" true ||
		boot_fail "guest $1 takes no commands any more"
}

# rest WHERE…: other guests rest until rest_no_more: idle ones take time, QEMU's more than ours
rest()
{
	local name

	for name in "${names[@]}"; do
		[[ " $* " == *" $name "* ]] || kill -STOP "$(guest_pid "$name")"
	done
}

rest_no_more()
{
	local name

	for name in "${names[@]}"; do kill -CONT "$(guest_pid "$name")"; done
}

# take REPETITION PART SERIES MODE LEADER ANSWERER OPTIONS: one line of samples
take()
{
	local options=() figures answerer=

	! sampled "$3" "$1" || return 0
	[[ $7 == - ]] || read -ra options <<<"$7"
	echo "$SECONDS s: $3, repetition $1" >>$log
	rest "${5%%:*}" "${6%%:*}"
	[[ $6 == - || $6 =~ $sockets ]] || answer "$6"
	figures=$(lead "$4" "$5" "${options[@]}" | tr -d '\n')
	[[ -z $answerer ]] || wait $answerer
	rest_no_more
	sample "$3" "$1" "${figures:-null}"
	[[ -n $figures ]] || { answers "${5%%:*}" && answers "${6%%:*}"; }
}

# part_measure PART FIRST LAST: everyone's turn in each repetition; FIRST and LAST are percents.
part_measure()
{
	local repetition number=0 count line lines words

	mapfile -t lines < <(part_series "$1")
	count=$((repetitions * ${#lines[@]}))
	for ((repetition = 1; repetition <= repetitions; repetition++)); do
		for line in "${lines[@]}"; do
			IFS=$'\t' read -ra words <<<"$line"
			echo "progress $(($2 + ($3 - $2) * number / count)) ${words[1]}," \
				"$repetition of $repetitions" >&2
			take $repetition "${words[@]}" || return
			number=$((number + 1))
		done
	done
}

# exits: of both vCPUs a second, in the middle of a ring that runs for long enough
exits()
{
	local name before=0 after=0 answerer leader from us
	local of="tests/bench/lab/run.sh: KVM's count, both machines"

	! sampled linux_ring 0 || return 0
	rest alpha beta
	answer beta:/dev/ivshmem0
	lead ring alpha:/dev/ivshmem0 --block 64K --seconds 4 >/dev/null &
	leader=$!
	sleep 1.5
	from=${EPOCHREALTIME/[.,]/}
	for name in alpha beta; do before=$((before + $(guests_exits $name))); done
	sleep 2
	for name in alpha beta; do after=$((after + $(guests_exits $name))); done
	us=$((${EPOCHREALTIME/[.,]/} - from))
	wait $answerer
	rest_no_more
	wait $leader || return 0
	sample linux_ring 0 "$(printf \
		'[{"name":"ring_exits_s","n":65536,"value":%d,"command":"%s"}]' \
		$(((after - before) * 1000000 / us)) "$of")"
}

# caching WHERE FILE BAR: how the kernel of a guest has it mapped while somebody has
caching()
{
	echo "$1, $2:"
	guest "$1" "ivshmem-bench --answer $2 >/dev/null 2>&1 & pid=\$!; sleep 0.3
		bar=\$(sed -n 3p $3/resource | cut -c3-18)
		grep -i \$bar /sys/kernel/debug/x86/pat_memtype_list
		kill \$pid"
}

notes()
{
	local name

	for name in alpha beta; do
		caching $name /dev/ivshmem0 /sys/class/ivshmem/ivshmem0/device
	done
	for name in gamma delta; do
		caching $name /root/plain/resource2 /root/plain
		caching $name /root/plain/resource2_wc /root/plain
		caching $name /dev/ivshmem0 /sys/class/ivshmem/ivshmem0/device
	done
}

part()
{
	case $1 in
	net) sockets_answer net ;;
	others) guests_uio && sockets_answer others || return ;;
	ring)
		[[ -e $LAB_OUT/notes ]] || { notes >"$LAB_OUT/notes.new" 2>>$log &&
			mv "$LAB_OUT/notes.new" "$LAB_OUT/notes"; }
		exits
		;;
	esac
	part_measure "$@"
}

# guests_of PART…: who takes part
guests_of()
{
	local name

	for name in alpha beta gamma delta; do
		for part in "$@"; do part_series "$part"; done | grep -q "$name:" && echo $name
	done
}

main()
{
	local number=0 part

	mapfile -t names < <(guests_of "$@")
	echo "progress 0 boot ${names[*]}" >&2
	guests_up "${names[@]}" >>$log 2>&1 || boot_fail "$(tail -n 5 $log)" || return
	for part in "$@"; do
		part "$part" $((20 + 80 * number / $#)) $((20 + 80 * (number + 1) / $#)) || return
		number=$((number + 1))
	done
}

main "${@:5}"
