# SPDX-License-Identifier: GPL-2.0-only
# The plot whose id is $id, of the figures that are there, as a gnuplot script; nothing if there
# are none. Numbers alone come from the figures: names in a file of figures reach no script.
include "figures";
include "plots";
include "series";

def colours: ["#1f77b4", "#e07b00", "#2f9e44", "#d6336c", "#9467bd", "#8c6d46", "#1098ad",
	      "#868e96", "#a8a116", "#5f3dc4"];
def marks: [7, 5, 9, 13, 11, 4, 6, 8, 12, 10];

# the range of an axis, with room at its ends
def span($low; $high; $margin): "\($low * $margin):\($high / $margin)";

# 1, 2 and 5 of each decade, or its 1 alone where they are many
def ticks($low; $high):
	[range($low | log10 | floor; ($high | log10 | ceil) + 1)] as $decades |
	(if $decades | length > 4 then [1]
	elif $decades | length > 3 then [1, 3]
	else [1, 2, 5] end) as $steps |
	[$decades[] as $d | $steps[] | . * pow(10; $d)];

def tick_list($low; $high): ticks($low; $high) | map("\"\(tick_text)\" \(.)") | join(", ");

# sizes of the points: powers of two as far as there are any, those that don't fit left out
def size_ticks:
	map(.points[].x) | unique | (map(select(log2 | . == floor)) | select(length > 0)) // . |
	(pow(last / first; 1 / 11)) as $apart |
	reduce .[] as $x ([]; if length == 0 or $x >= last * $apart then . + [$x] else . end) |
	map("\"\(size_text)\" \(.)") | join(", ");

def class_ticks: to_entries | map("\"\(.value.title)\" \(.key)") | join(", ");

def block($i): "$d\($i) << END", (.points[] | "\(.x) \(.y) \(.low) \(.high)"), "END";

def curve($i; $style):
	"$d\($i) using 1:2:3:4 with \($style) title \"\(.title)\" " +
	"lc rgb \"\(colours[.colour])\" pt \(marks[.colour]) ps 0.6 lw 1.5" +
	if .dashed then " dt (6,4)" else "" end;

first(plots[] | select(.id == $id)) as $plot | . as $all | series_of($plot) | select(length > 0) |
([.[].points[].low] | min) as $low | ([.[].points[].high] | max) as $high |
([.[].points[].x] | min) as $first | ([.[].points[].x] | max) as $last |
(if $plot.kind == "by_n" or $plot.lines then "yerrorlines" else "yerrorbars" end) as $style |
(to_entries[] | .key as $i | .value | block($i)),
"set terminal svg size 440,\(296 + 18 * ((length + 1) / 2 | floor)) dynamic noenhanced " +
	"font \"sans-serif,13\" \($terminal)",
"set grid lc rgb \"#888888\" lw 0.5 dt (1,3)",
"set border 3 lw 0.8",
"set tics nomirror out scale 0.5",
"set xtics offset 0,0.4",
"set key above horizontal Left reverse maxcols 2 samplen 1.5 width -4 font \",12\"",
"set rmargin 2",
"set xlabel \"\($plot.x)\" offset 0,0.6",
"set ylabel \"\($plot.y)\" offset 0.5,0",
"set logscale y",
"set yrange [\(span($low; $high; 0.8))]",
"set ytics (\(tick_list($low; $high)))",
if $plot.kind == "classes" then ($plot | classes($all)) as $classes |
	"set xrange [-0.3:\($classes | length - 0.7)]", "set xtics (\($classes | class_ticks))"
else "set logscale x", "set xtics (\(size_ticks))", "set xrange [\(span($first; $last; 0.7))]" end,
"plot " + ([to_entries[] | .key as $i | .value | curve($i; $style)] | join(", "))
