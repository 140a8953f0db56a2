#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two guests and a process of the host ring each other: alpha of 6.12, beta of 6.1, on four vectors,
# and a fifth tells guests of their peers. No ring is lost, be it masked meanwhile, no VMM has to do
# anything for one, and what a guest does with its driver is nothing to its peers.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh
shopt -s extglob

region=bells
vectors=4
device=ivshmem,shm=$region,size=4M,vectors=$((vectors + 1))
rounds=40
strokes=200
watched=600		# half of them from outside
records=5000
halt_poll=/sys/module/kvm/parameters/halt_poll_ns

case_boot()
{
	boot_region $region 4M && boot_region other 4M &&
		boot_guest alpha 6.12 -device $device -device ${device/$region/other} \
			-device ${device/$region/other} &&
		boot_guest beta 6.1 -device $device &&
		boot_wait alpha beta
}

case_ids()
{
	local ids

	ids=$(ivshmemctl peers $region --json | jq -r '.peers[].peer' | xargs)
	[[ $ids == "$(boot_position alpha) $(boot_position beta)" ||
		$ids == "$(boot_position beta) $(boot_position alpha)" ]] ||
		boot_fail "the host says that peers are $ids"
}

# case_program PROGRAM NODE…: one that tells its own cases, on alpha's devices of the other region.
case_program()
{
	guest alpha "$*"
}

# case_everyone EAR EAR: of alpha and of beta.
case_everyone()
{
	boot_muster $region $rounds $vectors "alpha:$1" "beta:$2" host:eventfd
}

# ring_each NAME: from the host, once on each vector.
ring_each()
{
	local id v

	id=$(boot_position "$1") || return
	for ((v = 0; v < vectors; v++)); do
		ivshmemctl ring $region "$id" $v || return
	done
}

# function_mask NAME VALUE: of its MSI-X; the device is enabled.
function_mask()
{
	guest "$1" "setpci -d 1af4:1110 CAP_MSIX+2.w=$2:4000"
}

# While all is masked nothing comes, and then exactly one on each vector.
case_masked()
{
	local before status=0

	before=$(boot_interrupts alpha) && function_mask alpha 4000 || return
	ring_each alpha && ring_each alpha && boot_taken alpha "$before" || status=1
	function_mask alpha 0
	((status == 0)) && boot_taken alpha $((before + vectors)) && ring_each alpha &&
		boot_taken alpha $((before + 2 * vectors))
}

# rally EAR HOW STROKES: lets the two begin; beta serves, alpha returns.
rally()
{
	dd if=/dev/zero of=/dev/ivshmem/$region bs=64k seek=1 count=1 conv=notrunc status=none
	guest alpha "rally /dev/ivshmem0 return $3 $1 $2 >/tmp/rally 2>&1 &" &&
		guest beta "rally /dev/ivshmem0 serve $3 $1 $2 >/tmp/rally 2>&1 &"
}

# rallied COUNT: until the two have made so many round trips.
rallied()
{
	local end=$((SECONDS + 120)) count

	while ((SECONDS < end)); do
		count=$(od -An -tu4 -j $((65536 + 4)) -N 4 /dev/ivshmem/$region)
		((count >= $1)) && return
		sleep 0.1
	done
	boot_fail "round trips: $count of $1;" "alpha: $(guest alpha 'cat /tmp/rally')" \
		"beta: $(guest beta 'cat /tmp/rally')"
}

# rally_end STROKES: until the two are done; what beta says in the end is the figure.
rally_end()
{
	local name

	rallied "$1" || return
	for name in alpha beta; do
		guest $name 'while pidof rally >/dev/null; do sleep 0.1; done; cat /tmp/rally'
	done >/tmp/rally
	boot_doubled </tmp/rally && (($(grep -c doubled /tmp/rally) == 2))
}

# exits NAME: how often its vCPU has come back from the guest.
exits()
{
	$BOOT_BUILD/monitor "$GUEST_RUN/$1/monitor" "info vcpus -j" | jq '.[0].exits'
}

