# SPDX-License-Identifier: GPL-2.0-only
# The few numbers that say most: numbers.json has them, each a figure and one that goes with it.
include "figures";

# Input: all figures
def find($wanted): first(.[] | select(.name == $wanted.figure and
	($wanted.n == null or .n == $wanted.n))) // null;

def taken: . != null and (.value | type) == "number";
def scaled($wanted): .value * ($wanted.scale // 1) | figure_text;

# "16.6 GB/s between …", or why not
def number_line($wanted): . as $all | find($wanted) as $f |
	if $f | taken then "\($f | scaled($wanted)) \($wanted.unit) \($wanted.text)" +
		(($all | find($wanted.under)) as $u |
		if $u | taken then " (\($u | scaled($wanted.under)) \($wanted.under.unit) " +
			"\($wanted.under.text))" else "" end)
	else "not taken: \($wanted.figure)" end;
