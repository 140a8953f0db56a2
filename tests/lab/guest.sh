# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Guests of a nested host, for test scripts that run in it (source this file there):
#   guest_start NAME VERSION [IVMM-OPTION…]        start ivmm on the lab's kernel 6.1 or 6.12
#   qemu_guest_start NAME VERSION [QEMU-OPTION…]   the same with QEMU, the stranger: $GUEST_QEMU
#   guest_wait NAME SECONDS                        until it takes commands
#   guest NAME COMMAND…                            run COMMAND in it (GUEST_TIMEOUT seconds, 180)
#   guest_push NAME FILE DEST                      copy a small file into it
#   guest_pid NAME                                 the process id of its VMM
#   guest_stop NAME                                power it off from within; the VMM's status
#   guest_kill NAME                                SIGKILL for its VMM
# Logs are in $LAB_OUT/NAME: console.log, and ivmm.log or qemu.log; sockets in /run/lab/guests/NAME:
# agent, and monitor for ivmm's. All of it works from any process of the nested host.

GUEST_LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../build/lab" && pwd -P)
GUEST_RUN=/run/lab/guests
GUEST_MEM=128
# Debian 12's; qemu-system-x86_64 is the emulator of the nested host, which is newer.
GUEST_QEMU=qemu-7.2
GUEST_COMMAND_S=180
GUEST_STOP_S=180
GUEST_APPEND="console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable"
# ivmm's status when the guest reset without being asked, or KVM gave it up.
GUEST_STATUS_BROKEN=1

guest_say()
{
	printf 'guest %s: %s\n' "$1" "$2" >&2
}

# guest_given OPTION WORD…: is OPTION among the words?
guest_given()
{
	local option=$1 word

	shift
	for word in "$@"; do
		[[ $word == "$option" ]] && return 0
	done
	return 1
}

# guest_machine VERSION WORD…: one a line, the options that both VMMs know, unless a WORD gives
# them.
guest_machine()
{
	local root=$GUEST_LAB/root-$1 initrd=$GUEST_LAB/initrd/guest-$1

	shift
	guest_given -m "$@" || printf '%s\n' -m "$GUEST_MEM"
	guest_given -smp "$@" || printf '%s\n' -smp 1
	guest_given -append "$@" || printf '%s\n' -append "$GUEST_APPEND"
	guest_given -kernel "$@" || printf '%s\n' -kernel "$(echo "$root"/boot/vmlinuz-*)"
	guest_given -initrd "$@" || printf '%s\n' -initrd "$(readlink -f "$initrd")"
}

# guest_launch NAME: runs the words in its file `words` and leaves its process id, and in the end
# its status, beside them.
guest_launch()
{
	local run=$GUEST_RUN/$1 out=$LAB_OUT/$1 words log

	mapfile -d '' words <"$run/words"
	log=$out/$([[ ${words[0]} == ivmm ]] && echo ivmm || echo qemu).log
	rm -f "$run"/{status,pid,agent,monitor}
	: >"$out/console.log"
	# A child's child: an interactive shell announces its own jobs, their whole text at the end.
	# shellcheck disable=SC2016 # the inner shell expands
	(
		{
			sh -c 'echo $$ >"$0/pid" && exec "$@"' "$run" "${words[@]}" \
				</dev/null >>"$log" 2>&1
			echo $? >"$run/status"
		} 2>/dev/null &
	)
	while [[ ! -s $run/pid ]]; do
		sleep 0.02
	done
}

# guest_prepare NAME VERSION WORD…: the files of a new guest; refuses a name that is in use.
guest_prepare()
{
	local name=$1 version=$2 run=$GUEST_RUN/$1

	shift 2
	if guest_alive "$name"; then
		guest_say "$name" "runs already"
		return 1
	fi
	if [[ ! -e $GUEST_LAB/initrd/guest-$version ]]; then
		guest_say "$name" \
			"no RAM disk for kernel $version: run \`make lab-images\` before the lab"
		return 1
	fi
	rm -rf "$run"
	mkdir -p "$run" "$LAB_OUT/$name"
	printf '%s\n' "$version" >"$run/version"
	printf '%s\0' "$@" >"$run/words"
}

guest_start()
{
	local name=$1 version=$2 machine monitor=()

	shift 2
	mapfile -t machine < <(guest_machine "$version" "$@")
	guest_given -monitor "$@" || monitor=(-monitor "unix:$GUEST_RUN/$name/monitor")
	guest_prepare "$name" "$version" ivmm -name "$name" "${machine[@]}" "${monitor[@]}" \
		-serial "file:$LAB_OUT/$name/console.log" -serial "unix:$GUEST_RUN/$name/agent" \
		-no-reboot "$@" || return 1
	guest_launch "$name"
}

