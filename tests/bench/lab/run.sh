#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh OUT.json: the benchmarks with Linux guests in the lab, ours and the peers'. Each part is a
# boot of the nested host, so that one that the emulator loses costs no other; the next one goes on
# there, which the notes beside OUT.json tell. QUICK=1: fewer repetitions and blocks, two boots.
set -uo pipefail
[[ ${1:-} == *.json ]] || {
	echo "usage: run.sh OUT.json" >&2
	exit 2
}
json=$(realpath -m "$1")
cd "$(dirname "$(readlink -f "$0")")/../../.." || exit 1
# shellcheck source=tests/lab/paths.sh
. tests/lab/paths.sh
# shellcheck source=tests/lab/kernel.sh
. tests/lab/kernel.sh
# shellcheck source=tests/lab/initrd.sh
. tests/lab/initrd.sh

# A boot each: its share of the time in percent, and its parts.
boots=('20 file queue' '30 ring plain' '30 net others' '20 doorbell ears')
measure=(5 1 0.3 '64,256,1K,4K,16K,64K,256K,1M')
budget=1200
tries=5
boot_seconds=300
boot_least=60
status_restarts=122		# of the lab: all was done, with guests that had to start again
if [[ -n ${QUICK-} ]]; then
	boots=('60 file ring doorbell' '40 net')
	measure=(2 0.5 0.2 '64,64K,1M')
	budget=170
fi
out=$PWD/build/bench/lab.d
notes=${json%.json}-notes.txt
whys=$(jq -Rn '[inputs | select(test("^[a-z]")) | split("\t") |
	{ (.[0]): "not measured with QUICK=1" }] | add' tests/bench/lab/series)
interrupted=

# image: what guests have beside the lab's RAM disk: the tool, and drivers of the peers.
image()
{
	local root modules

	mapfile -t modules < <(kernel_modules 6.12 virtio_net vmw_vsock_virtio_transport)
	root=$(mktemp -d) && mkdir "$root/bin" "$root/modules" &&
		cp build/tests/bench/ivshmem-bench "$root/bin/" &&
		initrd_modules "$root" "${modules[@]}" &&
		(cd "$root" && find . | "$LAB_DIR/root-busybox/bin/busybox" cpio -o -H newc) \
			>"$out/bench.cpio" 2>/dev/null
	local status=$?

	rm -rf "$root"
	return $status
}

# progress FIRST SHARE: lines of a boot, its percents made those of the whole; other lines pass.
progress()
{
	local word percent text

	while read -r word percent text; do
		if [[ $word == progress ]]; then
			echo "progress $(($1 + $2 * percent / 100)) $text" >&2
		else
			echo "$word $percent $text" >&2
		fi
	done
}

# seconds_for FIRST SHARE: what a boot may take, so that parts behind it get most of their share
seconds_for()
{
	local seconds=$((budget - SECONDS - budget * (100 - $1 - $2) * 6 / 1000))

	echo $((seconds < boot_seconds ? seconds : boot_seconds))
}

# boot_once FOLDER FIRST SHARE PART…: with its logs there, and what it measures and notes added to
# that of $out; the lab's status.
boot_once()
{
	local folder=$1 first=$2 share=$3 status

	shift 3
	mkdir -p "$folder" && cp "$out/bench.cpio" "$out/samples" "$folder/" || return
	[[ ! -e $out/notes ]] || cp "$out/notes" "$folder/"
	tests/lab/lab run --smp 2 --timeout "$(seconds_for "$first" "$share")" --out "$folder" -- \
		tests/bench/lab/inside.sh "${measure[@]}" "$@" 2>&1 </dev/null |
		progress "$first" "$share"
	status=$?
	[[ ! -e $folder/notes ]] || cp "$folder/notes" "$out/"
	# a line of which a half was lost is none, and what could not be measured may be yet
	jq -cR 'fromjson? | select(.figures)' "$folder/samples" >"$out/samples.new" &&
		mv "$out/samples.new" "$out/samples"
	((status != status_restarts)) || return 0
	return $status
}

# lost PART… WHY: figures that these parts lack are so because of this.
lost()
{
	local part

	for part in "${@:1:$#-1}"; do
		whys=$(jq --arg part "$part" --arg why "${!#}" '.[$part] = $why' <<<"$whys")
	done
	echo "${*:1:$#-1}: ${!#}" | tee -a "$notes" >&2
}

# boot FIRST SHARE PART…: in as many boots as it takes; each goes on where the one before was lost.
boot()
{
	local status try

	rm -f "$out/notes"
	for ((try = 1; try <= tries; try++)); do
		boot_once "$out/$3-$try" "$@"
		status=$?
		((status)) && [[ -z $interrupted ]] || break
		(($(seconds_for "$1" "$2") >= boot_least && try < tries)) || break
		echo "${*:3}: its boot was lost (status $status), another goes on" |
			tee -a "$notes" >&2
	done
	[[ ! -e $out/notes ]] || cat "$out/notes" >>"$notes"
	if [[ -n $interrupted ]]; then
		lost "${@:3}" "interrupted"
	elif ((status)); then
		lost "${@:3}" "the lab ended with status $status (logs: $out/$3-$try)"
	else
		whys=$(jq 'del(.[$ARGS.positional[]])' --args "${@:3}" <<<"$whys")
	fi
}

main()
{
	local first=0 words

	rm -rf "$out" && mkdir -p "$out" && : >"$out/samples" && : >"$notes" && image || return
	for boot in "${boots[@]}"; do
		read -ra words <<<"$boot"
		if [[ -n $interrupted ]]; then
			lost "${words[@]:1}" "interrupted"
		elif (($(seconds_for $first "${words[0]}") < boot_least)); then
			lost "${words[@]:1}" "no time was left"
		else
			boot $first "${words[@]}"
		fi
		first=$((first + words[0]))
	done
	jq -n --slurpfile samples "$out/samples" --rawfile series tests/bench/lab/series \
		--argjson whys "$whys" -f tests/bench/lab/figures.jq >"$json" || return
	echo "progress 100 done" >&2
	[[ -z $interrupted ]]
}

trap 'interrupted=yes' INT TERM
main
