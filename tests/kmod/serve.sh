#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ivshmemctl serve: clients of QEMU's protocol as peers of a region.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh
# shellcheck source=tests/kmod/await.sh
. tests/kmod/await.sh

client=build/tests/kmod/qemu_client
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
socket=$work/socket

begin()
{
	ivshmemctl create served 1M --mode 0644
}

# server ARGUMENTS…: in the background; its process in $server.
server()
{
	: >"$work/server"
	env --default-signal=INT ivshmemctl serve served --socket "$socket" "$@" \
		>"$work/server" 2>"$work/server.err" &
	server=$!
	await "$work/server" "^Serving the region 'served' \(1M\) at $socket"
}

# server_ends SIGNAL: its status is 0, and the socket is gone.
server_ends()
{
	kill -"$1" "$server"
	wait "$server"
	expect "the status of the server" 0 $? || return
	[[ ! -e $socket ]] || fail "$socket is left"
}

# client NAME [KIND]: in the background; its process in $pid, its id in $id, and it reads $NAME.in.
client()
{
	rm -f "$work/$1.in"
	mkfifo "$work/$1.in"
	# for reading too, so that nobody waits for the other
	$client "$socket" ${2:+"$2"} <>"$work/$1.in" >"$work/$1" &
	pid=$!
	[[ -n ${2:-} ]] && return
	await "$work/$1" '^memory 1048576$' || return
	id=$(sed -n 's/^id //p' "$work/$1")
}

# tell NAME COMMAND
tell()
{
	echo "$2" >"$work/$1.in"
}

# await_peers COUNT: as many has the region, in the end.
await_peers()
{
	local end=$((SECONDS + AWAIT_SECONDS))

	until [[ $(sysfs served peers) == "$1" ]]; do
		((SECONDS < end)) || fail "not $1 peers: $(ivshmemctl peers served)" || return
		sleep 0.1
	done
}

nobody()
{
	await_peers 0
}

no_violations()
{
	! grep -D skip -H violation "$work"/*
}

# waiter VECTORS COUNT: `wait served` in the background; its process in $waiter, its id in $other.
waiter()
{
	: >"$work/waiter"
	ivshmemctl wait served --vectors "$1" --count "$2" >"$work/waiter" &
	waiter=$!
	await "$work/waiter" ^Peer || return
	other=$(sed -n 's/^Peer \([0-9]*\).*/\1/p' "$work/waiter")
}

present_peers_first()
{
	server --vectors 2 && waiter 3 2 && client one && await "$work/one" "own $id vector 1" ||
		return
	expect "what a client hears" "id $id
memory 1048576
peer $other vector 0
peer $other vector 1
peer $other vector 2
own $id vector 0
own $id vector 1" "$(cat "$work/one")"
}

host_and_client_ring()
{
	tell one "ring $other 2" && await "$work/waiter" '^vector 2: 1$' &&
		ivshmemctl ring served "$id" 1 --count 3 && tell one "count 1" &&
		await "$work/one" '^count 3$' && tell one "ring $other 0" && wait "$waiter" &&
		await "$work/one" "^left $other\$"
}

clients_ring_each_other()
{
	local one=$id one_pid=$pid

	client two && await "$work/two" "own $id vector 1" &&
		await "$work/one" "peer $id vector 1" && tell two "ring $one 0" &&
		tell one "ring $id 1" && await "$work/one" '^rang' && await "$work/two" '^rang' &&
		tell one "count 0" && tell two "count 1" && await "$work/one" '^count 1$' &&
		await "$work/two" '^count 1$' || return
	kill -9 "$pid"
	await "$work/one" "^left $id\$" || return
	id=$one pid=$one_pid
}

# hostile KIND: is dropped, while one hears of what happens.
hostile()
{
	local old=$id old_pid=$pid

	client bad "$1" && await "$work/bad" "^$1\$" && waiter 1 1 &&
		await "$work/one" "^peer $other vector 0" && ivshmemctl ring served "$other" 0 &&
		wait "$waiter" && await "$work/one" "^left $other\$" || return
	# it has taken too few messages to be in anybody's way yet
	[[ $1 != silent ]] || kill "$pid"
	[[ $1 == silent ]] || await "$work/bad" '^closed'
	local ret=$?

	id=$old pid=$old_pid
	return $ret
}

ends_by_signal()
{
	kill "$pid"
	nobody && server_ends INT && no_violations
}

# Its queue is full after some 40 messages; the server drops it, the other hears of all.
slow_client()
{
	server --vectors 1 --timeout 2 && client one || return
	local one=$id one_pid=$pid i waiters=()

	await "$work/one" "own $one vector 0" && client bad silent || return
	for i in 1 2 3 4; do
		ivshmemctl wait served --vectors 30 >"$work/many$i" &
		waiters+=($!)
		await "$work/many$i" ^Peer || return
	done
	await "$work/bad" '^closed' &&
		grep -q "is dropped: it takes no messages" "$work/server.err" &&
		expect "vectors that the other heard of" 121 "$(grep -c ^peer "$work/one")"
	local ret=$?

	kill "${waiters[@]}" "$one_pid"
	nobody && server_ends TERM && no_violations && return $ret
}