qemu_guest_start()
{
	local name=$1 version=$2 machine

	shift 2
	mapfile -t machine < <(guest_machine "$version" "$@")
	guest_prepare "$name" "$version" "$GUEST_QEMU" -name "$name" "${machine[@]}" \
		-nodefaults -no-user-config -display none -accel kvm -cpu host -no-reboot \
		-serial "file:$LAB_OUT/$name/console.log" \
		-chardev "socket,id=agent,path=$GUEST_RUN/$name/agent,server=on,wait=off" \
		-serial chardev:agent "$@" || return 1
	guest_launch "$name"
}

guest_pid()
{
	cat "$GUEST_RUN/$1/pid"
}

guest_alive()
{
	[[ -s $GUEST_RUN/$1/pid && ! -e $GUEST_RUN/$1/status ]]
}

guest_saw_init()
{
	grep -aqs '^init: up' "$LAB_OUT/$1/console.log"
}

# QEMU's serial port now and then does not go on receiving when something came before the guest
# has opened it: nobody speaks to an agent that does not listen.
guest_listens()
{
	grep -aqs 'agent: .*: listening' "$LAB_OUT/$1/console.log"
}

# The exit status of a VMM that has ended.
guest_status()
{
	cat "$GUEST_RUN/$1/status"
}

guest_up()
{
	local name=$1 end=$((SECONDS + $2))

	while ((SECONDS < end)) && guest_alive "$name"; do
		if guest_listens "$name"; then
			agent exec "$GUEST_RUN/$name/agent" "$2" true && return 0
			return 1
		fi
		sleep 0.1
	done
	return 1
}

# guest_reset NAME: what its VMM's status tells of a guest that reset without being asked. QEMU's
# says nothing else, and nothing more.
guest_reset()
{
	local words want=$GUEST_STATUS_BROKEN

	mapfile -d '' words <"$GUEST_RUN/$1/words"
	[[ ${words[0]} == ivmm ]] || want=0
	[[ $(guest_status "$1") == "$want" ]]
}

# Only software emulation loses guests, and only before their init: one that hung, or whose VMM saw
# it reset. A VMM that ended in any other way has failed.
guest_lost()
{
	[[ ${LAB_ACCEL:-tcg} == tcg ]] && ! guest_saw_init "$1" || return 1
	guest_alive "$1" || guest_reset "$1"
}

# guest_fate NAME: of one that is not up in time.
guest_fate()
{
	if guest_alive "$1"; then
		echo "hung"
	else
		echo "ended with status $(guest_status "$1")"
	fi
}

guest_count_lost()
{
	printf 'guest %s of kernel %s: %s before its init\n' "$1" "$(cat "$GUEST_RUN/$1/version")" \
		"$(guest_fate "$1")" >>"$LAB_OUT/lost"
	mv "$LAB_OUT/$1/console.log" "$LAB_OUT/$1/console-lost.log"
}

guest_wait()
{
	local name=$1 seconds=$2

	if ! guest_up "$name" "$seconds" && guest_lost "$name"; then
		guest_count_lost "$name"
		guest_kill "$name"
		guest_launch "$name"
		guest_up "$name" "$seconds"
	fi
	if ! guest_alive "$name" || ! guest_saw_init "$name"; then
		guest_say "$name" "did not come up: it $(guest_fate "$name"); see $LAB_OUT/$name"
		return 1
	fi
	guest "$name" true
}

# guest_here NAME: what is asked of a guest that is gone fails at once, not at its deadline.
guest_here()
{
	guest_alive "$1" || {
		guest_say "$1" "does not run"
		return 1
	}
}

guest()
{
	local name=$1

	shift
	guest_here "$name" &&
		agent exec "$GUEST_RUN/$name/agent" "${GUEST_TIMEOUT:-$GUEST_COMMAND_S}" "$*"
}

guest_push()
{
	guest_here "$1" &&
		agent push "$GUEST_RUN/$1/agent" "${GUEST_TIMEOUT:-$GUEST_COMMAND_S}" "$2" "$3"
}

# guest_reap NAME SECONDS: waits for the VMM's end.
guest_reap()
{
	local end=$((SECONDS + $2))

	while guest_alive "$1"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

guest_stop()
{
	guest "$1" '(sleep 0.2; poweroff -f) >/dev/null 2>&1 &' ||
		guest_say "$1" "can't be told to power off"
	if ! guest_reap "$1" "$GUEST_STOP_S"; then
		guest_say "$1" "still runs $GUEST_STOP_S s after its power-off"
		guest_kill "$1"
		return 1
	fi
	return "$(guest_status "$1")"
}

guest_kill()
{
	guest_alive "$1" && kill -KILL "$(guest_pid "$1")"
	guest_reap "$1" 10
}
