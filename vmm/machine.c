// SPDX-License-Identifier: GPL-2.0-only
/* Builds a machine step by step, and takes it apart in the opposite order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "hw/ivshmem.h"
#include "io/fatal.h"
#include "io/loop.h"
#include "io/signals.h"
#include "kvm/coalesced.h"
#include "kvm/ioeventfd.h"
#include "kvm/kvm.h"
#include "kvm/msi.h"
#include "kvm/slots.h"
#include "kvm/vcpu.h"
#include "machine.h"
#include "machine_parts.h"
#include "monitor/monitor.h"
#include "pci/pci.h"
#include "util.h"

#define MACHINE_SIGNAL_STATUS	128	/* plus its number: as a shell has it */

/* One thing a machine needs. up() undoes its own work if it fails; down() is its mirror. */
struct machine_step {
	int (*up)(struct machine *m, struct error *err);
	void (*down)(struct machine *m);
};

void machine_stop(struct machine *m, int status)
{
	int running = MACHINE_RUNNING;

	if (!atomic_compare_exchange_strong(&m->status, &running, status))
		return;
	if (m->vcpus)
		vcpus_stop(m->vcpus);
	loop_stop(m->loop);
}

/* --- the command line --- */

static int machine_check_chardev(const char *option, const char *spec, struct error *err)
{
	int ret = spec ? chardev_check(spec, err) : 0;

	return ret ? error_prefix(err, ret, option) : 0;
}

int machine_check(const struct options *opts, struct error *err)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < opts->nr_objects; i++)
		ret = hostmem_check(&opts->objects[i], err);
	for (unsigned int i = 0; !ret && i < opts->nr_devices; i++)
		ret = ivshmem_check(&opts->devices[i], err);
	for (unsigned int i = 0; !ret && i < OPTIONS_SERIAL_MAX; i++)
		ret = machine_check_chardev("-serial", opts->serial[i], err);
	if (!ret)
		ret = machine_check_chardev("-debugcon", opts->debugcon, err);
	return ret ? ret : machine_check_chardev("-monitor", opts->monitor, err);
}

/* --- the program around it --- */

static void machine_raised(void *opaque, int signum)
{
	machine_stop(opaque, MACHINE_SIGNAL_STATUS + signum);
}

static void machine_quit(void *opaque)
{
	machine_stop(opaque, EXIT_SUCCESS);
}

static int machine_loop_up(struct machine *m, struct error *err)
{
	int ret = loop_create(&m->loop);

	if (ret)
		return error_set(err, ret, "can't make an event loop: %s", strerror(-ret));
	m->chardev_host = (struct chardev_host){ m->loop, &m->terminal, machine_quit, m };
	return 0;
}

static void machine_loop_down(struct machine *m)
{
	loop_destroy(m->loop);
}

static int machine_signals_up(struct machine *m, struct error *err)
{
	int ret = signals_create(&m->signals, m->loop, machine_raised, m);

	return ret ? error_set(err, ret, "can't watch for signals: %s", strerror(-ret)) : 0;
}

static void machine_signals_down(struct machine *m)
{
	signals_destroy(m->signals);
}

static int machine_fatal_up(struct machine *m, struct error *err)
{
	if (fatal_enter(&m->fatal, &m->terminal))
		return error_set(err, -ENOMEM, "no memory for a signal stack");
	fatal_install();
	return 0;
}

static void machine_fatal_down(struct machine *m)
{
	fatal_leave(m->fatal);
}

/* --- what is booted --- */

/* Files are read before others are made or truncated: devices, then serial ports, come behind. */
static int machine_boot_up(struct machine *m, struct error *err)
{
	uint64_t low = memory_region_size(&m->ram_low);
	struct boot_config config = {
		.kernel = m->opts->kernel,
		.initrd = m->opts->initrd,
		.append = m->opts->append,
		.ram = memory_region_get_ram_ptr(&m->ram),
		.ram_low = low,
		.ram_high = m->opts->ram_size - low,
	};

	if (m->opts->bios)
		return machine_load_bios(m, err);
	if (m->opts->restore)
		return 0;
	return boot_load(&config, &m->entry, err);
}

/* --- devices --- */

/* Both end the run; who wants the guest back starts it again. */
static void machine_power_event(void *opaque, enum power_event event)
{
	(void)event;
	machine_stop(opaque, EXIT_SUCCESS);
}

static int machine_power_up(struct machine *m, struct error *err)
{
	int ret;

	m->power.event = machine_power_event;
	m->power.opaque = m;
	ret = power_init(&m->power, m->memory, &m->io);
	return ret ? error_set(err, ret, "power registers: %s", strerror(-ret)) : 0;
}

static void machine_power_down(struct machine *m)
{
	power_fini(&m->power);
}

static int machine_pci_up(struct machine *m, struct error *err)
{
	return pci_bus_create(&m->pci, m->memory, &m->pci_memory, &m->io, err);
}

static void machine_pci_down(struct machine *m)
{
	pci_bus_destroy(m->pci);
}

/* What was added before a failure goes with the bus and the list of backends. */
static int machine_devices_up(struct machine *m, struct error *err)
{
	const struct ivshmem_host host = {
		.bus = m->pci,
		.mem = m->memory,
		.hostmem = &m->hostmem,
		.loop = m->loop,
		.msi = m->msi,
		.restoring = m->opts->restore,
	};
	int ret = 0;

	for (unsigned int i = 0; !ret && i < m->opts->nr_objects; i++)
		ret = hostmem_add(&m->hostmem, &m->opts->objects[i], err);
	for (unsigned int i = 0; !ret && i < m->opts->nr_devices; i++)
		ret = ivshmem_create(&host, &m->opts->devices[i], err);
	return ret ? ret : pci_assign(m->pci, err);
}

