# SPDX-License-Identifier: GPL-2.0-only
# report.html. Input: all figures; $machine, $svg (its one element by plot), $style, $notes,
# $earlier (its one element: figures of the memory model from an earlier run, taken $earlier_date).
# All text goes through @html; the pictures and the style sheet, which are ours, do not.
include "figures";
include "goals";
include "plots";
include "series";
include "numbers";

def html: text | @html;
def tag($name; $attributes): "<\($name)\($attributes)>" + . + "</\($name)>";
def tag($name): tag($name; "");
def cell($of): tag("td"; " data-of=\"\($of)\"");
def number_cell($of): tag("td"; " class=\"number\" data-of=\"\($of)\"");
def heads: map(if type == "array" then .[0] | tag("th"; " class=\"number\"") else tag("th") end) |
	add | tag("tr") | tag("thead");

def unit: (.name | unit_of)[1];
def with_unit($unit): figure_text + if $unit == "" then "" else "\u202f\($unit)" end;
def size: if .n == null then "" else .n | if type == "number" then size_text else html end end;
def value_text: . as $f | if (.value | type) == "number" then .value | with_unit($f | unit) | html
	else "–" end;
def spread_text: if (.spread | type) == "array"
	then "\(.spread[0] | figure_text) … \(.spread[1] | figure_text)" else "" end;
def spread_cell: spread_text | html | tag("td"; " class=\"spread\" data-of=\"spread\"");
def value_cells: if .value == null
	then .why | html | tag("td"; " class=\"none\" colspan=\"2\" data-of=\"why\"")
	else (value_text | number_cell("median")) + spread_cell end;
def peer_text: . as $f | if (.peer_value | type) != "number"
	then if .value == null then ""
		else [.peer, .why | text | select(. != "")] | join(": ") | html end
	else "\(.peer | text): \(.peer_value | with_unit($f | unit))" | html end;
def few: if (.repetitions // 3) < 3 then ", \(.repetitions)×" else "" end;
def verdict: if .holds == true then "<span class=\"verdict good\">✓ held\(few)</span>"
	elif .holds == false then "<span class=\"verdict bad\">✗ missed\(few)</span>"
	elif .goal == null then "<span class=\"verdict none\">no goal here</span>"
	else "<span class=\"verdict none\">not taken</span>" end;

# --- first page ---

def number_card:
	"<strong\(if .value == "–" then " class=\"none\"" else "" end)>\(.value)<small>\u202f\(
		.unit | html)</small></strong>\(.text | html)" +
	"<span class=\"under\">\(.notes | html)</span>" +
	if .under == "" then "" else .under | html | tag("div"; " class=\"under\"") end | tag("div");

def counts: map(select(.goal != null)) |
	"<span class=\"good\">\(map(select(.holds == true)) | length) goals held</span>, " +
	"<span class=\"bad\">\(map(select(.holds == false)) | length) missed</span>, " +
	"<span class=\"none\">\(map(select(.holds == null)) | length) not taken</span>";

def first_page:
	"<p class=\"first\"><b>What software emulation says about absolute speed is worthless: " +
	"of the figures from the lab only ratios within this one run count.</b> " +
	"They compare instructions, not caches, and exits of a guest are dearer than on hardware, " +
	"which favours shared memory over sockets. " +
	"The lab of this run: \($machine.Lab | html). " +
	"Native guests run at the speed of the machine, but for interrupts and doorbells where KVM " +
	"is software; here: \($machine.KVM | html).</p>",
	"<h1>ivshmem for Linux: benchmarks</h1>",
	"<p class=\"faint\">\($machine.Machine | html) · \($machine.Kernel | html) · " +
	"\($machine.Date | html) · \($machine.Form | html)</p>",
	([number_parts($machine) | number_card] | add | tag("div"; " class=\"numbers\"")),
	"<p>\(counts). Figures are medians; … stands between the least and the greatest.</p>";

# --- goals ---

def goal_text: . as $f | first(goals[] | select(.name == $f.name) | .text) // $f.name | html;

