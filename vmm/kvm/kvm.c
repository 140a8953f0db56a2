// SPDX-License-Identifier: GPL-2.0-only
/* KVM's device and one virtual machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/dirty_ring.h"
#include "kvm/kvm.h"
#include "layout.h"
#include "util.h"

#define KVM_DEVICE		"/dev/kvm"
#define KVM_CPUID_ENTRIES	256
/* The limit is a page less than 8 TiB, and told nowhere. Parts begin where huge pages do. */
#define KVM_SLOT_SIZE_MAX	((1ull << 43) - (1ull << 30))

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
	return 0;
}

static void kvm_ask(struct kvm *kvm)
{
	kvm->run_size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	kvm->spaces = kvm_capability(kvm, KVM_CAP_MULTI_ADDRESS_SPACE) < KVM_SPACES_MAX ? 1 :
		KVM_SPACES_MAX;
	kvm->max_slots = kvm_capability(kvm, KVM_CAP_NR_MEMSLOTS);
	kvm->max_slot_size = KVM_SLOT_SIZE_MAX;
	kvm->coalesced_page = kvm_capability(kvm, KVM_CAP_COALESCED_MMIO);
	kvm->coalesced_pio = kvm_capability(kvm, KVM_CAP_COALESCED_PIO);
	kvm->eventfd_any_length = kvm_capability(kvm, KVM_CAP_IOEVENTFD_ANY_LENGTH);
	kvm->tsc_deadline = kvm_capability(kvm, KVM_CAP_TSC_DEADLINE_TIMER);
}

static int kvm_enable_cap(struct kvm *kvm, int cap, uint64_t value)
{
	struct kvm_enable_cap enable = { .cap = cap, .args[0] = value };

	return ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &enable) < 0 ? -errno : 0;
}

/*
 * Not with KVM_DIRTY_LOG_INITIALLY_SET: then all pages of a slot that is set anew, as a part of one
 * that was split, would count as stored to.
 */
static void kvm_set_manual_protect(struct kvm *kvm, bool on)
{
	int has = kvm_capability(kvm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2);

	if (has & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
		kvm->manual_protect = !kvm_enable_cap(kvm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
						      on) && on;
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
	kvm_ask(kvm);
	ret = kvm->vm_fd = kvm_create_vm(kvm);
	if (ret < 0) {
		error_set(err, ret, "KVM can't make a virtual machine: %s", strerror(-ret));
		goto close_kvm;
	}
	ret = kvm_setup_vm(kvm, err);
	if (ret)
		goto close_vm;
	kvm_set_manual_protect(kvm, true);
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
	if (kvm->rings)
		dirty_rings_destroy(kvm->rings);
	close(kvm->vm_fd);
	close(kvm->fd);
	free(kvm);
}

/* The kind whose order of memory accesses is written down comes first; here they are the same. */
static int kvm_dirty_ring_cap(const struct kvm *kvm, uint64_t *bytes)
{
	static const int caps[] = { KVM_CAP_DIRTY_LOG_RING_ACQ_REL, KVM_CAP_DIRTY_LOG_RING };

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		*bytes = kvm_capability(kvm, caps[i]);
		if (*bytes)
			return caps[i];
	}
	return -ENOTSUP;
}

int kvm_use_dirty_rings(struct kvm *kvm, unsigned int entries, struct error *err)
{
	uint64_t max;
	int cap = kvm_dirty_ring_cap(kvm, &max), ret;

	if (cap < 0)
		return error_arg(err, cap, "dirty-ring-size=%u: this kernel's KVM has no dirty "
				 "rings: leave it out", entries);
	kvm_set_manual_protect(kvm, false);
	ret = kvm_enable_cap(kvm, cap, (uint64_t)entries * sizeof(struct kvm_dirty_gfn));
	if (ret)
		return error_arg(err, ret, "dirty-ring-size=%u: KVM refuses it (%s): a power of "
				 "two from 1024 to %llu is taken", entries, strerror(-ret),
				 (unsigned long long)(max / sizeof(struct kvm_dirty_gfn)));
	ret = dirty_rings_create(&kvm->rings, kvm, entries);
	return ret ? error_set(err, ret, "no memory for dirty rings") : 0;
}

int kvm_set_slot(struct kvm *kvm, const struct kvm_userspace_memory_region *slot)
{
	return ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, slot) < 0 ? -errno : 0;
}

int kvm_get_dirty_log(struct kvm *kvm, unsigned int slot, uint64_t *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return ioctl(kvm->vm_fd, KVM_GET_DIRTY_LOG, &log) < 0 ? -errno : 0;
}

int kvm_clear_dirty_log(struct kvm *kvm, const struct kvm_clear_dirty_log *log)
{
	return ioctl(kvm->vm_fd, KVM_CLEAR_DIRTY_LOG, log) < 0 ? -errno : 0;
}

int kvm_reset_dirty_rings(struct kvm *kvm)
{
	return ioctl(kvm->vm_fd, KVM_RESET_DIRTY_RINGS, 0) < 0 ? -errno : 0;
}

int kvm_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *eventfd)
{
	return ioctl(kvm->vm_fd, KVM_IOEVENTFD, eventfd) < 0 ? -errno : 0;
}

int kvm_register_coalesced(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone)
{
	return ioctl(kvm->vm_fd, KVM_REGISTER_COALESCED_MMIO, zone) < 0 ? -errno : 0;
}

int kvm_unregister_coalesced(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone)
{
	return ioctl(kvm->vm_fd, KVM_UNREGISTER_COALESCED_MMIO, zone) < 0 ? -errno : 0;
}

int kvm_irq_line(struct kvm *kvm, unsigned int gsi, bool level)
{
	struct kvm_irq_level irq = { .irq = gsi, .level = level };

	return ioctl(kvm->vm_fd, KVM_IRQ_LINE, &irq) < 0 ? -errno : 0;
}

int kvm_set_gsi_routing(struct kvm *kvm, const struct kvm_irq_routing *table)
{
	return ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, table) < 0 ? -errno : 0;
}

int kvm_irqfd(struct kvm *kvm, const struct kvm_irqfd *irqfd)
{
	return ioctl(kvm->vm_fd, KVM_IRQFD, irqfd) < 0 ? -errno : 0;
}

int kvm_set_halt_poll(struct kvm *kvm, unsigned int ns)
{
	return kvm_enable_cap(kvm, KVM_CAP_HALT_POLL, ns);
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
