# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What processes in the background have said, for scripts of this tier.

AWAIT_SECONDS=${AWAIT_SECONDS:-60}

# await FILE REGEX: until a line of it matches; what is there instead is shown.
await()
{
	local end=$((SECONDS + AWAIT_SECONDS))

	until grep -qE "$2" "$1" 2>/dev/null; do
		((SECONDS < end)) || {
			printf "no '%s' in %s:\n%s\n" "$2" "$1" "$(cat "$1")"
			return 1
		}
		sleep 0.1
	done
}
