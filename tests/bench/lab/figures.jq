# SPDX-License-Identifier: GPL-2.0-only
# Figures of the samples that were taken, one of $samples a run of the tool; those that should be
# there and are not, with the reason; and the ratios.

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

# part, name, mode
def table:
	[$series | split("\n")[] | select(test("^[a-z]")) | split("\t") |
		{ part: .[0], series: .[1], mode: .[2] }];

# What each mode is measured for
def suffixes:
	if . == "pingpong" or . == "doorbell" then
		["p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"]
	elif . == "queue" then ["mb_s", "messages_s"]
	else ["mb_s"] end;

def why_missing($s): $whys[$s.part] // "ivshmem-bench gave no figure: see its bench.log";

def figure: {
	name: .name, n: .n, value: null, spread: null, repetitions: 0, peer: null,
	peer_value: null, ratio: null, goal: null, holds: null, command: null
} + .;

# The figures of a series, each with its repetition and under its own name: ring_mb_s of the series
# linux_uio_ring is linux_uio_ring_mb_s.
def taken_of($s):
	[$samples[] | select(.series == $s.series) | . as { $repetition, $boot } | .figures // [] |
		.[] | .name |= $s.series + ltrimstr($s.mode) | . += { $repetition, $boot }];

# One figure of all its samples
def together:
	map(select(.value != null) | .value) as $values |
	.[0] as $first |
	if ($values | length) == 0 then
		{ name: $first.name, n: $first.n, why: ($first.why // "no value"),
		  command: $first.command } | figure
	else
		{ name: $first.name, n: $first.n, value: ($values | median),
		  spread: [$values | min, max], repetitions: ($values | length),
		  command: $first.command } | figure
	end;

def figures_of($s):
	(taken_of($s) | group_by([.name, .n]) | map(together)) as $taken |
	([$s.mode | suffixes[] | $s.series + "_" + .] - ($taken | map(.name))) as $missing |
	$taken + ($missing | map({ name: ., why: why_missing($s) } | figure));

# Ratios, most of them with a goal: a figure of one series ÷ that of another, in each repetition.
def ratios: [
	["linux_read_1m_ratio", ">= 0.9", "linux_read", "linux_mmap", "_mb_s", 1048576,
		"memcpy() of libc from the mapping"],
	["linux_read_1m_loop_ratio", null, "linux_read", "linux_mmap_loop", "_mb_s", 1048576,
		"a copy by rep movsq from the mapping"],
	["linux_ring_wc_ratio", ">= 1.0", "linux_ring", "linux_qemu_wc_ring", "_mb_s", 65536,
		"QEMU 7.2 ivshmem-plain, resource2_wc"],
	["linux_ring_tcp_ratio", ">= 40", "linux_driver_ring", "linux_tcp", "_mb_s", 65536,
		"TCP, virtio-net with vhost, QEMU 7.2"],
	["linux_ring_tcp_ivmm_ratio", null, "linux_ivmm_ring", "linux_tcp", "_mb_s", 65536,
		"TCP, virtio-net with vhost, QEMU 7.2"],
	["linux_ring_host_ratio", ">= 0.95", "linux_ring", "linux_host_ring", "_mb_s", 65536,
		"two processes of the host"],
	["linux_pingpong_ratio", "<= 1.05", "linux_pingpong", "linux_host_pingpong", "_p50_ns", null,
		"two processes of the host"],
	["linux_doorbell_asleep_ratio", "<= 0.8", "linux_doorbell_wait", "linux_qemu_doorbell_wait",
		"_p50_ns", null, "QEMU 7.2 ivshmem-doorbell"],
	["linux_doorbell_rare_ratio", null, "linux_doorbell_rare", "linux_qemu_doorbell_rare",
		"_p50_ns", null, "QEMU 7.2 ivshmem-doorbell"],
	["linux_doorbell_awake_ratio", "<= 0.25", "linux_doorbell_awake", "linux_qemu_doorbell_wait",
		"_p50_ns", null, "QEMU 7.2 ivshmem-doorbell, asleep"]
] | map({ name: .[0], goal: .[1], over: .[2], under: .[3], suffix: .[4], n: .[5], peer: .[6] });

# {"1 ring-2": value, …}: for each repetition that has one, and in which boot
def values_of($s; $suffix; $n):
	[taken_of($s)[] | select(.name == $s.series + $suffix and ($n == null or .n == $n) and
			(.value // 0) > 0) | { key: "\(.repetition) \(.boot)", value: .value }] | from_entries;

def holds($goal):
	($goal // "" | split(" ")) as [$op, $limit] |
	if $op == null then null
	elif $op == ">=" then . >= ($limit | tonumber) else . <= ($limit | tonumber) end;

def series_named($name): first(table[] | select(.series == $name));

def ratio_figure:
	. as $g | series_named($g.over) as $over | series_named($g.under) as $under |
	values_of($over; $g.suffix; $g.n) as $a | values_of($under; $g.suffix; $g.n) as $b |
	[$a | keys[] | select($b[.]) | $a[.] / $b[.]] as $ratios |
	{ name: $g.name, goal: $g.goal, peer: $g.peer,
	  command: ("tests/bench/lab/run.sh: " + $g.over + $g.suffix + " ÷ " + $g.under + $g.suffix) } +
	if ($ratios | length) == 0 then { why: why_missing($over) }
	else ($ratios | median) as $value |
		{ value: $value, spread: [$ratios | min, max], repetitions: ($ratios | length),
		  holds: ($value | holds($g.goal)) }
	end | figure;

[ratios[] | ratio_figure] + [table[] as $s | figures_of($s)[]]
