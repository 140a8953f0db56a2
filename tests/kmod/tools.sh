#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Everyday tools on a region: cat, dd, cp, head, hexdump, cmp.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

NODE=/dev/ivshmem/tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

begin()
{
	ivshmemctl create tools 4M && head -c 4M /dev/urandom >"$work/data"
}

cat_in_and_out()
{
	cat "$work/data" >$NODE && cat $NODE | cmp - "$work/data"
}

cp_in_and_out()
{
	ivshmemctl destroy tools && ivshmemctl create tools 4M &&
		cp "$work/data" $NODE && [[ -c $NODE ]] && cp $NODE "$work/copy" &&
		cmp "$work/copy" "$work/data"
}

dd_places()
{
	printf marker | dd of=$NODE bs=1 seek=1000000 conv=notrunc 2>/dev/null &&
		expect "what dd reads" marker \
			"$(dd if=$NODE bs=1 skip=1000000 count=6 2>/dev/null)" &&
		expect "what tail reads" "$(tail -c 100 "$work/data" | sha256sum)" \
			"$(tail -c 100 $NODE | sha256sum)"
}

dd_syncs()
{
	dd if="$work/data" of=$NODE bs=64k conv=fsync 2>/dev/null &&
		cmp -n 4194304 "$work/data" $NODE
}

full()
{
	run dd if=/dev/zero of=$NODE bs=1M
	expect status 1 $status &&
		[[ $output == *"No space left on device"* && $output == *"4194304 bytes"* ]] ||
		fail "$output"
}

read_by_others()
{
	expect "bytes for od" " 00 00 00 00" "$(od -An -tx1 -N 4 $NODE)" &&
		expect "bytes of all" 4194304 "$(wc -c <$NODE)"
}

end()
{
	ivshmemctl destroy tools
}

ktap_main begin "a region to work on" cat_in_and_out "cat" cp_in_and_out "cp" \
	dd_places "dd seeks and skips, tail" \
	dd_syncs "dd conv=fsync" full "dd to the end finds no space" read_by_others "od and wc" \
	end "and away with it"
