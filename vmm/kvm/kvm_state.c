// SPDX-License-Identifier: GPL-2.0-only
/* The state of a virtual machine beside its vCPUs: interrupt controllers, clock, timer. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm/kvm_state.h"
#include "util.h"

#define KVM_STATE_VERSION	1

static const struct {
	const char *name;
	uint32_t id;
} kvm_chips[] = {
	{ "pic-master", KVM_IRQCHIP_PIC_MASTER },
	{ "pic-slave", KVM_IRQCHIP_PIC_SLAVE },
	{ "ioapic", KVM_IRQCHIP_IOAPIC },
};

/* The guest's clock goes on from where it was: the time between is none for it. */
static const struct state_field clock_fields[] = {
	STATE_FIELD(struct kvm_clock_data, clock),
};

static int kvm_failed(const char *what, struct error *err)
{
	return error_set(err, -errno, "KVM: the state of the %s: %s", what, strerror(errno));
}

static int chips_save(struct kvm *kvm, struct state *s, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kvm_chips); i++) {
		struct kvm_irqchip chip = { .chip_id = kvm_chips[i].id };

		if (ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, &chip) < 0)
			return kvm_failed(kvm_chips[i].name, err);
		state_put(s, kvm_chips[i].name, &chip.chip, sizeof(chip.chip));
	}
	return 0;
}

static int chips_load(struct kvm *kvm, const struct state *s, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kvm_chips); i++) {
		struct kvm_irqchip chip = { .chip_id = kvm_chips[i].id };
		int ret = state_get(s, kvm_chips[i].name, &chip.chip, sizeof(chip.chip), err);

		if (ret)
			return ret;
		if (ioctl(kvm->vm_fd, KVM_SET_IRQCHIP, &chip) < 0)
			return kvm_failed(kvm_chips[i].name, err);
	}
	return 0;
}

/* A machine without this timer has no such field. */
static int timer_save(struct kvm *kvm, struct state *s, struct error *err)
{
	struct kvm_pit_state2 pit;

	if (!ioctl(kvm->vm_fd, KVM_GET_PIT2, &pit))
		state_put(s, "pit", &pit, sizeof(pit));
	else if (errno != ENXIO && errno != ENOTTY)
		return kvm_failed("pit", err);
	return 0;
}

static int timer_load(struct kvm *kvm, const struct state *s, struct error *err)
{
	struct kvm_pit_state2 pit;
	bool here = !ioctl(kvm->vm_fd, KVM_GET_PIT2, &pit);
	size_t size;
	int ret;

	if (!state_find(s, "pit", &size))
		return here ? state_refuse(s, "pit", "is missing", err) : 0;
	ret = state_get(s, "pit", &pit, sizeof(pit), err);
	if (ret)
		return ret;
	return ioctl(kvm->vm_fd, KVM_SET_PIT2, &pit) < 0 ? kvm_failed("pit", err) : 0;
}

int kvm_save(struct kvm *kvm, struct state_set *states, struct error *err)
{
	struct state *s = state_add(states, "kvm", 0, KVM_STATE_VERSION);
	struct kvm_clock_data clock;
	int ret = chips_save(kvm, s, err);

	if (!ret)
		ret = timer_save(kvm, s, err);
	if (ret)
		return ret;
	if (ioctl(kvm->vm_fd, KVM_GET_CLOCK, &clock) < 0)
		return kvm_failed("clock", err);
	state_put_fields(s, clock_fields, ARRAY_SIZE(clock_fields), &clock);
	return 0;
}

int kvm_load(struct kvm *kvm, struct state_set *states, struct error *err)
{
	struct kvm_clock_data clock = { 0 };
	struct state *s;
	int ret = state_take(states, "kvm", 0, KVM_STATE_VERSION, &s, err);

	if (!ret)
		ret = chips_load(kvm, s, err);
	if (!ret)
		ret = timer_load(kvm, s, err);
	if (!ret)
		ret = state_get_fields(s, clock_fields, ARRAY_SIZE(clock_fields), &clock, err);
	if (ret)
		return ret;
	return ioctl(kvm->vm_fd, KVM_SET_CLOCK, &clock) < 0 ? kvm_failed("clock", err) : 0;
}
