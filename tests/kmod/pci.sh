#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ivshmemctl list over PCI devices, laid out as a guest's sysfs would, seen in a mount namespace of
# its own.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

PCI=/sys/bus/pci/devices

if [[ ${1:-} != inside ]]; then
	exec unshare --mount "$0" inside
fi
mount -t tmpfs tmpfs $PCI || exit 1

# word16 VALUE, word32 VALUE: little-endian, as printf's escapes
word16()
{
	printf '\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255))
}

word32()
{
	word16 $(($1 & 0xffff))
	word16 $(($1 >> 16))
}

# config VENDOR DEVICE REVISION SUBVENDOR SUBSYSTEM BAR…: the header of a device's configuration
# space
config()
{
	local vendor=$1 device=$2 revision=$3 subvendor=$4 subsystem=$5 text i

	shift 5
	text=$(word16 "$vendor")$(word16 "$device")$(word32 2)
	text+=$(word32 $((0x05000000 | revision)))$(word32 0)
	for i in 1 2 3 4 5 6; do
		text+=$(word32 "${!i:-0}")
	done
	text+=$(word32 0)$(word16 "$subvendor")$(word16 "$subsystem")
	text+=$(word32 0)$(word32 0)$(word32 0)$(word32 0)
	printf '%b' "$text"
}

# device ADDRESS VENDOR DEVICE RESOURCES CONFIG…: RESOURCES are lines of "start end flags"
device()
{
	local dir=$PCI/$1 vendor=$2 device=$3 resources=$4

	shift 4
	mkdir -p "$dir"
	echo "$vendor" >"$dir/vendor"
	echo "$device" >"$dir/device"
	echo 0x050000 >"$dir/class"
	echo 0 >"$dir/irq"
	printf '%s\n' "$resources" >"$dir/resource"
	config "$vendor" "$device" "$@" >"$dir/config"
}

# driver ADDRESS DRIVER CLASS NODE
driver()
{
	mkdir -p "$PCI/.drivers/$2" "$PCI/$1/$3/$4"
	ln -s "../.drivers/$2" "$PCI/$1/driver"
}

none='0x0000000000000000 0x0000000000000000 0x0000000000000000'

lay_out()
{
	device 0000:00:02.0 0x1af4 0x1110 "0x00000000febf0000 0x00000000febf00ff 0x0000000000040200
$none
0x0000003fe0000000 0x0000003fe3ffffff 0x000000000014220c
$none
$none
$none
$none" 1 0x1af4 0x1100 0xfebf0000 0 0xe000000c 0x3f
	driver 0000:00:02.0 ivshmem ivshmem ivshmem0
	device 0000:00:03.0 0x1af4 0x1110 "0x00000000febf1000 0x00000000febf10ff 0x0000000000040200
0x00000000febf2000 0x00000000febf2fff 0x0000000000040200
0x00000000fe000000 0x00000000fe0fffff 0x000000000014220c
$none
$none
$none
$none" 1 0x1af4 0x1100 0xfebf1000 0xfebf2000 0xfe00000c 0
	device 0001:00:00.0 0x8086 0x1110 "$none" 1 0x1af4 0x1100
}

table()
{
	local plain='^0000:00:02.0 +1af4:1110 +1af4:1100 +1 +plain +ivshmem +/dev/ivshmem0'

	run ivshmemctl list --pci
	expect lines 3 "$(wc -l <<<"$output")" &&
		grep -qE "$plain +0:256@0xfebf0000 2:64M@0x3fe0000000$" <<<"$output" &&
		grep -qE '^0000:00:03.0 .* doorbell +- +- .* 1:4K@0xfebf2000 2:1M@0xfe000000$' \
			<<<"$output" ||
		fail "$output"
}

json()
{
	run ivshmemctl list --json --pci
	python3 - "$output" <<-'END'
		import json, sys
		listing = json.loads(sys.argv[1])
		plain, doorbell = sorted(listing["pci"], key=lambda d: d["address"])
		assert plain["address"] == "0000:00:02.0" and plain["kind"] == "plain", plain
		assert (plain["vendor"], plain["device"]) == (0x1af4, 0x1110), plain
		assert plain["revision"] == 1, plain
		assert (plain["subsystem_vendor"], plain["subsystem"]) == (0x1af4, 0x1100), plain
		assert plain["driver"] == "ivshmem" and plain["node"] == "/dev/ivshmem0", plain
		assert plain["bars"] == [
			{"bar": 0, "address": "0xfebf0000", "size": 256},
			{"bar": 2, "address": "0x3fe0000000", "size": 64 << 20}], plain
		assert doorbell["kind"] == "doorbell" and len(doorbell["bars"]) == 3, doorbell
		assert doorbell["driver"] is None and doorbell["node"] is None, doorbell
	END
}

stock_driver()
{
	driver 0000:00:03.0 uio_pci_generic uio uio3
	run ivshmemctl list --pci
	grep -qE '^0000:00:03.0 .* uio_pci_generic +/dev/uio3 ' <<<"$output" || fail "$output"
}

beside_regions()
{
	ivshmemctl create beside 4k && run ivshmemctl list
	ivshmemctl destroy beside
	grep -q '^beside ' <<<"$output" && grep -q '^0000:00:02.0 ' <<<"$output" || fail "$output"
}

lay_out
ktap_main table "a plain and a doorbell device, and no other" json "the same for programs" \
	stock_driver "the node of a stock driver" beside_regions "devices beside regions"
