#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The module parameters, good and bad.
# shellcheck source=tests/kmod/kmod.sh
. tests/kmod/kmod.sh

static_regions()
{
	kmod_load regions=alpha:64M,b.2:4096,_c:8k &&
		expect "size of alpha" 67108864 "$(sysfs alpha size)" &&
		expect "size of b.2" 4096 "$(sysfs b.2 size)" &&
		expect "size of _c" 8192 "$(sysfs _c size)" &&
		expect "nodes" "600 0:0 character special file" \
			"$(stat -c '%a %u:%g %F' /dev/ivshmem/b.2)" &&
		expect "the parameter" alpha:64M,b.2:4096,_c:8k \
			"$(cat /sys/module/ivshmem_host/parameters/regions)" &&
		ivshmemctl destroy b.2 && kmod_unload &&
		expect "what is left" "" "$(ls -d /dev/ivshmem $KMOD_SYSFS 2>/dev/null)"
}

hexadecimal_size()
{
	kmod_load regions=x:0x10000 && expect size 65536 "$(sysfs x size)"
}

no_regions()
{
	kmod_load regions= && expect nodes control "$(ls /dev/ivshmem)"
}

# refused VALUE WANTED-LINE: neither module nor region stays, and the kernel log tells why.
refused()
{
	kmod_unload && kmod_mark "params $1"
	if insmod "$KMOD_FILE" "regions=$1" 2>/dev/null; then
		kmod_unload
		fail "insmod accepts regions=$1"
		return
	fi
	[[ ! -e /dev/ivshmem && ! -e /sys/module/ivshmem_host ]] ||
		fail "something stays behind regions=$1" || return
	kmod_log_since "params $1" | grep -F "ivshmem_host: parameter regions: \"$2\"" ||
		fail "no line about regions=$1 in: $(kmod_log_since "params $1")"
}

bad_values()
{
	local name64

	name64=$(printf 'n%.0s' {1..64})
	refused x x && refused x: x: && refused :4k :4k && refused x:3k x:3k &&
		refused x:4kk x:4kk &&
		refused x:-4k x:-4k && refused x/y:4k x/y:4k && refused .x:4k .x:4k &&
		refused control:4k control:4k && refused a:4k,,b:4k "" && refused a:4k, "" &&
		refused a:4k,a:8k a:8k && refused x:8E x:8E && refused x:17E x:17E &&
		refused x:0x100000000000010000 x:0x100000000000010000 && refused x:0k x:0k &&
		refused x:4k:5 x:4k:5 &&
		refused "$name64:4k" "$name64:4k"
}

limits()
{
	kmod_load regions=limited:4k max_peers=5 max_vectors=6 max_user_kb=7 &&
		expect max_peers 5 "$(sysfs limited max_peers)" &&
		expect max_vectors 6 "$(sysfs limited max_vectors)" &&
		expect max_user_kb 7 "$(sysfs limited max_user_kb)" || return
	kmod_load regions=most:4k max_peers=65536 max_vectors=2048 max_user_kb=4294967295 &&
		expect max_peers 65536 "$(sysfs most max_peers)" &&
		expect max_user_kb 4294967295 "$(sysfs most max_user_kb)"
}

# refused_limit NAME VALUE
refused_limit()
{
	kmod_unload && kmod_mark "limit $1=$2"
	if insmod "$KMOD_FILE" "$1=$2" 2>/dev/null; then
		fail "insmod accepts $1=$2"
		return
	fi
	kmod_log_since "limit $1=$2" | grep -F "ivshmem_host: parameter $1: $2 is not of 1 to" ||
		fail "no line about $1=$2 in: $(kmod_log_since "limit $1=$2")"
}

bad_limits()
{
	refused_limit max_peers 0 && refused_limit max_peers 65537 &&
		refused_limit max_vectors 0 && refused_limit max_vectors 2049 &&
		refused_limit max_user_kb 0
}

loads_again()
{
	kmod_load
}

ktap_main static_regions "regions of root's are there from the start, and go with the module" \
	hexadecimal_size "sizes as the kernel reads them" \
	no_regions "an empty list is no region" \
	bad_values "each bad value fails the insmod with a line in the kernel log" \
	limits "limits of regions that have none of their own" \
	bad_limits "limits that can't be fail the insmod with a line in the kernel log" \
	loads_again "afterwards the module loads"
