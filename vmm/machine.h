/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: the one object that knows all others. It builds the tree of regions, connects the
 * parts and decides when, and with what status, it ends.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "hostmem/hostmem.h"
#include "hw/cmos.h"
#include "hw/debugcon.h"
#include "hw/power.h"
#include "io/chardev.h"
#include "io/loop.h"
#include "io/terminal.h"
#include "kvm/entry.h"
#include "memory/memory.h"
#include "options.h"

struct dirty_rate;
struct kvm;
struct kvm_coalesced;
struct kvm_ioeventfds;
struct kvm_slots;
struct loop;
struct monitor;
struct msi_provider;
struct pci_bus;
struct serial;
struct snapshot_load;
struct snapshot_save;
struct signals;
struct vcpus;
struct fatal_stack;

#define MACHINE_RUNNING		(-1)	/* machine->status until something ends it */

struct machine {
	const struct options *opts;
	unsigned int steps;			/* of machine.c's table that were taken */
	struct loop *loop;
	struct signals *signals;
	struct terminal terminal;
	struct fatal_stack *fatal;
	struct chardev_host chardev_host;

	struct memory *memory;
	struct memory_region system;		/* 2^64, root of as_memory */
	struct memory_region io;		/* 64 KiB, root of as_io */
	struct memory_region ram;		/* "pc.ram", seen through the two aliases */
	struct memory_region ram_low, ram_high;
	struct memory_region pci_memory;	/* 2^64, under RAM */
	struct memory_region rom;		/* ACPI tables and reset vector, or firmware */
	struct memory_region isa_bios;		/* the end of firmware, below 1 MiB */
	struct address_space as_memory, as_io;

	struct vcpu_entry entry;
	struct kvm *kvm;
	struct msi_provider *msi;		/* KVM's */
	struct kvm_slots *slots;
	struct kvm_ioeventfds *ioeventfds;
	struct kvm_coalesced *coalesced;
	struct vcpus *vcpus;

	struct power power;
	struct cmos cmos;			/* with firmware */
	struct debugcon debugcon;		/* with -debugcon */
	struct chardev *serial_chardevs[OPTIONS_SERIAL_MAX];
	struct serial *serials[OPTIONS_SERIAL_MAX];
	struct hostmem hostmem;
	struct pci_bus *pci;
	struct monitor *monitor;

	struct snapshot_save *snapshot;		/* the last one that was begun, or NULL */
	struct snapshot_load *restore;		/* until all is restored */
	struct dirty_rate *dirty_rate;		/* while it is measured */
	struct loop_handler dirty_rate_timer;
	bool dirty_rate_json;

	_Atomic int status;			/* MACHINE_RUNNING, or the exit status */
	struct error failure;			/* of a vCPU; read it once status is EXIT_FAILURE */
};

/**
 * machine_check() - find what is wrong with a command line before anything is made for it
 *
 * Which files and regions there are, and what they hold, is found out by machine_create().
 *
 * Return: 0, or -errno with @err filled.
 */
int machine_check(const struct options *opts, struct error *err);

/**
 * machine_create() - everything up to the first guest instruction, after machine_check()
 * @opts: must outlive the machine
 *
 * Return: 0, or -errno with @err filled and nothing left behind.
 */
int machine_create(struct machine **out, const struct options *opts, struct error *err);

/**
 * machine_run() - run the guest until it, a user or a failure ends it
 *
 * Return: the program's exit status; @err is filled if it is neither 0 nor that of a signal.
 */
int machine_run(struct machine *m, struct error *err);
void machine_destroy(struct machine *m);

/**
 * machine_snapshot() - begin a snapshot of the running machine to a file
 *
 * m->snapshot tells how it goes on. Return: 0; -EBUSY if stores are followed already, or -errno;
 * @err filled.
 */
int machine_snapshot(struct machine *m, const char *path, struct error *err);

/**
 * machine_dirty_rate() - count the pages that the guest stores to for a while
 *
 * The monitor's answer is put off until then. Return: as machine_snapshot().
 */
int machine_dirty_rate(struct machine *m, unsigned int seconds, bool json, struct error *err);

/* Any thread: end the run with @status; the first who asks wins. */
void machine_stop(struct machine *m, int status);

#endif /* VMM_MACHINE_H */
