// SPDX-License-Identifier: GPL-2.0-only
// Holds a virtual machine with one processor that never runs, for as long as the nested host lives.
// KVM patches the kernel's code when the first machine comes and when the last one goes, and around
// local APICs that are off; a software emulator with a thread a processor may go on running the
// breakpoint that such patching puts there for a moment, and the kernel dies of it. While this
// machine is there, with its APIC off, none comes first and none goes last.
// And has the clock interrupt the nested host all the time: an emulated processor that sleeps has
// been seen to miss its own timer, and then nothing happens until something else wakes it.

#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

// Each second, or more often, as the clock can; without a clock it must do without.
static void wake_up_often(void)
{
	int rtc = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);

	if (rtc < 0 || ioctl(rtc, RTC_UIE_ON, 0))
		perror("keeper: /dev/rtc0");
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm;

	wake_up_often();
	if (kvm < 0)
		return fail("keeper: /dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0ul);
	if (vm < 0)
		return fail("keeper: KVM_CREATE_VM");
	if (ioctl(vm, KVM_CREATE_IRQCHIP) || ioctl(vm, KVM_CREATE_VCPU, 0ul) < 0)
		return fail("keeper: a processor with an APIC");
	for (;;)
		pause();
}