# wakeups NAME: of its VMM's threads, but for the vCPU.
wakeups()
{
	local task

	for task in "/proc/$(guest_pid "$1")/task/"*; do
		[[ $(<"$task/comm") == vCPU* ]] || cat "$task/status"
	done | awk '$1 == "voluntary_ctxt_switches:" { sum += $2 } END { print sum }'
}

# Nobody is told anything meanwhile: a line on a guest's serial port would be an exit. A question to
# the monitor wakes the thread that answers it a few times, a ring must not.
case_no_vmm()
{
	local name exits=() wakeups=()

	rally eventfd mapped $watched && rallied $((watched / 4)) || return
	for name in alpha beta; do
		exits+=("$(exits $name)")
		wakeups+=("$(wakeups $name)")
	done
	rallied $((watched * 3 / 4)) || return
	for name in beta alpha; do
		wakeups+=("$(wakeups $name)")
		exits+=("$(exits $name)")
	done
	rally_end $watched || return
	echo "exits of alpha, beta, beta, alpha: ${exits[*]}; wake-ups: ${wakeups[*]}"
	((exits[0] == exits[3] && exits[1] == exits[2] && wakeups[3] - wakeups[0] < watched / 20 &&
		wakeups[2] - wakeups[1] < watched / 20))
}

# figure NAME EAR HOW
figure()
{
	rally "$2" "$3" $strokes && rally_end $strokes &&
		echo "# figure $1 $(tail -n 1 /tmp/rally)"
}

case_figures()
{
	figure doorbell_wait_us wait call && figure doorbell_eventfd_us eventfd call &&
		figure doorbell_mapped_us wait mapped
}

# halts NAME STATISTIC…: the sum of what KVM tells of its vCPU.
halts()
{
	(cd /sys/kernel/debug/kvm/"$(guest_pid "$1")"-* && cat "${@:2}") |
		awk '{ sum += $1 } END { print sum }'
}

# polling_by_start: beta begins where the host wants no polling, and alpha began before that.
polling_by_start()
{
	local before after=()

	guest_stop beta && boot_guest beta 6.1 -device $device && boot_wait beta || return
	before=$(halts alpha halt_attempted_poll)
	rally wait call $strokes && rally_end $strokes || return
	after=("$(halts alpha halt_attempted_poll)" "$(halts beta halt_attempted_poll)")
	echo "alpha: $before, then ${after[0]}; beta: ${after[1]}"
	((after[0] > before && after[1] == 0))
}

case_polling()
{
	local host status

	host=$(<$halt_poll)
	echo 0 >$halt_poll
	polling_by_start
	status=$?
	echo "$host" >$halt_poll
	return $status
}

# Nobody rings: less than a hundredth of the time.
case_idle()
{
	local times=(halt_poll_success_ns halt_poll_fail_ns) before spent

	sleep 1
	before=$(halts alpha "${times[@]}")
	sleep 3
	spent=$(($(halts alpha "${times[@]}") - before))
	echo "looked for $spent ns of 3 s"
	((spent < 30000000))
}

