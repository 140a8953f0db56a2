#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Regions and paths that ivmm refuses: each gives one line that says what to do, and nothing is left
# behind.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

kernel=$(echo build/lab/root-6.12/boot/vmlinuz-*)
dir=/tmp/boot-refusal

# refused STATUS TEXT OPTION…: ivmm ends with STATUS and one line that holds TEXT.
refused()
{
	local want=$1 text=$2 said status

	shift 2
	said=$(timeout 120 ivmm -kernel "$kernel" "$@" 2>&1)
	status=$?
	((status == want)) && [[ $said == "ivmm: "*"$text"* && $(wc -l <<<"$said") == 1 ]] ||
		boot_fail "status $status: $said"
}

# untouched TEXT OPTION…: refused as a wrong command line, before a file, a socket or a region was
# made for what is right in it, or a file truncated.
untouched()
{
	local text=$1

	shift
	boot_module && rm -rf $dir && mkdir $dir && echo kept >$dir/kept || return
	refused 2 "$text" -serial file:$dir/kept -device ivshmem,shm=fresh,size=4M \
		-object memory-backend-file,id=new,size=1M,mem-path=$dir/new "$@" || return
	[[ $(ls $dir) == kept && $(<$dir/kept) == kept && ! -e /dev/ivshmem/fresh ]] ||
		boot_fail "left behind: $(ls $dir /dev/ivshmem)"
}

unload()
{
	[[ ! -d /sys/module/ivshmem_host ]] || rmmod ivshmem_host
}

case_no_module()
{
	unload && refused 2 "module ivshmem_host is not loaded" -device ivshmem,shm=demo,size=64M &&
		[[ ! -e /dev/ivshmem/demo ]]
}

# What QEMU leaves at such a path when the module is not loaded.
case_plain_file()
{
	local status

	unload && mkdir -p /dev/ivshmem && truncate -s 64M /dev/ivshmem/demo || return
	refused 2 "ivshmem_host" -device ivshmem,shm=demo,size=64M && [[ -f /dev/ivshmem/demo ]]
	status=$?
	rm -rf /dev/ivshmem
	return $status
}

case_size()
{
	boot_region demo 64M && refused 2 "size=64M" -device ivshmem,shm=demo,size=32M
}

case_created()
{
	boot_module && boot_guest maker 6.12 -device ivshmem,shm=made,size=8M || return
	guest_wait maker $BOOT_WAIT_S && [[ $(</sys/class/ivshmem_region/made/size) == 8388608 ]] &&
		[[ $(stat -c %a /dev/ivshmem/made) == 600 ]]
}

case_kernel()
{
	untouched "-kernel /nonexistent: can't be opened" -kernel /nonexistent &&
		untouched "-kernel /etc/passwd: no bzImage" -kernel /etc/passwd
}

case_initrd()
{
	untouched "-initrd /nonexistent: can't be opened" -initrd /nonexistent
}

case_serial()
{
	untouched "-serial: file:/nonexistent/x: can't be written" -serial file:/nonexistent/x &&
		untouched "-serial: unix:/nonexistent/s: can't be made" -serial unix:/nonexistent/s
}

case_monitor()
{
	untouched "-monitor: unix:/nonexistent/s: can't be made" -serial unix:$dir/com1 \
		-monitor unix:/nonexistent/s
}

case_mem_path()
{
	untouched "can't make mem-path=/nonexistent/f" \
		-object memory-backend-file,id=m,size=1M,mem-path=/nonexistent/f
}

case_option()
{
	untouched "-m: 3 is out of range" -m 3 && untouched "-nonsense" -nonsense &&
		untouched "size 3M is not a power of two" -device ivshmem,shm=a,size=3M
}

# KVM is the machine's, and no command line's.
case_no_kvm()
{
	unshare -m sh -c 'mount --bind /dev/null /dev/kvm && exec "$@"' - \
		timeout 120 ivmm -kernel "$kernel" -serial none
	(($? == 1))
}

# Whatever is closed at the start, none of the machine's own descriptors gets its number.
case_closed()
{
	local pid status

	ivmm -S -kernel "$kernel" -serial none <&- >&- &
	pid=$!
	until readlink /proc/$pid/fd/* | grep -q kvm-vcpu; do
		kill -0 $pid || return
		sleep 0.05
	done
	[[ $(readlink /proc/$pid/fd/{0,1} | xargs) == "/dev/null /dev/null" ]]
	status=$?
	kill $pid
	wait $pid
	return $status
}

ktap_main \
	case_no_module "a missing module is named" \
	case_plain_file "a plain file is not taken for a region" \
	case_size "a region of another size is refused" \
	case_kernel "what is no kernel is a wrong command line" \
	case_initrd "so is a missing initrd" \
	case_serial "so is a serial port that can't be opened" \
	case_monitor "so is a monitor that can't be opened" \
	case_mem_path "so is a file for memory that can't be made" \
	case_option "so is an option or a size that is none" \
	case_no_kvm "KVM that can't be used is a failure" \
	case_closed "closed standard descriptors are nobody else's" \
	case_created "a region that does not exist is created"
