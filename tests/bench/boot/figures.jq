# SPDX-License-Identifier: GPL-2.0-only
# Figures of the samples on standard input, a line each: figure, type, round, value. $why: why some
# may be missing.

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
def digits: . * 1000 | round / 1000;

def types: {
	ivmm: "ivmm", pc: "QEMU 7.2 pc", q35: "QEMU 7.2 q35", microvm: "QEMU 7.2 microvm",
	qboot: "QEMU 7.2 microvm, qboot, no legacy devices",
	new_pc: "QEMU 10.0 pc", new_microvm: "QEMU 10.0 microvm"
};

[inputs | split(" ") | { figure: .[0], type: .[1], round: .[2],
		value: (.[3] | tonumber? // null) } |
	select(.value != null and .value > 0)] as $samples |

# By the number of the round; one that failed has none
def rounds($figure; $type):
	[$samples[] | select(.figure == $figure and .type == $type) | { (.round): .value }] |
		add // {};

def values($figure; $type): [rounds($figure; $type)[]];

def figure($name; $values): {
	name: $name, n: null, value: null, spread: null, repetitions: ($values | length),
	peer: null, peer_value: null, ratio: null, goal: null, holds: null,
	command: "tests/bench/boot/run.sh"
} + if ($values | length) == 0 then { why: $why }
	else { value: ($values | median | digits), spread: [$values | min, max | digits] } end;

def beside($peer; $peer_value):
	if .value == null or $peer_value == null then .
	else . + { peer: $peer, peer_value: ($peer_value | digits),
		   ratio: (.value / $peer_value | digits) } end;

def holding($goal):
	. + { goal: $goal, holds: (if .value == null then null
		else .value <= ($goal | ltrimstr("<= ") | tonumber) end) };

# The type with the least median of those, or null
def best($figure; $types):
	[$types[] | . as $type | values($figure; $type) | select(length > 0) |
		{ type: $type, value: median }] | min_by(.value);

def peer_types: types | keys_unsorted | map(select(. != "ivmm"));

# ivmm's beside that of one other type
def own($name; $figure; $peer):
	figure($name; values($figure; "ivmm")) |
		beside(types[$peer.type // ""]; $peer.value);

# ivmm's ÷ that type's, round by round
def ratio($name; $figure; $peer; $goal):
	rounds($figure; "ivmm") as $ours | rounds($figure; $peer.type // "") as $theirs |
	figure($name; [$ours | to_entries[] | select($theirs[.key]) | .value / $theirs[.key]]) |
		if .value == null then . else .peer = types[$peer.type] end | holding($goal);

def peers($prefix; $figure; $suffix):
	peer_types[] | . as $type | values($figure; $type) |
		select(length > 0) | figure($prefix + $type + $suffix; .);

best("init"; peer_types) as $fastest |
best("kernel"; ["microvm", "qboot", "new_microvm"]) as $microvm |
best("private"; peer_types) as $least | [
	ratio("boot_init_ratio"; "init"; $fastest; "<= 0.9"),
	ratio("boot_kernel_ratio"; "kernel"; $microvm; "<= 0.5"),
	(own("ivmm_private_kib"; "private"; $least) | holding("<= 512")),
	own("boot_init_ms"; "init"; $fastest),
	peers("boot_init_"; "init"; "_ms"),
	own("boot_kernel_ms"; "kernel"; $microvm),
	peers("boot_kernel_"; "kernel"; "_ms"),
	peers("qemu_"; "private"; "_private_kib"),
	own("ivmm_stripped_kib"; "stripped"; best("stripped"; ["pc"])),
	figure("create_to_cat_ms"; values("create_to_cat"; "ivmm"))
]
