#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Peers of all kinds in one region: guests of ivmm, processes of the host, and guests of QEMU, which
# take part through `ivshmemctl serve`: one that is there before everybody, and one that comes last,
# to a server that was started anew.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

region=crowd
vectors=4
socket=/tmp/crowd.socket
known='1af4 1110'

# serve: the server, until serve_end; returns when it listens.
serve()
{
	local end=$((SECONDS + 30))

	ivshmemctl serve $region --socket $socket --vectors $vectors >>"$LAB_OUT/serve.log" 2>&1 &
	server=$!
	until [[ -S $socket ]]; do
		((SECONDS < end)) && kill -0 "$server" || boot_fail "$(<"$LAB_OUT/serve.log")" ||
			return
		sleep 0.05
	done
}

serve_end()
{
	kill -TERM "$server"
	wait "$server"
	[[ ! -e $socket ]] || boot_fail "the server leaves its socket behind"
}

# qemu_start NAME: a guest of QEMU on the server's device.
qemu_start()
{
	boot_qemu_guest "$1" 6.12 -chardev socket,id=server,path=$socket \
		-device ivshmem-doorbell,chardev=server,vectors=$vectors && boot_wait "$1"
}

# QEMU tells nobody which peers it has heard of; a ring to another one it ignores. It has an eventfd
# for each vector of each, and some of its own: eventfds_own.
knows_all()
{
	local want=$((eventfds_own + $2 * vectors)) end=$((SECONDS + 60))

	[[ $1 == "$qemu" ]] || return 0
	until (($(boot_peers $region) == $2 && $(boot_eventfds "$qemu") == want)); do
		((SECONDS < end)) ||
			boot_fail "$qemu has $(boot_eventfds "$qemu") eventfds, expected $want" ||
			return
		sleep 0.1
	done
}

case_first()
{
	boot_region $region 4M && serve && qemu=gamma && qemu_start "$qemu" || return
	eventfds_own=$(($(boot_eventfds "$qemu") - vectors))
	((eventfds_own >= 0 && $(boot_peers $region) == 1))
}

case_guests()
{
	local name

	for name in alpha beta; do
		boot_guest $name 6.12 \
			-device ivshmem,shm=$region,size=4M,vectors=$((vectors + 1)) || return
	done
	boot_wait alpha beta && (($(boot_peers $region) == 3))
}

# case_everyone ROUNDS PROCESSES: the QEMU comes last, since it has to have heard of all.
case_everyone()
{
	local BOOT_BEFORE_SEAT=knows_all processes=() i

	for ((i = 0; i < $2; i++)); do
		processes+=(host:eventfd)
	done
	boot_muster $region "$1" $vectors alpha:wait beta:eventfd "${processes[@]}" "$qemu:wait"
}

case_restart()
{
	guest_stop gamma && (($(boot_peers $region) == 2)) && serve_end && serve &&
		qemu='delta' && qemu_start "$qemu" && (($(boot_peers $region) == 3))
}

device="\$(dirname \$(grep -l 0x1110 /sys/bus/pci/devices/*/device))"

# resource NAME COMMAND…: of resource.c, on the device that no driver of ours has.
resource()
{
	guest "$1" "resource $device ${*:2}"
}

# without_driver NAME: the guest's device is at hand all the same: its id, its memory, and a ring.
without_driver()
{
	local id before text="said to $1"

	id=$(resource "$1" id)
	ivshmemctl peers $region --json | jq -e ".peers[] | select(.peer == $id)" >/dev/null ||
		boot_fail "$1's id is '$id'" || return
	printf '%s\0' "$text" >/dev/ivshmem/$region
	[[ $(resource "$1" hear) == "$text" ]] || boot_fail "$1 reads another text" || return
	before=$(boot_interrupts alpha) &&
		resource "$1" ring "$(boot_position alpha)" $((vectors - 1)) &&
		boot_taken alpha $((before + 1))
}

case_uio()
{
	guest delta "rmmod ivshmem && insmod /lib/modules/uio.ko &&
		insmod /lib/modules/uio_pci_generic.ko &&
		echo $known >/sys/bus/pci/drivers/uio_pci_generic/new_id" &&
		guest delta 'test -e /dev/uio0' && without_driver delta
}

case_no_driver()
{
	guest beta "rmmod ivshmem && echo 1 >$device/enable" && without_driver beta
}

case_power_off()
{
	local name

	for name in alpha beta delta; do
		guest_stop $name || boot_fail "$name's VMM ends with status $?" || return
	done
	serve_end && (($(boot_peers $region) == 0))
}

ktap_main \
	case_first "a guest of QEMU is the first peer" \
	case_guests "two guests of ivmm join it" \
	"case_everyone 20 0" "the three ring each other" \
	"case_everyone 3 13" "sixteen peers ring each other" \
	case_restart "the server is started anew, and a guest of QEMU comes last" \
	"case_everyone 20 0" "the three ring each other" \
	case_uio "the guest of QEMU has no driver but uio_pci_generic" \
	case_no_driver "the guest of ivmm has no driver at all" \
	case_power_off "power-off ends each VMM with status 0, and nobody is left"
