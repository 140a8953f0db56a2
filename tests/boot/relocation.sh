#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest moves BAR 2 about while a process of the host reads the region: the contents stay, one
# memory slot of KVM moves, and no other is touched.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

size=$((8 << 20))
moves=10
device='-d 1af4:1110'

case_boot()
{
	boot_region moved 8M && boot_guest mover 6.12 -device ivshmem,shm=moved,size=8M &&
		guest_wait mover $BOOT_WAIT_S || return
	$BOOT_BUILD/watch /dev/ivshmem/moved >/tmp/watch &
	watcher=$!
	until grep -q watching /tmp/watch; do
		kill -0 $watcher || return
		sleep 0.05
	done
	home=$(bar)
}

# Where BAR 2 is, by the guest's config space.
bar()
{
	local low high

	read -r low high < <(guest mover "setpci $device BASE_ADDRESS_2 BASE_ADDRESS_3" | xargs)
	printf '%d\n' $((16#$high << 32 | 16#$low & ~15))
}

slots()
{
	$BOOT_BUILD/monitor "$GUEST_RUN/mover/monitor" "info slots -j" | jq -c '.[]' | sort
}

# move ADDRESS [KEEP]: decoding is off meanwhile, unless it is to be kept on.
move()
{
	local address

	address=$(printf 'BASE_ADDRESS_3=%x BASE_ADDRESS_2=%x' $(($1 >> 32)) $(($1 & 0xffffffff)))
	[[ ${2:-} == keep ]] || guest mover "setpci $device COMMAND=0:2" || return
	guest mover "setpci $device $address COMMAND=2:2"
}

# The guest reads what the watcher wrote, through a BAR at ADDRESS.
guest_reads()
{
	local offset word

	for offset in 0 4096 $((size / 2 + 12)) $((size - 4)); do
		word=$(guest mover "devmem $(printf '0x%x' $(($1 + offset))) 32") || return
		((word == (offset * 2654435761 & 0xffffffff))) ||
			boot_fail "BAR at $1, offset $offset: the guest reads $word" || return
	done
}

case_home()
{
	((home > 0 && home % size == 0)) || boot_fail "BAR 2 is at $home" || return
	guest mover "setpci $device COMMAND=2:2" && guest_reads "$home"
}

# What is not the region's slot stays as it is, count of changes and all.
case_one_slot()
{
	local before after from to target=$((home + 4 * size))

	printf -v from '"0x%x"' "$home"
	printf -v to '"0x%x"' $target
	before=$(slots)
	move $target && guest_reads $target || return
	after=$(slots)
	[[ $(jq -c "select(.address == $from)" <<<"$before" | wc -l) == 1 &&
		$(jq -c "select(.address == $to)" <<<"$after" | wc -l) == 1 &&
		$(jq -c "select(.address != $from)" <<<"$before") == \
			$(jq -c "select(.address != $to)" <<<"$after") ]] ||
		boot_fail "slots before:" "$before" "after:" "$after"
}

case_decoding_kept()
{
	local target=$((home + 8 * size))

	move $target keep && guest_reads $target && (($(bar) == target))
}

case_decoding_off()
{
	local word

	guest mover "setpci $device COMMAND=0:2" || return
	[[ -z $(slots | jq -c 'select(.name | test("moved"))') ]] || boot_fail "$(slots)" || return
	word=$(guest mover "devmem $(printf '0x%x' $((home + 8 * size))) 32")
	((word == 0xffffffff)) || boot_fail "the guest reads $word where there is nothing" || return
	guest mover "setpci $device COMMAND=2:2" && guest_reads $((home + 8 * size))
}

case_often()
{
	local i

	for ((i = 1; i <= moves; i++)); do
		move $((home + i * size)) && guest_reads $((home + i * size)) || return
	done
}

case_driver()
{
	move "$home" && guest mover 'insmod /lib/modules/ivshmem.ko' &&
		[[ $(guest mover 'sha256sum </dev/ivshmem0') == $(sha256sum </dev/ivshmem/moved) ]]
}

case_watcher()
{
	kill -TERM $watcher
	wait $watcher || boot_fail "$(</tmp/watch)"
}

ktap_main \
	case_boot "a guest boots, and a process of the host watches the region" \
	case_home "the guest reads the region where BAR 2 is" \
	case_one_slot "moving it moves one slot and touches no other" \
	case_decoding_kept "it moves with its decoding on, too" \
	case_decoding_off "without decoding it is nowhere" \
	case_often "moving it $moves times" \
	case_driver "at home again, it gets its driver" \
	case_watcher "the host has seen no change of the contents"
