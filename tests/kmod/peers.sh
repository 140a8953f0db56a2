#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ivshmemctl wait, ring and peers: a host as a peer.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh
# shellcheck source=tests/kmod/await.sh
. tests/kmod/await.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

begin()
{
	ivshmemctl create flock 1M --peers 8 --vectors 4 --mode 0644
}

# A shell has its background processes ignore SIGINT; env takes that back.
# waiter NAME ARGUMENTS…: `wait flock` in the background; its id in $peer, its process in $pid.
waiter()
{
	local name=$1

	shift
	env --default-signal=INT ivshmemctl wait flock "$@" >"$work/$name" 2>"$work/$name.err" &
	pid=$!
	await "$work/$name" '^Peer [0-9]+ of' || return
	peer=$(sed -n 's/^Peer \([0-9]*\) of.*/\1/p' "$work/$name")
}

ends()
{
	wait "$1"
	expect "the status of a waiter" "$2" $?
}

rings()
{
	local pid peer

	waiter one --vectors 4 --count 6 && ivshmemctl ring flock "$peer" 2 &&
		await "$work/one" '^vector 2: 1$' && ivshmemctl ring flock "$peer" 0 --count 5 &&
		ends $pid 0 || return
	expect "rings of vector 0" 5 \
		"$(awk -F': ' '/^vector 0/ { n += $2 } END { print n }' "$work/one")"
}

one_vector()
{
	local pid peer

	waiter one --vector 1 --count 1 && ivshmemctl ring flock "$peer" 0 &&
		ivshmemctl ring flock "$peer" 1 && ends $pid 0 &&
		expect "what it tells" "vector 1: 1" "$(sed 1d "$work/one")"
}

json()
{
	ivshmemctl wait flock --json --vectors 2 --peer 5 --count 2 >"$work/json" &
	local pid=$!

	await "$work/json" peer && ivshmemctl ring flock 5 1 && await "$work/json" vector &&
		ivshmemctl ring flock 5 0 && ends $pid 0 || return
	python3 - "$work/json" <<-'END'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		assert lines[0] == {"peer": 5, "vectors": 2}, lines
		assert lines[1:] == [{"vector": 1, "count": 1}, {"vector": 0, "count": 1}], lines
	END
}

timeout_status()
{
	run ivshmemctl wait flock --timeout 0.2
	expect status 3 "$status" && [[ $output == *"the time is over after 0 of 1 doorbells"* ]] ||
		fail "$output"
}

interrupted()
{
	local pid peer

	waiter one && kill -INT $pid && ends $pid 0 || return
	waiter two --count 2 && kill -TERM $pid && ends $pid 1 || return
	grep -q 'ended after 0 of 2 doorbells' "$work/two.err" || fail "$(cat "$work/two.err")"
}

THIEF='
import fcntl, os, struct, sys
def ask(fd, direction, number, data):
	return fcntl.ioctl(fd, direction << 30 | len(data) << 16 | 0xc500 | number, data, True)
region = os.open("/dev/ivshmem/flock", os.O_RDWR)
member = ask(region, 3, 4, bytearray(struct.pack("IIIIQQ16x", 1, 0xffffffff, 0, 0, 0, 0)))
bell = ask(member, 1, 7, bytearray(struct.pack("IIQQ", int(sys.argv[1]), 0, 0, 0)))
os.set_blocking(bell, True)
for _ in range(5000):
	os.write(bell, struct.pack("Q", 1))
	try:
		os.preadv(bell, [bytearray(8)], -1, os.RWF_NOWAIT)
	except BlockingIOError:
		pass
'

# A peer has the same file: it makes reads of it wait, and takes what it rang before the waiter.
thief()
{
	local pid peer

	waiter one && python3 -c "$THIEF" "$peer"
	local ret=$?

	kill -TERM $pid
	timeout "$AWAIT_SECONDS" tail --pid=$pid -f /dev/null || kill -KILL $pid
	ends $pid 0 && return $ret
}

# says STATUS TEXT ARGUMENTS…
says()
{
	local want=$1 text=$2

	shift 2
	run ivshmemctl "$@"
	expect "status of ivshmemctl $*" "$want" "$status" || return
	[[ $output == ivshmemctl:*"$text"* ]] || fail "ivshmemctl $* says '$output', not '$text'"
}

says_nobody()
{
	local want=$1 text=$2

	shift 2
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v ivshmemctl)" "$@"
	expect "status of ivshmemctl $*" "$want" "$status" || return
	[[ $output == ivshmemctl:*"$text"* ]] || fail "ivshmemctl $* says '$output', not '$text'"
}

