#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What spin finds about the models: nothing about a model as it is, an error about each with a
# mistake in it. KTAP on standard output.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/ktap.sh
. "$here/../ktap.sh"

# model NAME [MISTAKE]: all that can happen; the status is 0 if nothing is wrong
model()
{
	local dir status
	dir=$(mktemp -d)
	cp "$here"/*.pml "$dir"
	(
		cd "$dir" || exit 2
		spin ${2:+-D$2} -a "$1.pml" >log 2>&1 &&
			gcc -O2 -w -DSAFETY -DMEMLIM=2000 -DCOLLAPSE -o pan pan.c >>log 2>&1 &&
			./pan -m1000000 >>log 2>&1 || { cat log; exit 2; }
		if ! grep -q '^State-vector' log ||
			grep -qE 'max search depth|out of memory' log; then
			cat log
			exit 2
		fi
		grep -E '^pan:|errors:' log
		grep -q 'errors: 0' log
	)
	status=$?
	rm -rf "$dir"
	return $status
}

holds()
{
	command -v spin >/dev/null || { ktap_skip "no spin (apt-get install spin)"; return; }
	model "$1"
}

# A mistake is found, and not anything else that is wrong.
fails()
{
	command -v spin >/dev/null || { ktap_skip "no spin (apt-get install spin)"; return; }
	model "$1" "$2"
	[ $? -eq 1 ]
}

ktap_main \
	"holds ring" "ring: nobody waits for ever, nobody is rung who did not ask" \
	"fails ring PLAIN_PUBLISH" "found: publishing without a fence" \
	"fails ring PLAIN_SLEEP" "found: going to sleep without a fence" \
	"fails ring NO_LOOK" "found: going to sleep without a last look" \
	"fails ring NO_WRAP_CHECK" "found: writing over what was not read" \
	"holds queue" "queue: nobody waits for ever, one dead producer or not; all is read once" \
	"fails queue PLAIN_READY" "found: publishing a slot without a fence" \
	"fails queue PLAIN_SLEEP" "found: a consumer that goes to sleep without a fence" \
	"fails queue PLAIN_CLAIM" "found: a slot claimed by two" \
	"fails queue NO_BURY" "found: a dead producer's slot in the way of all" \
	"holds session" "session: either side dies at any moment, and they meet again" \
	"fails session NO_ASK" "found: a producer that does not wait to be asked" \
	"fails session NO_CLEAR" "found: attaching as if the last one's peer was met" \
	"fails session POSITION_FIRST" "found: what was published last before death is lost" \
	"fails session EARLY_RESET" "found: a position put back while it is read"
