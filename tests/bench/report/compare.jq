# SPDX-License-Identifier: GPL-2.0-only
# $old, $new: results, each the one element of an array. Lines for people; the last one is
# "worse N", which compare.sh takes away: how many figures got worse or are no longer taken.
include "figures";

def id: "\(.name) \(.n // "")" | rtrimstr(" ");
def by_id: map(select(type == "object" and (.name | type) == "string")) |
	map({ (id): . }) | add // {};
def taken: . != null and (.value | type) == "number";
def least: if (.spread | type) == "array" then .spread[0] | number else null end // .value;
def greatest: if (.spread | type) == "array" then .spread[1] | number else null end // .value;

# Beyond the noise: spreads that don't overlap, and medians more than 5 % apart.
def apart($a; $b):
	(($a | greatest) < ($b | least) or ($b | greatest) < ($a | least)) and
	(($a.value - $b.value | fabs) > 0.05 * ([$a.value, $b.value] | map(fabs) | max));

# Of one or two repetitions nobody knows the noise.
def repeated: (.repetitions | number // 0) >= 3;

def verdict($a; $b):
	if $a == null and ($b | taken | not) or $b == null and ($a | taken | not) then "neither"
	elif $a == null or ($a | taken | not) then (if $b | taken then "new" else "neither" end)
	elif $b == null or ($b | taken | not) then "gone"
	elif apart($a; $b) | not then "same"
	elif all($a, $b; repeated) | not then "few"
	else ($b | direction) * (if $b.value > $a.value then 1 else -1 end) |
		if . > 0 then "better" elif . < 0 then "worse" else "changed" end
	end;

def side: if . == null or (taken | not) then "–" else
	"\(.value | figure_text)" + if (.spread | type) == "array" and .spread[0] != .spread[1]
		then " (\(.spread[0] | figure_text)…\(.spread[1] | figure_text))" else "" end end;
def percent($a; $b): if ($a | taken) and ($b | taken) and $a.value != 0
	then ($b.value / $a.value - 1) * 100 |
		"\(if . < 0 then "−" else "+" end)\(fabs | figure_text) %"
	else "" end;
def goal_change($a; $b):
	if $a.holds == true and $b.holds == false then ", goal \($b.goal) no longer holds"
	elif $a.holds == false and $b.holds == true then ", goal \($b.goal) holds now"
	else "" end;

def line:
	([(.a | side), "→", (.b | side), ((.b // .a) | .name | unit_of[1]), percent(.a; .b)] |
		map(select(. != "")) | join(" ")) as $change |
	"  \(.id): \($change)\(goal_change(.a; .b))\(
		if .verdict == "gone" and .b.why then ": \(.b.why | text)" else "" end)" |
	gsub("[[:cntrl:]]"; " ");

def part($verdict; $heading): map(select(.verdict == $verdict)) |
	if . == [] then empty else "\($heading) (\(length)):", (.[] | line) end;

($old[0] | by_id) as $olds | ($new[0] | by_id) as $news |
[($olds + $news) | keys_unsorted[] | { id: ., a: $olds[.], b: $news[.] } |
	.verdict = verdict(.a; .b)] |
part("worse"; "Worse"), part("gone"; "No longer taken"), part("better"; "Better"),
part("few"; "No verdict, too few repetitions"),
part("changed"; "Changed, neither better nor worse"), part("new"; "New"),
"\(map(select(.verdict == "same")) | length) figures are the same within the noise.",
"worse \(map(select(.verdict == "worse" or .verdict == "gone")) | length)"
