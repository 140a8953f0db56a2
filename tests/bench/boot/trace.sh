# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# When a VMM was executed, when its guest's kernel began and when its init was up, on one clock:
# that of a nested host's kernel, which sees all three.
#
# The kernel begins between the last thing that firmware asks QEMU's fw_cfg for, when the image has
# been loaded, and the first fault at an address of the kernel's own. The former is what counts, in
# favour of QEMU. ivmm has no firmware: the fault is that of the very first instruction.

TRACE=/sys/kernel/tracing/instances/bench
TRACE_FW_CFG='port >= 0x510 && port <= 0x51b'
# From where a bzImage is loaded to the end of where this one runs; firmware is below and above.
TRACE_KERNEL='guest_rip >= 0x100000 && guest_rip < 0x4000000'

# trace_event GROUP/NAME FILTER
trace_event()
{
	echo "$2" >"$TRACE/events/$1/filter" && echo 1 >"$TRACE/events/$1/enable"
}

trace_begin()
{
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing || return
	mkdir -p "$TRACE" && echo mono >"$TRACE/trace_clock" &&
		trace_event sched/sched_process_exec \
			'filename ~ "*/ivmm" || filename ~ "*/qemu-system-x86_64"' &&
		trace_event kvm/kvm_pio "$TRACE_FW_CFG" &&
		trace_event kvm/kvm_page_fault "$TRACE_KERNEL"
}

trace_clear()
{
	: >"$TRACE/trace"
}

trace_init_is_up()
{
	echo init >"$TRACE/trace_marker"
}

# trace_times: milliseconds from exec to the kernel's first instruction, and to its init; of the VMM
# that was executed last, since one whose guest was lost is run twice.
trace_times()
{
	awk '
		{
			match($0, / [0-9]+\.[0-9]+: /)
			now = substr($0, RSTART, RLENGTH) * 1000
		}
		/ sched_process_exec: / {
			exec = now
			kernel = last = init = 0
		}
		/ kvm_pio: / && !kernel { last = now }
		/ kvm_page_fault: / && !kernel { kernel = last ? last : now }
		/ tracing_mark_write: / { init = now }
		END {
			if (!exec || !kernel || !init)
				exit 1
			printf "%.3f %.3f\n", kernel - exec, init - exec
		}' "$TRACE/trace"
}