usage_errors()
{
	says 2 "a PEER and a VECTOR are wanted" ring flock 1 &&
		says 2 "PEER 65536 is not" ring flock 65536 0 &&
		says 2 "PEER x is not" ring flock x 0 &&
		says 2 "VECTOR -1 is not" ring -- flock 0 -1 &&
		says 2 "--count 0 is not" ring flock 0 0 --count 0 &&
		says 2 "can't name" ring .x 0 0 && says 2 "can't name" wait .x &&
		says 2 "can't name" peers .x && says 2 "the NAME of a region" wait &&
		says 2 "the NAME of a region" peers && says 2 "the NAME of a region" peers a b &&
		says 2 "--vector 2048 is not" wait flock --vector 2048 &&
		says 2 "--vector 2 is not one of --vectors 2" wait flock --vector 2 --vectors 2 &&
		says 2 "--vectors 0 is not" wait flock --vectors 0 &&
		says 2 "--timeout -1 is not" wait flock --timeout -1 &&
		says 2 "--timeout 1s is not" wait flock --timeout 1s &&
		says 2 "--timeout 0 is not" wait flock --timeout 0 &&
		says 2 "--peer 65536 is not" wait flock --peer 65536 &&
		says 2 "leave --vectors and --peer out" wait /dev/ivshmem0 --vectors 2 &&
		says 2 "--foo is not known" peers flock --foo &&
		says 2 "--watch takes no value" peers flock --watch=1
}

system_errors()
{
	local pid peer

	waiter one --vectors 2 &&
		says 1 "another peer has the id $peer" wait flock --peer "$peer" &&
		says 1 "peer $peer of 'flock' has no vector 2" ring flock "$peer" 2 &&
		says 1 "there is no peer 7 of 'flock'" ring flock 7 0 &&
		says 1 "there is no region 'missing'" wait missing &&
		says 1 "there is no region 'missing'" ring missing 0 0 &&
		says 1 "there is no region 'missing'" peers missing &&
		says 1 "refuses 5 vectors" wait flock --vectors 5 &&
		says 1 "refuses" wait flock --peer 8 &&
		says 1 "/dev/ivshmem77 is not there" wait /dev/ivshmem77 &&
		says 1 "is not a device of the guest driver" ring /dev/null 0 0 &&
		says 1 "is not a device of the guest driver" peers /dev/ivshmem/flock &&
		says_nobody 1 "who only reads rings nobody" ring flock "$peer" 0
	local ret=$?

	kill $pid
	wait $pid
	return $ret
}

table()
{
	local pid peer

	waiter one --vectors 3 && run ivshmemctl peers flock
	kill $pid
	wait $pid
	grep -qE "^ +$peer +3 +3  root +$pid  ivshmemctl$" <<<"$output" || fail "$output"
}

listing()
{
	local pid peer

	waiter one --vectors 3 && run ivshmemctl peers flock --json
	kill $pid
	wait $pid
	python3 - "$output" "$peer" "$pid" <<-'END'
		import json, sys
		listing = json.loads(sys.argv[1])
		assert listing["region"] == "flock" and listing["max_peers"] == 8, listing
		one, = listing["peers"]
		assert one["peer"] == int(sys.argv[2]) and one["pid"] == int(sys.argv[3]), one
		assert one["vectors"] == 3 and one["attached"] == 3, one
		assert one["user"] == "root" and one["command"] == "ivshmemctl", one
	END
}

watch()
{
	local pid peer one two watcher

	waiter one && one=$pid a=$peer || return
	env --default-signal=INT ivshmemctl peers flock --watch >"$work/watch" &
	watcher=$!
	await "$work/watch" '^1 peer; changes follow' && waiter two --vectors 4 &&
		two=$pid b=$peer &&
		await "$work/watch" "^joined $b: vectors 4, user root, pid $two" &&
		kill $one && await "$work/watch" "^left $a\$" && kill -9 $two &&
		await "$work/watch" "^left $b\$" && kill -INT $watcher && ends $watcher 0 &&
		expect "lines" 5 "$(wc -l <"$work/watch")" && grep -q "^there $a:" "$work/watch"
}

watch_json()
{
	local pid peer

	ivshmemctl peers flock --watch --json >"$work/watch" &
	local watcher=$!

	await "$work/watch" synced && waiter one && await "$work/watch" joined && kill $pid &&
		await "$work/watch" left && kill $watcher && ends $watcher 0 || return
	python3 - "$work/watch" "$peer" <<-'END'
		import json, sys
		synced, joined, left = [json.loads(line) for line in open(sys.argv[1])]
		peer = int(sys.argv[2])
		assert synced == {"event": "synced", "peers": 0}, synced
		assert joined["event"] == "joined" and joined["peer"] == peer, joined
		assert joined["vectors"] == 1 and joined["command"] == "ivshmemctl", joined
		assert left == {"event": "left", "peer": peer}, left
	END
}

# Who reads the watch goes away: so does the watch.
broken_pipe()
{
	local pid peer

	{
		ivshmemctl peers flock --watch 2>"$work/broken"
		echo $? >"$work/status"
	} | head -n 1 >/dev/null &
	until [[ -s $work/status ]]; do
		waiter one && kill $pid && wait $pid
	done
	expect status 1 "$(cat "$work/status")"
}

end()
{
	ivshmemctl destroy flock
}

ktap_main begin "a region" rings "what is rung is told" one_vector "of one vector only" \
	json "for programs" timeout_status "a time that is over has a status of its own" \
	interrupted "signals end a waiter" thief "a peer that shares its eventfd does not stop it" \
	usage_errors "a wrong command line" \
	system_errors "a refusal, with its fix" table "who is a peer" \
	listing "the same for programs" \
	watch "a line for each change" watch_json "an object for each change" \
	broken_pipe "a watch that nobody reads" end "and away with it"
