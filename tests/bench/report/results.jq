# SPDX-License-Identifier: GPL-2.0-only
# The rigs' arrays as one: each goal is there, with its verdict or with why it has no value.
# $rigs: why a rig did not run to its end, by name ("" if it did)
include "figures";
include "goals";

# A rig may lift a goal where it does not apply, and says why.
def judged($goal):
	(if .goal == null and .why != null and .value != null then .
	else .goal = $goal.goal end) | .holds = goal_holds;

def missing($goal):
	{ name: $goal.name, n: null, value: null, spread: null, repetitions: 0, peer: null,
	  peer_value: null, ratio: null, goal: $goal.goal, holds: null,
	  command: "tests/bench/\($goal.rig)/run.sh",
	  why: ($rigs[$goal.rig] | if . == null or . == "" then "the rig did not deliver it"
		else . end) };

[inputs | arrays[] | objects | select(.name | type == "string")] as $taken |
[goals[] | select(.goal)] as $goals |
[$goals[] | . as $goal | [$taken[] | select(.name == $goal.name)] as $here |
	if $here == [] then missing($goal) else $here[] | judged($goal) end] +
[$taken[] | select(.name as $name | all($goals[]; .name != $name)) |
	if .goal != null then .holds = goal_holds else . end]
