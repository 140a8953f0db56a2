# SPDX-License-Identifier: GPL-2.0-only
# What results, report and comparison know of a figure (its fields: Documentation/testing.rst).

# A name's last words say its unit, and whether more of it is better (1), less (-1), or neither.
def units: [
	["_gb_s", "GB/s", 1], ["_mb_s", "MB/s", 1], ["_messages_s", "messages/s", 1],
	["_mrecords_s", "million records/s", 1], ["_records_s", "records/s", 1],
	["_exits_s", "exits/s", -1], ["_doorbells_s", "doorbells/s", 0],
	["_huge_kib", "KiB", 1], ["_cpu_ms_per_gib", "ms of CPU/GiB", -1], ["_ns", "ns", -1],
	["_us", "µs", -1],
	["_ms", "ms", -1], ["_s", "s", -1], ["_kib", "KiB", -1], ["_mib", "MiB", -1],
	["_bytes", "bytes", -1], ["_doorbells", "doorbells", -1], ["_ratio", "", 0],
	["_instructions", "instructions", -1], ["_exponent", "", -1]
];

def number: if type == "number" then . else null end;
def text: if type == "string" then . elif . == null then "" else tojson end;

def unit_of: . as $name | first(units[] | select(.[0] as $s | $name | endswith($s))) // ["", "", 0];

# "<= 2" or "ratio <= 0.8" as {what, op, limit}; null if it is no such thing
def goal_parsed:
	if type == "string" then
		try (capture("^(?<what>(ratio )?)(?<op><=|>=|<|>|=) (?<limit>-?[0-9.]+)$") |
			.limit |= tonumber) catch null
	else null end;

# What the goal says of the figure: true, false, or null where there is no goal or no value.
def goal_holds:
	. as $f | (.goal | goal_parsed) as $g |
	if $g == null then null else
		(if $g.what != "" then $f.ratio else $f.value end | number) as $v |
		if $v == null then null
		elif $g.op == "<=" then $v <= $g.limit
		elif $g.op == ">=" then $v >= $g.limit
		elif $g.op == "<" then $v < $g.limit
		elif $g.op == ">" then $v > $g.limit
		else $v == $g.limit end
	end;

# 1: more is better, -1: less, 0: neither; the goal knows better than the unit.
def direction:
	(.goal | goal_parsed) as $g |
	if $g != null and $g.what == "" and ($g.op | test(">")) then 1
	elif $g != null and $g.what == "" and ($g.op | test("<")) then -1
	else (.name | text | unit_of)[2] end;

# Three digits that count, thousands apart: 0.0123, 1.23, 123, 12 346
def thousands:
	tostring | if length > 4 and test("^[0-9]+$")
		then [while(length > 0; .[:-3]) | .[-3:]] | reverse | join("\u202f") else . end;
def figure_text:
	if type != "number" then "–"
	elif . == 0 then "0"
	elif . < 0 then "−" + (-. | figure_text)
	elif . >= 1e15 then tostring
	elif . >= 99.95 then round | thousands
	else (pow(10; 2 - (log10 | floor))) as $scale | (. * $scale | round) / $scale |
		tostring | if test("\\.[0-9]{6,}") then .[:8] else . end
	end;
