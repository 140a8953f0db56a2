# SPDX-License-Identifier: GPL-2.0-only
# The report's pictures. A curve is a figure by its n ("by_n"), or figures whose names begin alike,
# by what their names end with ("classes").
def plots: [
	{ "id": "native-ring", "kind": "by_n",
	  "title": "Two guests on /dev/kvm: ring", "x": "record size, bytes", "y": "MB/s",
	  "text": "Bare-metal guests, two processes over the same pages (the limit), one that copies.",
	  "series": [
		{ "figure": "native_guest_ring_mb_s", "title": "guest to guest" },
		{ "figure": "native_process_ring_mb_s", "title": "process to process" },
		{ "figure": "native_memcpy_mb_s", "title": "one process, memcpy" }
	  ] },
	{ "id": "linux-ring", "kind": "by_n",
	  "title": "Two Linux guests: ring and its peers", "x": "block size, bytes", "y": "MB/s",
	  "text": "In the lab: rings over our mapping and QEMU's, sockets, two host processes.",
	  "series": [
		{ "figure": "linux_ring_mb_s", "title": "ivmm, /dev/ivshmem0" },
		{ "figure": "linux_host_ring_mb_s", "title": "two host processes" },
		{ "figure": "linux_qemu_wc_ring_mb_s", "title": "QEMU, resource2_wc" },
		{ "figure": "linux_qemu_ring_mb_s", "title": "QEMU, resource2" },
		{ "figure": "linux_uio_ring_mb_s", "title": "QEMU, uio_pci_generic" },
		{ "figure": "linux_bell_ring_mb_s", "title": "ivmm, with doorbells" },
		{ "figure": "linux_tcp_mb_s", "title": "TCP, virtio-net, vhost" },
		{ "figure": "linux_vsock_mb_s", "title": "vsock, vhost" },
		{ "figure": "linux_host_tcp_mb_s", "title": "TCP, host" },
		{ "figure": "linux_host_unix_mb_s", "title": "UNIX socket, host" }
	  ] },
	{ "id": "linux-file", "kind": "by_n",
	  "title": "In one Linux guest: file and mapping", "x": "block size, bytes", "y": "MB/s",
	  "text": "read() and write() of /dev/ivshmem0 beside copies out of its mapping.",
	  "series": [
		{ "figure": "linux_read_mb_s", "title": "read()" },
		{ "figure": "linux_write_mb_s", "title": "write()" },
		{ "figure": "linux_mmap_mb_s", "title": "memcpy, mapping" }
	  ] },
	{ "id": "messages", "kind": "by_n",
	  "title": "Small messages", "x": "message size, bytes", "y": "messages/s",
	  "text": "How many messages a second, for those whose messages are small.",
	  "series": [
		{ "figure": "native_guest_ring_messages_s", "title": "ring, bare-metal guests" },
		{ "figure": "native_process_ring_messages_s", "title": "ring, two processes" },
		{ "figure": "linux_ring_messages_s", "title": "ring, Linux guests" },
		{ "figure": "linux_queue_messages_s", "title": "queue, Linux guests" },
		{ "figure": "linux_host_queue_messages_s", "title": "queue, host processes" },
		{ "figure": "linux_tcp_messages_s", "title": "TCP, Linux guests" }
	  ] },
	{ "id": "native-latency", "kind": "classes",
	  "title": "Two guests on /dev/kvm: round trips", "x": "percentile", "y": "ns",
	  "lines": true, "classes": "percentiles",
	  "text": "A cache line there and back, both sides polling.",
	  "series": [
		{ "base": "native_guest_pingpong", "title": "guest to guest" },
		{ "base": "native_process_pingpong", "title": "process to process" }
	  ] },
	{ "id": "linux-latency", "kind": "classes",
	  "title": "Two Linux guests: round trips", "x": "percentile", "y": "ns",
	  "lines": true, "classes": "percentiles",
	  "text": "In the lab: polled, by doorbells, and by what people use today.",
	  "series": [
		{ "base": "linux_pingpong", "title": "polled, ivmm" },
		{ "base": "linux_host_pingpong", "title": "polled, two processes" },
		{ "base": "linux_doorbell_awake", "title": "doorbell, both awake" },
		{ "base": "linux_doorbell_wait", "title": "doorbell, WAIT" },
		{ "base": "linux_doorbell_eventfd", "title": "doorbell, eventfd" },
		{ "base": "linux_qemu_doorbell_wait", "title": "QEMU's doorbell" },
		{ "base": "linux_tcp_pingpong", "title": "TCP, virtio-net, vhost" },
		{ "base": "linux_vsock_pingpong", "title": "vsock, vhost" }
	  ] },
	{ "id": "boot", "kind": "classes",
	  "title": "From exec of the VMM", "x": "machine", "y": "ms",
	  "text": "In the lab: the same kernel, initrd and memory for all.",
	  "classes": [
		{ "suffix": "_ms", "title": "ivmm" },
		{ "suffix": "_microvm_ms", "title": "microvm" },
		{ "suffix": "_qboot_ms", "title": "qboot" },
		{ "suffix": "_pc_ms", "title": "pc" },
		{ "suffix": "_q35_ms", "title": "q35" },
		{ "suffix": "_new_microvm_ms", "title": "µvm 10" },
		{ "suffix": "_new_pc_ms", "title": "pc 10" }
	  ],
	  "series": [
		{ "base": "boot_init", "title": "until init runs" },
		{ "base": "boot_kernel", "title": "until the kernel runs" }
	  ] },
	{ "id": "commits", "kind": "by_n",
	  "title": "Memory model: what a commit costs", "x": "memory sections, N", "y": "µs",
	  "text": "What a change of the guest's memory map costs, from make bench-memory.",
	  "series": [
		{ "figure": "bar_move_us", "title": "move a BAR" },
		{ "figure": "bar_move_us", "field": "peer_value", "title": "the same in QEMU" },
		{ "figure": "map_last_us", "title": "map one more page" },
		{ "figure": "map_last_us", "field": "peer_value", "title": "the same in Unicorn" },
		{ "figure": "bar_move_all_told_us", "title": "move, tell all" },
		{ "figure": "build_us", "title": "first view of all" }
	  ] }
];