# roll: what alpha's process says of the peers, to be what the host says, by driver and by page.
roll()
{
	local end=$((SECONDS + 60)) ids line driver

	ids=$(ivshmemctl peers $region --json | jq -r '.peers[].peer' | xargs)
	while ((SECONDS < end)); do
		line=$(guest alpha 'tail -n 1 /tmp/roll')
		driver=${line%page*}
		driver=${driver#driver }
		[[ $driver == "${line#*page } " && ${driver//.+([0-9])/} == "$ids " ]] && return
		sleep 0.1
	done
	boot_fail "alpha says '$line', the host says '$ids'"
}

case_peers()
{
	local pest

	guest alpha 'roll /dev/ivshmem0 >/tmp/roll 2>&1 &' && roll || return
	$BOOT_BUILD/pest /dev/ivshmem/$region &
	pest=$!
	until (($(boot_peers $region) == 3)); do
		kill -0 $pest || return
		sleep 0.05
	done
	roll && guest alpha 'ivshmemctl list; ivshmemctl peers /dev/ivshmem0'
	kill -KILL $pest
	wait $pest
	(($(boot_peers $region) == 2)) && roll
}

# What comes while the driver sleeps is not lost, and afterwards all is as before.
case_suspend()
{
	local before

	before=$(boot_interrupts alpha)
	guest alpha 'echo 1 >/sys/module/suspend/parameters/pm_test_delay
		echo devices >/sys/power/pm_test && echo freeze >/sys/power/state &&
		dmesg | grep "suspend debug"' && ring_each alpha &&
		boot_taken alpha $((before + vectors)) && roll
}

# unbind_bind COMMAND…: which is run while alpha's first device has no driver.
case_rebind()
{
	local drivers=/sys/bus/pci/drivers/ivshmem pci id

	id=$(boot_position alpha)
	pci=$(guest alpha 'readlink /sys/class/ivshmem/ivshmem0/device') && pci=${pci##*/} &&
		guest alpha "killall roll; echo $pci >$drivers/unbind" &&
		(($(boot_peers $region) == 2)) &&
		ivshmemctl ring $region "$id" 0 && guest alpha "echo $pci >$drivers/bind" &&
		[[ $(boot_position alpha) == "$id" ]] &&
		guest alpha 'roll /dev/ivshmem0 >/tmp/roll 2>&1 &' && roll
}

# ring ROLE OTHER RECORDS: the command for one side of a ring in the second half of the region.
ring()
{
	echo "ring-stress --role $1 --guest --peer $(boot_position "$2") --records $3" \
		"/dev/ivshmem0 $((2 << 20)) $((1 << 20))"
}

# case_ring FROM TO: some records.
case_ring()
{
	local pid

	guest "$2" "$(ring consumer "$1" $records)" &
	pid=$!
	guest "$1" "$(ring producer "$2" $records)" && wait $pid
}

# Who sends is killed in the middle, machine and all, and comes back: the other is told, and after
# that it is as before.
case_ring_killed()
{
	local endless=1000000000 said

	guest alpha "$(ring consumer beta $endless) >/tmp/ring 2>&1 &" &&
		guest beta "$(ring producer alpha $endless) >/dev/null 2>&1 & sleep 2" &&
		guest_kill beta && roll && boot_guest beta 6.1 -device $device &&
		boot_wait beta && roll &&
		guest beta "$(ring producer alpha $endless) >/dev/null 2>&1 &" || return
	said=$(guest alpha 'while pidof ring-stress >/dev/null; do sleep 0.1; done; cat /tmp/ring')
	[[ $said == "consumer: Connection reset"* ]] || boot_fail "$said" || return
	guest beta 'killall -9 ring-stress' && case_ring beta alpha
}

case_log()
{
	boot_log_clean "$1"
}

case_power_off()
{
	local name

	for name in alpha beta; do
		guest_stop $name || boot_fail "$name's VMM ends with status $?" || return
	done
	(($(boot_peers $region) == 0 && $(boot_peers other) == 0))
}

ktap_main \
	case_boot "two guests boot" \
	case_ids "the host knows them as peers, by the ids that their devices tell" \
	"case_everyone wait poll" "everyone rings everyone; the guests hear by WAIT and by poll()" \
	"case_everyone eventfd wait" "and by eventfds and WAIT" \
	"case_program doorbell /dev/ivshmem1 /dev/ivshmem2" "doorbells of two devices of a guest" \
	"case_program registers /dev/ivshmem1" "registers" \
	"case_program peers /dev/ivshmem1" "peers" \
	case_masked "a ring of a masked vector is delivered when it is unmasked" \
	case_no_vmm "no thread of a VMM runs for a ring" \
	case_figures "round trips between the guests" \
	case_peers "a guest knows its peers, and hears of those that come and go" \
	case_suspend "its driver is suspended and resumed" \
	case_rebind "its driver is unbound and bound again, which no peer notices" \
	"case_ring alpha beta" "records through a ring from alpha to beta" \
	"case_ring beta alpha" "and from beta to alpha" \
	case_ring_killed "the guest that sends is killed in the middle, and comes back" \
	case_polling "KVM looks for rings before a vCPU sleeps, where the host lets it" \
	case_idle "but not while nobody rings" \
	"case_everyone wait eventfd" "everyone still rings everyone" \
	"case_log alpha" "nothing is in alpha's kernel log" \
	"case_log beta" "nothing is in beta's kernel log" \
	case_power_off "power-off ends each VMM with status 0, and nobody is left"
