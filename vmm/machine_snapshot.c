// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine as snapshots see it: what it is made of, how it is stopped and goes on, which parts
 * have a state. And the one thing at a time that follows the guest's stores: a snapshot, or the
 * dirty rate.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hw/serial.h"
#include "io/progress.h"
#include "kvm/coalesced.h"
#include "kvm/kvm_state.h"
#include "machine.h"
#include "machine_parts.h"
#include "memory/ram.h"
#include "monitor/monitor.h"
#include "pci/pci.h"
#include "size.h"
#include "snapshot/dirty_rate.h"
#include "snapshot/load.h"
#include "snapshot/save.h"
#include "util.h"

#define MACHINE_VERSION	1

/* What must be the same in a machine that goes on. */
struct identity {
	uint64_t ram_size;
	uint32_t cpus;
};

static const struct state_field identity_fields[] = {
	STATE_FIELD(struct identity, ram_size),
	STATE_FIELD(struct identity, cpus),
};

static struct identity machine_identity(const struct machine *m)
{
	return (struct identity){ .ram_size = m->opts->ram_size, .cpus = m->opts->smp };
}

/*
 * Memory that is there by its name when this process is not any more, and that others may be
 * storing to: it is not copied. Memory that we may only read is none of ours either.
 */
static bool machine_ram_joined(const struct memory_region *mr)
{
	unsigned int flags = memory_region_get_ram_flags(mr);
	off_t offset;
	int fd = memory_region_get_ram_fd(mr, &offset);
	struct stat st;

	if (flags & RAM_READONLY)
		return true;
	return fd >= 0 && (flags & RAM_SHARED) && !fstat(fd, &st) && st.st_nlink;
}

/* --- taking one --- */

static void machine_describe(void *opaque, struct state_set *set)
{
	struct identity id = machine_identity(opaque);

	state_put_fields(state_add(set, "machine", 0, MACHINE_VERSION), identity_fields,
			 ARRAY_SIZE(identity_fields), &id);
}

static void machine_snapshot_resume(void *opaque)
{
	struct machine *m = opaque;

	vcpus_thaw(m->vcpus);
}

static int machine_snapshot_pause(void *opaque, struct error *err)
{
	struct machine *m = opaque;
	int ret;

	vcpus_freeze(m->vcpus);
	ret = vcpus_settle(m->vcpus, err);
	if (ret)
		vcpus_thaw(m->vcpus);
	else
		kvm_coalesced_drain(m->coalesced);
	return ret;
}

/* Interrupt controllers last: what a device raises meanwhile is in theirs, if not in its own. */
static int machine_snapshot_save(void *opaque, struct state_set *set, struct error *err)
{
	struct machine *m = opaque;
	int ret;

	pci_bus_save(m->pci, set);
	for (unsigned int i = 0; i < OPTIONS_SERIAL_MAX; i++)
		serial_save(m->serials[i], set, i);
	if (m->opts->bios)
		cmos_save(&m->cmos, set);
	ret = vcpus_save(m->vcpus, set, err);
	return ret ? ret : kvm_save(m->kvm, set, err);
}

static int machine_busy(struct machine *m, struct error *err)
{
	if (m->dirty_rate)
		return error_set(err, -EBUSY, "the dirty rate is being measured");
	if (m->snapshot && snapshot_save_running(m->snapshot))
		return error_set(err, -EBUSY, "a snapshot is being taken; info snapshot tells how "
				 "far it is, snapshot-cancel ends it");
	return 0;
}

int machine_snapshot(struct machine *m, const char *path, struct error *err)
{
	const struct snapshot_source source = {
		.mem = m->memory,
		.terminal = &m->terminal,
		.joined = machine_ram_joined,
		.describe = machine_describe,
		.pause = machine_snapshot_pause,
		.save = machine_snapshot_save,
		.resume = machine_snapshot_resume,
		.opaque = m,
	};
	int ret = machine_busy(m, err);

	if (ret)
		return ret;
	if (m->snapshot)
		snapshot_save_destroy(m->snapshot);
	m->snapshot = NULL;
	return snapshot_save_start(&m->snapshot, &source, path, err);
}

/* --- the dirty rate --- */

static void dirty_rate_stop(struct machine *m, FILE *out)
{
	loop_del(m->loop, &m->dirty_rate_timer);
	close(m->dirty_rate_timer.fd);
	if (dirty_rate_end(m->dirty_rate, out, m->dirty_rate_json) && out)
		fputs("error: out of memory\n", out);
	m->dirty_rate = NULL;
}

static void dirty_rate_ready(struct loop_handler *h, uint32_t events)
{
	struct machine *m = container_of(h, struct machine, dirty_rate_timer);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)events;
	dirty_rate_stop(m, out);
	if (out)
		fclose(out);
	monitor_answer(m->monitor, text, len);
	free(text);
}

