# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The guests of the benchmarks in a nested host: alpha and beta of ivmm share the region `ours`,
# gamma and delta of QEMU the regions `plain` (ivshmem-plain) and `bells` (ivshmem-doorbell, served
# by ivshmemctl), and have virtio-net and vsock with vhost. Each has one vCPU, on a processor of its
# own. Sourced by inside.sh.

# shellcheck source=tests/boot/boot.sh
. tests/boot/boot.sh

GUESTS_KERNEL=6.12
GUESTS_SIZE=16M
GUESTS_WAIT_S=75
GUESTS_INITRD=/tmp/bench-initrd
GUESTS_SOCKET=/tmp/bench-serve
GUESTS_PLAIN=0000:00:08.0	# of gamma and delta
# its cid, the last byte of its addresses, and modulo 2 its processor
declare -A GUESTS_NUMBER=([alpha]=2 [beta]=3 [gamma]=4 [delta]=5)

guests_region()
{
	[[ -e /dev/ivshmem/$1 ]] || boot_region "$1" $GUESTS_SIZE
}

guests_ivmm()
{
	guest_start "$1" $GUESTS_KERNEL -initrd $GUESTS_INITRD \
		-device "ivshmem,shm=ours,size=$GUESTS_SIZE,vectors=2"
}

guests_qemu()
{
	local number=${GUESTS_NUMBER[$1]} backend=memory-backend-file,id=m,share=on

	qemu_guest_start "$1" $GUESTS_KERNEL -initrd $GUESTS_INITRD -name debug-threads=on \
		-object "$backend,mem-path=/dev/ivshmem/plain,size=$GUESTS_SIZE" \
		-device "ivshmem-plain,memdev=m,addr=${GUESTS_PLAIN##*:}" \
		-chardev "socket,id=server,path=$GUESTS_SOCKET" \
		-device ivshmem-doorbell,chardev=server,vectors=2 \
		-netdev "tap,id=net,ifname=tap-$1,script=no,downscript=no,vhost=on" \
		-device "virtio-net-pci,netdev=net,mac=52:54:00:00:00:0$number" \
		-device "vhost-vsock-pci,guest-cid=$number"
}

# guests_network: a bridge for taps of gamma and delta, and what vhost needs.
guests_network()
{
	local name busybox=/run/lab/busybox

	modprobe -a tun bridge vhost_net vhost_vsock && $busybox brctl addbr bench || return
	for name in gamma delta; do
		$busybox tunctl -t "tap-$name" >/dev/null &&
			$busybox brctl addif bench "tap-$name" &&
			$busybox ifconfig "tap-$name" up || return
	done
	$busybox ifconfig bench 192.0.2.1 up
}

# guests_serve: the server of `bells`; boot_end ends the regions, and with them what it serves.
guests_serve()
{
	local end=$((SECONDS + 30))

	ivshmemctl serve bells --socket $GUESTS_SOCKET --vectors 2 >"$LAB_OUT/serve.log" 2>&1 &
	until [[ -S $GUESTS_SOCKET ]]; do
		((SECONDS < end)) || boot_fail "$(<"$LAB_OUT/serve.log")" || return
		sleep 0.05
	done
}

# guests_pin NAME: its vCPU, and nothing else of its VMM.
guests_pin()
{
	local task

	for task in "/proc/$(guest_pid "$1")/task/"*; do
		[[ $(<"$task/comm") == vCPU* || $(<"$task/comm") == *KVM* ]] || continue
		taskset -p -c $((GUESTS_NUMBER[$1] % 2)) "${task##*/}" >/dev/null && return
	done
	boot_fail "$1 has no thread of a vCPU"
}

# guests_driver NAME: the guest driver, for all but QEMU's plain device.
guests_driver()
{
	local plain=/sys/bus/pci/devices/$GUESTS_PLAIN

	guest "$1" "if [ $1 = gamma -o $1 = delta ]; then
			echo none >$plain/driver_override
			echo 1 >$plain/enable
			ln -s $plain /root/plain
		fi; insmod /lib/modules/ivshmem.ko && test -c /dev/ivshmem0"
}

# guests_sockets NAME: of gamma and delta.
guests_sockets()
{
	guest "$1" "while read m; do insmod /modules/\$m || exit 1; done </modules/order
		ifconfig lo 127.0.0.1 up && ifconfig eth0 192.0.2.${GUESTS_NUMBER[$1]} up"
}

guests_qemus()
{
	local name

	guests_region plain && guests_region bells && guests_serve && guests_network || return
	for name in "$@"; do
		guests_qemu "$name" || return
	done
}

# guests_second 0|1: whether there is a second processor. Emulated ones now and then run an
# instruction that another has patched since, and a kernel that starts guests patches itself.
guests_second()
{
	[[ $LAB_ACCEL == kvm ]] || echo "$1" >/sys/devices/system/cpu/cpu1/online
}

# guests_up NAME…: starts them, and waits until all take commands.
guests_up()
{
	local name

	guests_second 0 || return
	cat "$GUEST_LAB/initrd/guest-$GUESTS_KERNEL" "$LAB_OUT/bench.cpio" >$GUESTS_INITRD
	guests_region ours || return
	[[ " $* " != *' gamma '* ]] || guests_qemus gamma delta || return
	for name in alpha beta; do
		[[ " $* " != *" $name "* ]] || guests_ivmm $name || return
	done
	for name in "$@"; do
		guest_wait "$name" $GUESTS_WAIT_S && guests_driver "$name" || return
		[[ $name != gamma && $name != delta ]] || guests_sockets "$name" || return
	done
	sleep 2			# some of the patching is put off for a second
	guests_second 1 || return
	for name in "$@"; do
		guests_pin "$name" || return
	done
}

# guests_uio: uio_pci_generic has QEMU's plain devices, as /root/uio.
guests_uio()
{
	local name

	for name in gamma delta; do
		guest $name "insmod /lib/modules/uio.ko && insmod /lib/modules/uio_pci_generic.ko &&
			echo uio_pci_generic >/root/plain/driver_override &&
			echo $GUESTS_PLAIN >/sys/bus/pci/drivers_probe && ls /dev/uio0 &&
			ln -s \$(readlink /root/plain) /root/uio" || return
	done
}

# guests_exits NAME: how often its vCPU has come back, as KVM counts.
guests_exits()
{
	cat "/sys/kernel/debug/kvm/$(guest_pid "$1")-"*/exits
}