/* --- processors --- */

static int machine_kvm_up(struct machine *m, struct error *err)
{
	int ret = kvm_create(&m->kvm, err);

	if (ret || !m->opts->dirty_ring_size)
		return ret;
	ret = kvm_use_dirty_rings(m->kvm, m->opts->dirty_ring_size, err);
	if (!ret)
		return 0;
	kvm_destroy(m->kvm);
	return error_prefix(err, ret, "-accel kvm");
}

static void machine_kvm_down(struct machine *m)
{
	kvm_destroy(m->kvm);
}

static int machine_msi_up(struct machine *m, struct error *err)
{
	return kvm_msi_create(&m->msi, m->kvm, err);
}

static void machine_msi_down(struct machine *m)
{
	kvm_msi_destroy(m->msi);
}

static int machine_slots_up(struct machine *m, struct error *err)
{
	return kvm_slots_create(&m->slots, m->kvm, &m->as_memory, 0, err);
}

static void machine_slots_down(struct machine *m)
{
	kvm_slots_destroy(m->slots);
}

static int machine_ioeventfds_up(struct machine *m, struct error *err)
{
	return kvm_ioeventfds_create(&m->ioeventfds, m->kvm, &m->as_memory, &m->as_io, err);
}

static void machine_ioeventfds_down(struct machine *m)
{
	kvm_ioeventfds_destroy(m->ioeventfds);
}

static int machine_coalesced_up(struct machine *m, struct error *err)
{
	return kvm_coalesced_create(&m->coalesced, m->kvm, &m->as_memory, &m->as_io, err);
}

static void machine_coalesced_down(struct machine *m)
{
	kvm_coalesced_destroy(m->coalesced);
}

static void machine_vcpu_failed(void *opaque, const char *message)
{
	struct machine *m = opaque;

	error_set(&m->failure, -EIO, "%s", message);
	machine_stop(m, EXIT_FAILURE);
}

static void machine_vcpus_down(struct machine *m)
{
	vcpus_destroy(m->vcpus);
	m->vcpus = NULL;
}

static int machine_vcpus_up(struct machine *m, struct error *err)
{
	struct vcpus_config config = {
		.kvm = m->kvm,
		.nr = m->opts->smp,
		.memory = &m->as_memory,
		.io = &m->as_io,
		.coalesced = m->coalesced,
		.terminal = &m->terminal,
		.failed = machine_vcpu_failed,
		.opaque = m,
	};

	int ret = vcpus_create(&m->vcpus, &config, err);

	if (ret || m->opts->bios || m->opts->restore) /* firmware starts where a processor does */
		return ret;
	ret = vcpus_set_entry(m->vcpus, &m->entry);
	if (!ret)
		return 0;
	machine_vcpus_down(m);
	return error_set(err, ret, "KVM refuses the entry state: %s", strerror(-ret));
}

static int machine_monitor_up(struct machine *m, struct error *err)
{
	return m->opts->monitor ? monitor_create(&m->monitor, m, m->opts->monitor, err) : 0;
}

/* What a client has begun ends, too. */
static void machine_monitor_down(struct machine *m)
{
	if (m->monitor)
		monitor_destroy(m->monitor);
	machine_snapshots_end(m);
}

static const struct machine_step machine_steps[] = {
	{ machine_loop_up, machine_loop_down },
	{ machine_signals_up, machine_signals_down },
	{ machine_fatal_up, machine_fatal_down },
	{ machine_memory_up, machine_memory_down },
	{ machine_tree_up, machine_tree_down },
	{ machine_restore_open, machine_restore_close },
	{ machine_boot_up, NULL },
	{ machine_kvm_up, machine_kvm_down },
	{ machine_msi_up, machine_msi_down },
	{ machine_power_up, machine_power_down },
	{ machine_pci_up, machine_pci_down },
	{ machine_firmware_up, machine_firmware_down },
	{ machine_devices_up, NULL },
	{ machine_serials_up, machine_serials_down },
	{ machine_debugcon_up, machine_debugcon_down },
	{ machine_pit_up, NULL },
	{ machine_slots_up, machine_slots_down },
	{ machine_ioeventfds_up, machine_ioeventfds_down },
	{ machine_coalesced_up, machine_coalesced_down },
	{ machine_vcpus_up, machine_vcpus_down },
	{ machine_restore_up, NULL },
	{ machine_monitor_up, machine_monitor_down },
};

int machine_create(struct machine **out, const struct options *opts, struct error *err)
{
	int ret = machine_check(opts, err);
	struct machine *m;

	if (ret)
		return ret;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error_set(err, -ENOMEM, "no memory for a machine");
	m->opts = opts;
	m->status = MACHINE_RUNNING;
	for (; m->steps < ARRAY_SIZE(machine_steps); m->steps++) {
		ret = machine_steps[m->steps].up(m, err);
		if (ret) {
			machine_destroy(m);
			return ret;
		}
	}
	*out = m;
	return 0;
}

void machine_destroy(struct machine *m)
{
	while (m->steps) {
		const struct machine_step *step = &machine_steps[--m->steps];

		if (step->down)
			step->down(m);
	}
	free(m);
}

int machine_run(struct machine *m, struct error *err)
{
	int ret = vcpus_start(m->vcpus, m->opts->paused, err);

	if (ret)
		return EXIT_FAILURE;
	ret = loop_run(m->loop);
	if (ret) {
		error_set(err, ret, "the event loop failed: %s", strerror(-ret));
		return EXIT_FAILURE;
	}
	ret = atomic_load(&m->status);
	if (ret == EXIT_FAILURE)
		*err = m->failure;
	return ret;
}