static int dirty_rate_arm(struct machine *m, unsigned int seconds)
{
	const struct itimerspec time = { .it_value.tv_sec = seconds };
	struct loop_handler *h = &m->dirty_rate_timer;
	int ret;

	*h = (struct loop_handler){ .events = EPOLLIN, .ready = dirty_rate_ready };
	h->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (h->fd < 0)
		return -errno;
	timerfd_settime(h->fd, 0, &time, NULL);
	ret = loop_add(m->loop, h);
	if (ret)
		close(h->fd);
	return ret;
}

int machine_dirty_rate(struct machine *m, unsigned int seconds, bool json, struct error *err)
{
	int ret = machine_busy(m, err);

	if (ret)
		return ret;
	ret = dirty_rate_start(&m->dirty_rate, m->memory);
	if (ret)
		return error_set(err, ret, "stores of the guest can't be followed: %s",
				 strerror(-ret));
	m->dirty_rate_json = json;
	ret = dirty_rate_arm(m, seconds);
	if (!ret) {
		monitor_defer(m->monitor);
		return 0;
	}
	dirty_rate_end(m->dirty_rate, NULL, json);
	m->dirty_rate = NULL;
	return error_set(err, ret, "no timer: %s", strerror(-ret));
}

/* --- both --- */

void machine_snapshots_end(struct machine *m)
{
	if (m->snapshot)
		snapshot_save_destroy(m->snapshot);
	if (m->dirty_rate)
		dirty_rate_stop(m, NULL);
}

/* --- going on from one --- */

static int identity_check(const struct machine *m, const struct identity *there,
			  struct error *err)
{
	struct identity here = machine_identity(m);

	if (there->ram_size != here.ram_size)
		return error_arg(err, -EINVAL, "-restore %s: it was taken with -m %s, and this is "
				 "-m %s: give the options that it was taken with", m->opts->restore,
				 size_text(there->ram_size).text, size_text(here.ram_size).text);
	if (there->cpus != here.cpus)
		return error_arg(err, -EINVAL, "-restore %s: it was taken with -smp %u, and this "
				 "is -smp %u: give the options that it was taken with",
				 m->opts->restore, there->cpus, here.cpus);
	return 0;
}

static int restore_failed(const struct machine *m, int ret, struct error *err)
{
	char what[512];

	snprintf(what, sizeof(what), "-restore %s", m->opts->restore);
	return error_prefix(err, ret, what);
}

int machine_restore_open(struct machine *m, struct error *err)
{
	struct identity there = { 0 };
	struct state *s;
	int ret;

	if (!m->opts->restore)
		return 0;
	ret = snapshot_load_open(&m->restore, m->opts->restore, err);
	if (ret)
		return ret;
	ret = state_take(snapshot_load_states(m->restore), "machine", 0, MACHINE_VERSION, &s, err);
	if (!ret)
		ret = state_get_fields(s, identity_fields, ARRAY_SIZE(identity_fields), &there,
				       err);
	ret = ret ? restore_failed(m, ret, err) : identity_check(m, &there, err);
	if (ret)
		machine_restore_close(m);
	return ret;
}

void machine_restore_close(struct machine *m)
{
	if (m->restore)
		snapshot_load_close(m->restore);
	m->restore = NULL;
}

/* Interrupt controllers before what is wired to them. */
static int machine_load(struct machine *m, struct state_set *set, struct error *err)
{
	int ret = kvm_load(m->kvm, set, err);

	if (!ret)
		ret = vcpus_load(m->vcpus, set, err);
	if (!ret)
		ret = pci_bus_load(m->pci, set, err);
	for (unsigned int i = 0; !ret && i < OPTIONS_SERIAL_MAX; i++)
		ret = serial_load(m->serials[i], set, i, err);
	if (!ret && m->opts->bios)
		ret = cmos_load(&m->cmos, set, err);
	return ret;
}

/* Nobody here wants that state: the machine there had one part more. */
static int machine_load_left(const struct state_set *set, struct error *err)
{
	const struct state *left = state_left(set);

	if (!left)
		return 0;
	return error_arg(err, -EINVAL, "it has a state of %s %u, this machine has none: give the "
			 "options that it was taken with", state_name(left), state_instance(left));
}

static int machine_restore_read(struct machine *m, struct error *err)
{
	struct progress progress;
	const struct snapshot_watcher watcher = { progress_step, &progress };
	int ret;

	progress_init(&progress, "-restore");
	ret = snapshot_load_read(m->restore, m->memory, machine_ram_joined, &watcher, err);
	progress_fini(&progress);
	return ret;
}

int machine_restore_up(struct machine *m, struct error *err)
{
	struct state_set *set;
	int ret;

	if (!m->restore)
		return 0;
	ret = machine_restore_read(m, err);
	if (ret)
		return ret;
	set = snapshot_load_states(m->restore);
	ret = machine_load(m, set, err);
	if (!ret)
		ret = machine_load_left(set, err);
	if (ret)
		return restore_failed(m, ret, err);
	machine_restore_close(m);
	return 0;
}