socket_mode_and_owner()
{
	server --mode 0606 --owner daemon:sys &&
		expect "socket" "socket 606 daemon:sys" "$(stat -c '%F %a %U:%G' "$socket")" &&
		server_ends INT && server --owner :sys &&
		expect "socket" "socket 660 root:sys" "$(stat -c '%F %a %U:%G' "$socket")" &&
		server_ends HUP
}

killed_and_restarted()
{
	server && client one && kill -9 "$server" || return
	wait "$server"
	await "$work/one" '^closed' && nobody && [[ -S $socket ]] && server && client two &&
		await "$work/two" "^own $id vector 0" || return
	kill "$pid"
	nobody && server_ends INT && no_violations
}

# says TEXT ARGUMENTS…: serve ends at once, with one line.
says()
{
	local want=$1 text=$2

	shift 2
	run timeout 60 ivshmemctl serve "$@"
	expect "status of serve $*" "$want" "$status" && [[ $output == ivshmemctl:*"$text"* ]] ||
		fail "serve $* says '$output', not '$text'"
}

refusals()
{
	echo precious >"$work/file"
	says 2 "a NAME and a --socket PATH are wanted" served &&
		says 2 "a NAME and a --socket PATH are wanted" --socket "$socket" &&
		says 2 "can't name" .x --socket "$socket" &&
		says 2 "--mode 8 is not" served --socket "$socket" --mode 8 &&
		says 2 "no such user" served --socket "$socket" --owner no-such-user &&
		says 2 "no such group" served --socket "$socket" --owner root:no-such-group &&
		says 2 "no such user" served --socket "$socket" --owner "" &&
		says 2 "--vectors 0 is not" served --socket "$socket" --vectors 0 &&
		says 2 "--max-clients 0 is not" served --socket "$socket" --max-clients 0 &&
		says 2 "--timeout x is not" served --socket "$socket" --timeout x &&
		says 1 "there is no region" missing --socket "$socket" &&
		says 1 "is there and is no socket" served --socket "$work/file" &&
		says 1 "a path of 1 to" served --socket "/tmp/$(printf 'x%.0s' {1..100})" &&
		expect "the file" precious "$(cat "$work/file")" || return
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v ivshmemctl)" \
		serve served --socket /tmp/nobody
	expect status 1 "$status" && [[ $output == *"may only be read by you"* ]] || fail "$output"
}

refused_where_one_serves()
{
	server && says 1 "somebody listens at" served --socket "$socket" && client one || return
	kill "$pid"
	nobody && server_ends INT
}

more_vectors_than_allowed()
{
	ivshmemctl create narrow 4k --vectors 2 &&
		says 1 "--vectors 3 is more than the 2" narrow --socket "$socket" --vectors 3
	local ret=$?

	ivshmemctl destroy narrow
	return $ret
}

COMES_AND_GOES='
import socket, sys
for _ in range(300):
	with socket.socket(socket.AF_UNIX) as s:
		s.connect(sys.argv[1])
'

# Who connects and closes in a loop takes few ids, and another user need not wait for him.
comes_and_goes()
{
	local first begin=$SECONDS ret
	local client="setpriv --reuid=65534 --regid=65534 --clear-groups $client"

	chmod 711 "$work"
	server --mode 0666 && client one && first=$id && kill "$pid" &&
		python3 -c "$COMES_AND_GOES" "$socket" && client two || return
	((id - first <= 64 + 4 * (SECONDS - begin + 1) + 2))
	ret=$?
	kill "$pid"
	nobody && server_ends INT && ((ret == 0)) || fail "ids: $first, then $id"
}

few_ids()
{
	ivshmemctl create few 4k --peers 64 &&
		says 1 "has ids for 64 peers only" few --socket "$work/file"
	local ret=$?

	ivshmemctl destroy few
	return $ret
}

# Each client is two descriptors: of thirty, some ten come in. Those hear of each other, and of
# nobody leaving.
few_descriptors()
{
	local i pids=() in=0 refused=0

	: >"$work/server"
	(ulimit -n 24 && exec ivshmemctl serve served --socket "$socket" --vectors 2) \
		>"$work/server" 2>"$work/server.err" &
	server=$!
	await "$work/server" ^Serving || return
	mkfifo "$work/idle"
	for i in {1..20}; do
		$client "$socket" <>"$work/idle" >"$work/few$i" &
		pids+=($!)
		await "$work/few$i" '^(own .* 1|closed)$' || break
		grep -q ^closed "$work/few$i" && refused=$((refused + 1)) || in=$((in + 1))
	done
	((in >= 4 && refused >= 4 && in + refused == 20)) || fail "in: $in, refused: $refused"
	await "$work/few1" "^peer .* vector 1" && ! grep -D skip -l ^left "$work"/few*
	local ret=$?

	kill "${pids[@]}"
	nobody && kill "$server" && no_violations && rm -f "$work"/few* && return $ret
}

