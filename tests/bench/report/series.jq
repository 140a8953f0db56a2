# SPDX-License-Identifier: GPL-2.0-only
# The figures of a plot as series of points: {title, colour, dashed, points: [{x, y, low, high}],
# figures}. What has no value, or none that a logarithm takes, is left out.
include "figures";

# What a plot by classes has along its x axis: the figures' names end with their suffixes.
def percentiles: [
	{ suffix: "_p50_ns", title: "p50" }, { suffix: "_p90_ns", title: "p90" },
	{ suffix: "_p99_ns", title: "p99" }, { suffix: "_p999_ns", title: "p99.9" },
	{ suffix: "_max_ns", title: "max" }
];

# Those of which there are figures
def classes($all): . as $plot |
	(if .classes == "percentiles" then percentiles else .classes end) |
	map(select(.suffix as $suffix | any($plot.series[].base + $suffix; . as $name |
		any($all[]; .name == $name and .value != null))));

def tick_text: if . >= 1e6 then "\(. / 1e6)M" elif . >= 1e4 then "\(. / 1e3)k"
	elif . < 1 then tostring else "\(.)" end;
def size_text: if . > 0 and . % 1048576 == 0 then "\(. / 1048576)M"
	elif . > 0 and . % 1024 == 0 then "\(. / 1024)K"
	else "\(.)" end;

def positive: type == "number" and . > 0;
def ends: if (.spread | type) == "array" and (.spread | length) == 2 and
	all(.spread[]; positive) then .spread else [.value, .value] end;

def point($x; $field):
	.[$field] as $y | (if $field == "value" then ends else [$y, $y] end) as $ends |
	select($x != null and ($y | positive)) | { x: $x, y: $y, low: $ends[0], high: $ends[1] };

def by_n($all): .figure as $name | (.field // "value") as $field |
	[$all[] | select(.name == $name and (.n | positive))] | sort_by(.n) |
	{ figures: ., points: [.[] | point(.n; $field)] };

def by_class($all; $classes): .base as $base |
	[$classes | to_entries[] | .key as $x | .value.suffix as $suffix |
		$all[] | select(.name == $base + $suffix) | { x: $x, figure: . }] |
	{ figures: map(.figure), points: [.[] | .x as $x | .figure | point($x; "value")] };

# Input: all figures.
def series_of($plot): . as $all |
	[$plot.series | to_entries[] | .key as $i | .value |
		{ title, colour: $i, dashed: (.field == "peer_value") } +
		(if $plot.kind == "classes" then by_class($all; $plot | classes($all))
		else by_n($all) end) |
		select(.points | length > 0)];
