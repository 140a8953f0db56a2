# SPDX-License-Identifier: GPL-2.0-only
# The few numbers that say most, each a figure, and a sentence of its own that goes with it. Both
# say whose they are: what follows a number, and what stands before the one in the sentence.
include "figures";

def numbers: [
	{ "figure": "native_guest_ring_mb_s", "n": 65536, "scale": 0.001, "unit": "GB/s",
	  "text": ("from one bare-metal guest (a virtual machine without an operating system) to " +
		  "another, in records of 64 KiB"),
	  "under": { "figure": "native_ring_64k_ratio", "scale": 100, "unit": "%",
		     "before": "That is",
		     "text": "of what two processes of the host reach over the same memory" } },
	{ "figure": "linux_ring_tcp_ratio", "unit": "×", "lab": true,
	  "text": ("the throughput of TCP (virtio-net, vhost) between two Linux guests of QEMU, when " +
		  "the same two use shared memory and our driver"),
	  "note": "less on hardware",
	  "under": { "figure": "linux_ring_host_ratio", "scale": 100, "unit": "%",
		     "before": "Two Linux guests of ivmm reach",
		     "text": "of what two processes of their host reach" } },
	{ "figure": "native_guest_pingpong_p50_ns", "unit": "ns",
	  "text": "from one bare-metal guest that polls to another and back",
	  "under": { "figure": "native_pingpong_ratio", "unit": "×",
		     "before": "That is",
		     "text": "the time of two processes of the host" } },
	{ "figure": "linux_doorbell_asleep_ratio", "unit": "×", "lab": true,
	  "text": ("the time of a doorbell's round trip between two sleeping Linux guests: of ivmm ÷ " +
		  "of QEMU"),
	  "under": { "figure": "linux_doorbell_awake_ratio", "unit": "×",
		     "before": "Two guests of ivmm that never sleep take",
		     "text": "the time of QEMU's" } },
	{ "figure": "ivmm_private_kib", "unit": "KiB", "lab": true,
	  "text": "of memory for ivmm itself, beside the RAM of its Linux guest",
	  "under": { "figure": "boot_init_ratio", "unit": "×",
		     "before": "Linux starts on ivmm in",
		     "text": "the time of QEMU's fastest machine type" } }
];

# Input: all figures
def find($wanted): first(.[] | select(.name == $wanted.figure and
	($wanted.n == null or .n == $wanted.n))) // null;

def taken: . != null and (.value | type) == "number";
def scaled($wanted): .value * ($wanted.scale // 1) | figure_text;

# The goal that is missed, if there is one: "goal ≤ 512 KiB: missed"
def goal_missed($wanted): (.goal | goal_parsed) as $g |
	select(goal_holds == false and $g.what == "") |
	"goal \({ "<=": "≤", ">=": "≥" }[$g.op] // $g.op) \(
		$g.limit * ($wanted.scale // 1) | figure_text) \($wanted.unit): missed";

# Nobody is to take a number of the lab for one of a machine.
def where($machine): select(.lab) |
	if $machine.Lab | text | startswith("software") then
		"in the lab: software emulation" + (if .note then ", \(.note)" else "" end)
	else "in the lab" end;

def in_brackets: if . == [] then "" else " (\(join("; ")))" end;

# {value: "17.2", unit: "GB/s", text: "from one …", notes: " (goal …: missed)", under: "That is 99 %
# of …"}; what was not taken says why instead of what goes with it.
def number_parts($machine): . as $all | numbers[] | . as $wanted |
	($all | find($wanted)) as $f | .under as $under | ($all | find($under)) as $g | {
		value: (if $f | taken then $f | scaled($wanted) else "–" end), unit,
		text, notes: ([where($machine), ($f | goal_missed($wanted))] | in_brackets),
		under: (if $f | taken | not then
			"Not taken: \($f.why // "no rig delivered it" | text)."
		elif $g | taken then
			"\($under.before) \($g | scaled($under)) \($under.unit) \($under.text)\(
				[$g | goal_missed($under)] | in_brackets)."
		else "" end)
	};