def signs: text | sub("<="; "≤") | sub(">="; "≥");
def goal_known: . as $f | $f.goal != null or any(goals[]; .name == $f.name and .goal);
def why_text: if .value != null and .goal == null and .why
	then "<div class=\"faint\">\(.why | html)</div>" else "" end;

def goal_row:
	((goal_text + "<div class=\"faint\"><code>\(.name | html)</code>\(
		if .n == null then "" else ", n = \(size)" end)</div>" + why_text) | tag("td")) +
	(.goal | signs | html | number_cell("goal")) +
	value_cells + (verdict | tag("td")) | tag("tr");

def goals_table:
	"<section><h2>Goals</h2><table class=\"cards\">",
	(["Figure", ["Goal"], ["Measured"], "Spread", "Verdict"] | heads),
	"<tbody>", (.[] | select(goal_known) | goal_row), "</tbody></table></section>";

# --- plots ---

def series_rows: .title as $title | .figures[] |
	($title | html | tag("td")) + (size | number_cell("n")) + value_cells +
	(.repetitions | html | number_cell("times")) | tag("tr");

def plot_data:
	"<details><summary>Numbers and commands</summary>",
	([.[].figures[].command | html] | unique | map(tag("code") | tag("p")) | add // ""),
	"<table class=\"cards\">", (["Series", ["n"], ["Median"], "Spread", ["Times"]] | heads),
	"<tbody>", (.[] | select(.dashed | not) | series_rows), "</tbody></table></details>";

def plot_figure($all): . as $plot | ($all | series_of($plot)) as $series |
	"<figure id=\"\(.id)\"><h3>\(.title | html)</h3><figcaption>\(.text | html)\(
	if .id == "commits" and $earlier[0] != []
	then " Of an earlier run, \($earlier_date | html)." else "" end)</figcaption>",
	($svg[0][.id] // "<p class=\"none\">No picture: \(if $series == [] then
		"none of its figures was taken" else "gnuplot is not installed" end).</p>"),
	if $series == [] then "" else $series | plot_data end,
	"</figure>";

def plots_section: (. + $earlier[0]) as $all |
	"<section><h2>Pictures</h2><p class=\"faint\">Bars reach from the least to the greatest " +
	"of the repetitions. Axes of sizes, times and rates are logarithmic.</p>",
	"<div class=\"plots\">",
	(plots[] | plot_figure($all)), "</div></section>";

# --- machine, all figures, notes ---

def machine_section:
	"<section><h2>Where and with what</h2><dl>",
	($machine | to_entries[] | (.key | html | tag("dt")) + (.value | html | tag("dd"))),
	"</dl></section>";

def rig: if test("^native_") then "Native guests on /dev/kvm"
	elif test("^linux_") then "Linux guests in the lab, and peers"
	elif test("^(boot|ivmm|create|qemu)_") then "Boot and footprint"
	else "Memory model" end;

def figure_row:
	(.name | html | tag("code") | tag("td")) + (size | number_cell("n")) +
	value_cells +
	(.repetitions | html | number_cell("times")) + (peer_text | cell("peer")) +
	((.command | html | tag("code")) | cell("command")) | tag("tr");

def figures_section:
	"<section><h2>All figures</h2>",
	(group_by(.name | rig)[] |
		"<details><summary>\(.[0].name | rig | html): \(length) figures</summary>",
		"<table class=\"cards\">",
		(["Name", ["n"], ["Median"], "Spread", ["Times"], "Peer", "Command"] | heads),
		"<tbody>", (.[] | figure_row), "</tbody></table></details>"),
	"</section>";

def notes_section: if $notes == "" then empty else
	"<section><h2>What the lab noted</h2><details><summary>Boots that were lost, memory types</summary>",
	($notes | html | tag("pre")), "</details></section>" end;

map(select(type == "object" and (.name | type) == "string")) |
"<!DOCTYPE html>",
"<html lang=\"en\"><head><meta charset=\"utf-8\">",
"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
"<title>ivshmem for Linux: benchmarks</title><style>", $style, "</style></head><body>",
first_page, goals_table, plots_section, machine_section, figures_section, notes_section,
"<p class=\"faint\">Documentation/benchmarks.rst explains each goal, why it is fair, what it does " +
"not say, and the names of all figures.</p></body></html>"