# QEMU's device, whose processor stands still: its registers and memory are asked for by qtest.
QTEST='
import socket, sys
class Machine:
	def __init__(self, path):
		self.s = socket.socket(socket.AF_UNIX)
		self.s.connect(path)
		self.file = self.s.makefile("rw")
		for offset, value in (0x10, 0xfe000000), (0x18, 0xe0000000), (0x1c, 0), (4, 2):
			self.ask("outl 0xcf8 %#x" % (0x80002800 | offset))
			self.ask("outl 0xcfc %#x" % value)
	def ask(self, line):
		self.file.write(line + "\n")
		self.file.flush()
		answer = self.file.readline().split()
		assert answer[0] == "OK", (line, answer)
		return int(answer[1], 0) if len(answer) > 1 else None
m = Machine(sys.argv[1])
for line in sys.argv[2:]:
	answer = m.ask(line)
	if answer is not None:
		print(answer)
'

qtest()
{
	python3 -c "$QTEST" "$work/qtest" "$@"
}

# await_qtest PROCESS: until QEMU listens.
await_qtest()
{
	until [[ -S $work/qtest ]]; do
		kill -0 "$1" || fail "QEMU has ended: $(cat "$work/qemu")" || return
		sleep 0.1
	done
}

# until_heard PROCESS LINE: rings until that one has ended: QEMU says nothing of whom it knows.
until_heard()
{
	local end=$((SECONDS + AWAIT_SECONDS))

	while kill -0 "$1" 2>/dev/null; do
		qtest "$2" && ((SECONDS < end)) || return
		sleep 0.1
	done
}

# qemu PROGRAM: as a client, it knows its id, rings the host, shares its pages, and lives on when an
# id comes back to others.
qemu()
{
	command -v "$1" >/dev/null || {
		ktap_skip "there is no $1"
		return
	}
	server --vectors 2 && waiter 2 3 || return
	"$1" -accel tcg -accel kvm -S -machine q35 -nodefaults -no-user-config -display none \
		-qtest "unix:$work/qtest,server=on,wait=off" -qtest-log /dev/null \
		-chardev "socket,id=c,path=$socket" \
		-device ivshmem-doorbell,chardev=c,vectors=2,addr=5 >"$work/qemu" 2>&1 &
	local qemu=$! id

	await_qtest "$qemu" && await_peers 2 && id=$(qtest "readl 0xfe000008") &&
		expect "peers" "$(printf '%s\n' "$other" "$id" | sort -n)" \
			"$(ivshmemctl peers served | awk 'NR > 1 { print $1 }' | sort -n)" &&
		qtest "writel 0xfe00000c $((other << 16 | 1))" "writel 0xe0000004 0x44434241" &&
		await "$work/waiter" '^vector 1: 1' &&
		expect "what it stored" ABCD "$(head -c 8 /dev/ivshmem/served | tail -c 4)" &&
		ivshmemctl ring served "$id" 1 && qtest "writel 0xfe00000c $((other << 16))" \
		"writel 0xfe00000c $((other << 16))" && wait "$waiter" || return
	ivshmemctl wait served --peer "$other" --vectors 2 --timeout 0.5
	ivshmemctl wait served --peer "$other" --vectors 2 --timeout 0.5
	grep -q "hears nothing of the new peer $other" "$work/server.err" &&
		expect "its id" "$id" "$(qtest "readl 0xfe000008")" && waiter 1 1 &&
		until_heard "$waiter" "writel 0xfe00000c $((other << 16))" && wait "$waiter" &&
		expect "what it complains of" "" \
			"$(grep -v 'invalid accelerator' "$work/qemu")" || return
	kill "$qemu"
	wait "$qemu"
	rm -f "$work/qtest"
	nobody && server_ends INT
}

end()
{
	ivshmemctl destroy served
}

ktap_main begin "a region" present_peers_first "the first messages, in their order" \
	host_and_client_ring "a client and the host ring each other" \
	clients_ring_each_other "two clients ring each other; one is killed" \
	"hostile silent" "a client that takes nothing disturbs nobody" \
	"hostile talk" "a client that sends is dropped" \
	"hostile half" "a client that closes its half is dropped" \
	ends_by_signal "the server ends, and the socket is gone" \
	slow_client "a client that is too slow is dropped" \
	socket_mode_and_owner "mode and owner of the socket" \
	killed_and_restarted "a killed server's socket is replaced" \
	refusals "what can't be served, or where" refused_where_one_serves "where another serves" \
	more_vectors_than_allowed "more vectors than the region allows" \
	few_ids "a region with few ids is warned of" \
	comes_and_goes "a client that comes and goes takes few ids" \
	few_descriptors "descriptors run out for new clients alone" \
	"qemu qemu-7.2" "QEMU 7.2 as a client" \
	"qemu qemu-system-x86_64" "the lab's QEMU as a client" \
	end "and away with it"
