// SPDX-License-Identifier: GPL-2.0-only
/* KVM's own 8254. */
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm/pit.h"

int kvm_create_pit(struct kvm *kvm)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	return ioctl(kvm->vm_fd, KVM_CREATE_PIT2, &config) < 0 ? -errno : 0;
}
