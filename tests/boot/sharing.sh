#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two guests share a region: alpha of 6.12 with two regions more, beta of 6.1, both with two vCPUs.
# What one writes the other and the host read.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

shared=/dev/ivshmem0
host=/dev/ivshmem/shared

case_regions()
{
	boot_region shared 64M && boot_region second 16M && boot_region third 4M
}

case_boot()
{
	boot_guest alpha 6.12 -smp 2 -device ivshmem,shm=shared,size=64M \
		-device ivshmem,shm=second,size=16 -device ivshmem,shm=third,size=4M &&
		boot_guest beta 6.1 -smp 2 -device ivshmem,shm=shared,size=64M &&
		boot_wait alpha beta
}

# A guest is a user of its region, as a process is that has it open: the module can't go.
case_users()
{
	local users

	users=$(<"/sys/class/ivshmem_region/shared/users")
	[[ $users == 2 ]] || boot_fail "'shared' has $users users" || return
	! rmmod ivshmem_host 2>/dev/null || boot_fail "the module went away under two guests"
}

# case_line FROM TO: a line of text, written as a file and read as one.
case_line()
{
	local text="$1 says hello to $2" read

	guest "$1" "echo '$text' >$shared" || return
	read=$(guest "$2" "head -n 1 $shared")
	[[ $read == "$text" ]] || boot_fail "$2 reads '$read'"
}

# case_block FROM: a random MiB reaches everybody.
case_block()
{
	local name sum

	guest "$1" "head -c 1048576 /dev/urandom >$shared" || return
	sum=$(boot_digest "$1" $shared)
	[[ ${#sum} == 64 ]] || boot_fail "$1's digest is '$sum'" || return
	for name in alpha beta; do
		[[ $(boot_digest $name $shared) == "$sum" ]] ||
			boot_fail "$name has another digest" || return
	done
	[[ $(head -c 1M $host | sha256sum) == "$sum  -" ]] || boot_fail "the host has another"
}

case_end_of_region()
{
	guest beta "printf end | dd of=$shared bs=1 seek=$((64 * 1024 * 1024 - 3)) 2>/dev/null" &&
		[[ $(tail -c 3 $host) == end ]] &&
		[[ $(guest alpha "tail -c 3 $shared") == end ]]
}

# Each writes a MiB of its own at the same time as the other does.
case_together()
{
	local name number=0 sums=()

	for name in alpha beta; do
		number=$((number + 1))
		guest $name "head -c 1048576 /dev/urandom >/tmp/mine
			dd if=/tmp/mine of=$shared bs=64k seek=$((number * 16)) 2>/dev/null
			sha256sum </tmp/mine" >"$LAB_OUT/$name/mine" &
		sums+=($!)
	done
	wait "${sums[@]}"
	number=0
	for name in alpha beta; do
		number=$((number + 1))
		dd if=$host bs=1M skip=$number count=1 status=none | sha256sum |
			cmp - "$LAB_OUT/$name/mine" ||
			boot_fail "$name's MiB is not as written" || return
	done
}

case_three_regions()
{
	local name first

	guest alpha 'for n in 0 1 2; do size=$(cat /sys/class/ivshmem/ivshmem$n/size)
		echo "of $size bytes" >/dev/ivshmem$n; done' || return
	for name in shared second third; do
		first=$(head -n 1 "/dev/ivshmem/$name")
		[[ $first == "of $(<"/sys/class/ivshmem_region/$name/size") bytes" ]] ||
			boot_fail "$name holds '$first'" || return
	done
	[[ $(guest beta "head -n 1 $shared") == "of 67108864 bytes" ]]
}

case_two_cpus()
{
	[[ $(guest alpha nproc) == 2 ]] || boot_fail "alpha has $(guest alpha nproc) CPUs" || return
	guest alpha "for cpu in 0 1; do
			taskset -c \$cpu sh -c \"echo 'CPU '\$cpu |
				dd of=/dev/ivshmem1 bs=4k seek=\$cpu conv=sync 2>/dev/null\" &
		done; wait"
	[[ $(head -c 8k /dev/ivshmem/second | tr -d '\0' | xargs) == "CPU 0 CPU 1" ]]
}

# case_program GUEST PROGRAM
case_program()
{
	guest "$1" "$2 $shared"
}

case_write_back()
{
	local list

	list=$(guest "$1" 'cd /sys/class/ivshmem/ivshmem0/device
		sed -n "3s/^0x\([^ ]*\).*/\1/p" resource >/tmp/bar
		grep -f /tmp/bar /sys/kernel/debug/x86/pat_memtype_list')
	[[ $list == *write-back ]] || boot_fail "memory type: $list"
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
}

# What the guests wrote outlives them, and ends with the region.
case_survives()
{
	[[ $(head -n 1 /dev/ivshmem/third) == "of 4194304 bytes" ]] || return
	[[ $(<"/sys/class/ivshmem_region/shared/users") == 0 ]] || return
	ivshmemctl destroy third && [[ ! -e /dev/ivshmem/third ]]
}

ktap_main \
	case_regions "regions are created" \
	case_boot "two guests boot" \
	case_users "each guest counts as a user of its region" \
	"case_line alpha beta" "alpha writes a line, beta reads it" \
	"case_line beta alpha" "beta answers, alpha reads it" \
	"case_block alpha" "a MiB from alpha is the same everywhere" \
	"case_block beta" "a MiB from beta is the same everywhere" \
	case_end_of_region "the region ends at the same byte for everybody" \
	case_together "both write at the same time" \
	case_three_regions "a guest with three regions tells them apart" \
	case_two_cpus "a guest writes from both its CPUs" \
	"case_program alpha fileio" "alpha: read, write and seek" \
	"case_program beta fileio" "beta: read, write and seek" \
	"case_program alpha info" "alpha: INFO" \
	"case_program alpha mapping" "alpha: mmap" \
	"case_program beta mapping" "beta: mmap" \
	"case_write_back alpha" "alpha maps the memory write-back" \
	"case_write_back beta" "beta maps the memory write-back" \
	"case_log alpha" "nothing is in alpha's kernel log" \
	"case_log beta" "nothing is in beta's kernel log" \
	case_power_off "power-off ends each VMM with status 0" \
	case_survives "contents outlive the guests"
