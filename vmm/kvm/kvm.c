// SPDX-License-Identifier: GPL-2.0-only
/* KVM's device and one virtual machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/kvm.h"
#include "layout.h"
#include "util.h"

#define KVM_DEVICE		"/dev/kvm"
#define KVM_CPUID_ENTRIES	256

static const struct {
	int cap;
	const char *name;
} kvm_needed[] = {
	{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM" },
};

static int kvm_open(struct error *err)
{
	int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	const char *fix;

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		fix = "load kvm-intel or kvm-amd, and enable virtualization in the firmware";
		break;
	case EACCES:
	case EPERM:
		fix = "add your user to the group kvm";
		break;
	default:
		fix = "see the kernel's log";
	}
	return error_set(err, -errno, "can't open %s: %s: %s", KVM_DEVICE, strerror(errno), fix);
}

int kvm_capability(const struct kvm *kvm, int cap)
{
	int value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, cap);

	return value < 0 ? 0 : value;
}

static int kvm_check(struct kvm *kvm, struct error *err)
{
	int version = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION)
		return error_set(err, -ENOTSUP, "%s speaks version %d of its interface, not %d",
				 KVM_DEVICE, version, KVM_API_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(kvm_needed); i++) {
		if (!kvm_capability(kvm, kvm_needed[i].cap))
			return error_set(err, -ENOTSUP, "%s has no %s: a newer kernel is needed",
					 KVM_DEVICE, kvm_needed[i].name);
	}
	kvm->run_size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	kvm->max_slots = kvm_capability(kvm, KVM_CAP_NR_MEMSLOTS);
	kvm->tsc_deadline = kvm_capability(kvm, KVM_CAP_TSC_DEADLINE_TIMER);
	return 0;
}

static int kvm_create_vm(struct kvm *kvm)
{
	int fd;

	do {
		fd = ioctl(kvm->fd, KVM_CREATE_VM, 0);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* The pages are only used on Intel processors; elsewhere the calls do nothing. */
static int kvm_setup_vm(struct kvm *kvm, struct error *err)
{
	uint64_t identity = LAYOUT_KVM_IDENTITY;

	if (ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return error_set(err, -errno, "KVM_SET_IDENTITY_MAP_ADDR: %s", strerror(errno));
	if (ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)LAYOUT_KVM_TSS) < 0)
		return error_set(err, -errno, "KVM_SET_TSS_ADDR: %s", strerror(errno));
	if (ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return error_set(err, -errno, "KVM_CREATE_IRQCHIP: %s", strerror(errno));
	return 0;
}

int kvm_create(struct kvm **out, struct error *err)
{
	struct kvm *kvm = calloc(1, sizeof(*kvm));
	int ret;

	if (!kvm)
		return error_set(err, -ENOMEM, "no memory for a virtual machine");
	ret = kvm->fd = kvm_open(err);
	if (ret < 0)
		goto free_kvm;
	ret = kvm_check(kvm, err);
	if (ret)
		goto close_kvm;
	ret = kvm->vm_fd = kvm_create_vm(kvm);
	if (ret < 0) {
		error_set(err, ret, "KVM can't make a virtual machine: %s", strerror(-ret));
		goto close_kvm;
	}
	ret = kvm_setup_vm(kvm, err);
	if (ret)
		goto close_vm;
	*out = kvm;
	return 0;

close_vm:
	close(kvm->vm_fd);
close_kvm:
	close(kvm->fd);
free_kvm:
	free(kvm);
	return ret;
}

void kvm_destroy(struct kvm *kvm)
{
	close(kvm->vm_fd);
	close(kvm->fd);
	free(kvm);
}

int kvm_set_slot(struct kvm *kvm, const struct kvm_userspace_memory_region *slot)
{
	return ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, slot) < 0 ? -errno : 0;
}

int kvm_irq_line(struct kvm *kvm, unsigned int gsi, bool level)
{
	struct kvm_irq_level irq = { .irq = gsi, .level = level };

	return ioctl(kvm->vm_fd, KVM_IRQ_LINE, &irq) < 0 ? -errno : 0;
}

int kvm_supported_cpuid(struct kvm *kvm, unsigned int spare, struct kvm_cpuid2 **out)
{
	struct kvm_cpuid2 *cpuid;
	int ret;

	cpuid = calloc(1, sizeof(*cpuid) + (KVM_CPUID_ENTRIES + spare) * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = KVM_CPUID_ENTRIES;
	if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0) {
		ret = -errno;
		free(cpuid);
		return ret;
	}
	*out = cpuid;
	return 0;
}

int kvm_create_vcpu(struct kvm *kvm, unsigned int id)
{
	int fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)id);

	return fd < 0 ? -errno : fd;
}
