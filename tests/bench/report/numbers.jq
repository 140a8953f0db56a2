# SPDX-License-Identifier: GPL-2.0-only
# The few numbers that say most, each a figure and one that goes with it.
include "figures";

def numbers: [
	{ "figure": "native_guest_ring_mb_s", "n": 65536, "scale": 0.001, "unit": "GB/s",
	  "text": "between two virtual machines, in records of 64 KiB",
	  "under": { "figure": "native_ring_64k_ratio", "scale": 100, "unit": "%",
		     "text": "of what two processes of the host reach over the same pages" } },
	{ "figure": "linux_ring_tcp_ratio", "unit": "×",
	  "text": "what the same Linux guests get from TCP over virtio-net with vhost",
	  "under": { "figure": "linux_ring_host_ratio", "scale": 100, "unit": "%",
		     "text": "of what two processes of their host reach" } },
	{ "figure": "native_guest_pingpong_p50_ns", "unit": "ns",
	  "text": "there and back between two virtual machines that poll",
	  "under": { "figure": "native_pingpong_ratio", "unit": "×",
		     "text": "the time of two processes of the host" } },
	{ "figure": "linux_doorbell_asleep_ratio", "unit": "×",
	  "text": "the time that QEMU's ivshmem takes to wake a sleeping guest, and back",
	  "under": { "figure": "linux_doorbell_awake_ratio", "unit": "×",
		     "text": "that time when both are awake" } },
	{ "figure": "ivmm_private_kib", "unit": "KiB",
	  "text": "of memory for the VMM itself, beside its guest's RAM",
	  "under": { "figure": "boot_init_ratio", "unit": "×",
		     "text": "the time of QEMU's fastest machine until init runs" } }
];

# Input: all figures
def find($wanted): first(.[] | select(.name == $wanted.figure and
	($wanted.n == null or .n == $wanted.n))) // null;

def taken: . != null and (.value | type) == "number";
def scaled($wanted): .value * ($wanted.scale // 1) | figure_text;

# "16.6 GB/s" and "between two …", if it was taken; what goes with it alike, or nothing
def number_part($wanted): find($wanted) as $f | select($f | taken) |
	{ number: "\($f | scaled($wanted)) \($wanted.unit)", text: $wanted.text };

def number_line($wanted):
	([number_part($wanted) | "\(.number) \(.text)"][0] // "not taken: \($wanted.figure)") +
	([number_part($wanted.under) | " (\(.number) \(.text))"][0] // "");
